"""Plate solving beside astrometry.net: star lists to its engine and to `nightjar solve`, frames to `solve-field` with
SourceExtractor; and the count of thousands of simulated fields against their truth."""

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from fields import table
from program import NIGHTJAR, ROOT, Failed, NotThere, Wrong, in_turn, knows, require, run

FIELDS = NIGHTJAR.parent / "solvingfields"
SOLVE_FIELD, ENGINE, EXTRACTOR = map(shutil.which, ("solve-field", "astrometry-engine", "source-extractor"))
# Of both programs: the pointing is so far off at most [deg], the scale so well known; blind a range [arcsec/px] alone.
RADIUS, SCALE_TOLERANCE, BLIND_SCALES = 1.0, 0.1, (0.5, 60)
# A solution is right when no corner is farther from the truth [px].
GREATEST_ERROR = 10
# Fields of each kind; 16 kinds are hinted, 15 blind, 7 of no sky at all (2 of them a twentieth).
COUNTED = {"hinted": 130, "blind": 140, "nowhere": 400}


def catalogue():
    """The tiles of `make catalog`, with their index for blind solving."""
    folder = Path(os.environ.get("NIGHTJAR_CATALOG") or ROOT / ".catalogs/tycho-1")
    if not (folder / "catalogue.json").exists():
        raise NotThere("a catalogue: make catalog builds it")
    if not (folder / "blind.index").exists():
        run(NIGHTJAR, "catalog", "index", folder)
    return folder


@dataclass
class Field:
    """A star list with its truth."""

    folder: Path
    truth: dict

    @property
    def name(self):
        return self.truth["name"]

    @property
    def list(self):
        return self.folder / f"{self.name}.csv"

    @property
    def size(self):
        return self.truth["width"], self.truth["height"]

    def place(self, ending):
        return self.folder / f"{self.name}.{ending}"

    def near(self):
        """A pointing half a degree off, the other way in every other field."""
        away = 0.5 if int(self.name[-1]) % 2 else -0.5
        dec = self.truth["decDegrees"]
        return self.truth["raDegrees"], dec - away if abs(dec + away) > 89 else dec + away

    def scales(self):
        scale = self.truth["scaleArcsecPerPixel"]
        return scale * (1 - SCALE_TOLERANCE), scale * (1 + SCALE_TOLERANCE)

    @cached_property
    def xyls(self):
        """The list as astrometry.net reads it, the brightest first; its pixels count from 1."""
        stars = table(self.list)
        columns = [fits.Column(name, "E", array=values) for name, values in
                   (("X", stars["x"] + 1), ("Y", stars["y"] + 1), ("FLUX", stars["flux"]))]
        fits.BinTableHDU.from_columns(columns).writeto(self.place("xyls"), overwrite=True)
        return self.place("xyls")

    @cached_property
    def frame(self):
        """The list as a frame: Gaussian stars of 3 px on a sky with its noise."""
        width, height = self.size
        stars, random = table(self.list), np.random.default_rng(int(self.name[-3:]))
        pixels = random.normal(1000, 10, (height, width))
        light = stars["flux"] * 1e6 / np.max(stars["flux"])
        for x, y, flux in zip(stars["x"], stars["y"], np.maximum(light, 1500)):
            left, low = max(0, int(x) - 8), max(0, int(y) - 8)
            columns, rows = np.arange(left, min(width, left + 18)), np.arange(low, min(height, low + 18))
            if len(columns) and len(rows):
                shape = np.exp(-((columns - x) ** 2 + (rows[:, None] - y) ** 2) / 3.3) / (3.3 * np.pi)
                pixels[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1] += flux * shape
        header = fits.Header({"DATE-OBS": "2026-07-02T12:00:00", "EXPTIME": 10.0})
        fits.PrimaryHDU(pixels.astype(np.float32), header).writeto(self.place("fits"), overwrite=True)
        return self.place("fits")

    def error(self, header):
        """Greatest distance of a solution from the truth at centre and corners [px]."""
        right, top = self.size[0] - 1, self.size[1] - 1
        pixels = np.array([(right / 2, top / 2), (0, 0), (right, 0), (0, top), (right, top)])
        places = WCS(header).all_pix2world(pixels, 0)
        truth = np.array(self.truth["corners"])
        east = (places[:, 0] - truth[:, 0] + 180) % 360 - 180
        distance = np.hypot(east * np.cos(np.radians(truth[:, 1])), places[:, 1] - truth[:, 1])
        return float(np.max(distance) * 3600 / self.truth["scaleArcsecPerPixel"])


def lists(folder, count, stars):
    if not (folder / "truth.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(FIELDS, "lists", count, stars, folder)
    return [Field(folder, truth) for truth in json.loads((folder / "truth.json").read_text())]


def ours(field, stars, blind):
    """`nightjar solve` on a list; its report and its CPU time."""
    where = ["--blind"] if blind else ["--near", ",".join(map(str, field.near())), "--radius", RADIUS]
    low, high = BLIND_SCALES if blind else field.scales()
    done = run(NIGHTJAR, "solve", "--stars", field.list, "--size", "{},{}".format(*field.size), "--epoch", 2026.5,
               "--catalog", stars, "--scale", f"{low},{high}", *where, "--json")
    return done.json["frames"][0], done.cpuSeconds


def hints(field, blind):
    if blind:
        return ["--scale-units", "arcsecperpix", "--scale-low", BLIND_SCALES[0], "--scale-high", BLIND_SCALES[1]]
    (ra, dec), (low, high) = field.near(), field.scales()
    return ["--scale-units", "arcsecperpix", "--scale-low", low, "--scale-high", high, "--ra", ra, "--dec", dec,
            "--radius", RADIUS]


def augmented(field, blind):
    """What the engine reads, written once: the list with the hints, no distortion asked for."""
    place = field.place("blind.axy" if blind else "near.axy")
    run(SOLVE_FIELD, field.xyls, "--width", field.size[0], "--height", field.size[1], "--x-column", "X", "--y-column",
        "Y", "--sort-column", "FLUX", "--just-augment", "--axy", place, "--overwrite", "--no-plots", "--no-tweak",
        "--dir", field.folder, "--wcs", place.with_suffix(".wcs"), *hints(field, blind))
    return place


def engine(field, place):
    done = run(ENGINE, place, folder=field.folder)
    return done.cpuSeconds


def judged(field, path):
    if not path.exists():
        return None
    return field.error(fits.getheader(path))


def centre_error(field, report):
    """Distance of our centre from the truth [px]; None where there is no solution."""
    found = report.get("solution")
    if not found:
        return None
    east = (found["raDegrees"] - field.truth["raDegrees"] + 180) % 360 - 180
    dec = field.truth["decDegrees"]
    away = np.hypot(east * np.cos(np.radians(dec)), found["decDegrees"] - dec)
    return float(away * 3600 / field.truth["scaleArcsecPerPixel"])


def right(errors):
    return sum(error is not None and error < GREATEST_ERROR for error in errors)


def from_lists(bench, fields, stars, blind):
    """CPU seconds for one field, ours and the engine's, and whether both are right."""
    axys = [augmented(field, blind) for field in fields]
    for field, axy in zip(fields, axys):
        engine(field, axy)
    reports = [ours(field, stars, blind)[0] for field in fields]
    mine = right([centre_error(field, report) for field, report in zip(fields, reports)])
    theirs = right([judged(field, axy.with_suffix(".wcs")) for field, axy in zip(fields, axys)])
    bench.columns(
        f"Solved of {len(fields)} star lists, {'blind' if blind else 'with a pointing'}",
        f"Right within {GREATEST_ERROR} px; fields of 1.4 to 5 degrees, 2,048 px wide.",
        {"nightjar": {"solved": mine}, "astrometry.net": {"solved": theirs}})
    if mine < len(fields):
        raise Wrong(f"{mine} of {len(fields)} star lists were solved")
    times = in_turn(
        bench.runs, lambda: sum(ours(field, stars, blind)[1] for field in fields) / len(fields),
        lambda: sum(engine(field, axy) for field, axy in zip(fields, axys)) / len(fields))
    return times, reports


def from_files(bench, fields, stars):
    """CPU seconds from a frame to its written coordinates."""
    def mine():
        total = 0
        for field in fields:
            out = field.place("ours.fits")
            out.unlink(missing_ok=True)
            total += run(
                NIGHTJAR, "solve", field.frame, "--out", out, "--catalog", stars, "--near",
                ",".join(map(str, field.near())), "--radius", RADIUS, "--scale",
                "{},{}".format(*field.scales())).cpuSeconds
        return total / len(fields)

    def theirs():
        return sum(
            run(SOLVE_FIELD, field.frame, "--use-source-extractor", "--source-extractor-path", EXTRACTOR, "--overwrite",
                "--no-plots", "--no-tweak", "--dir", field.folder, "--wcs", field.place("theirs.wcs"), "--new-fits",
                field.place("theirs.fits"), *hints(field, False)).cpuSeconds for field in fields) / len(fields)

    mine(), theirs()
    solved = [right([judged(field, field.place(name)) for field in fields]) for name in ("ours.fits", "theirs.wcs")]
    if solved[0] < len(fields):
        raise Wrong(f"{solved[0]} of {len(fields)} frames were solved, {solved[1]} by solve-field")
    return in_turn(bench.runs, mine, theirs)


def solving(bench):
    if not (SOLVE_FIELD and ENGINE and EXTRACTOR):
        raise NotThere("astrometry.net: scripts/setup.sh bench installs it")
    require("solve", "stars")
    stars = catalogue()
    fields = lists(bench.fields.folder / "solving", 8 if bench.quick else 20, stars)
    times, reports = from_lists(bench, fields, stars, blind=False)
    bench.measured("solving a star list with a pointing", *times)
    found = [report["solution"] for report in reports]
    bench.measured(
        "residual over the errors of both lists",
        float(np.median([one["rmsPixels"] / one["expectedRMSPixels"] for one in found])))
    bench.measured("solving a frame with a pointing, file to coordinates", *from_files(bench, fields[:4], stars))
    if not knows("solve", "blind"):
        raise NotThere("nightjar solve --blind")
    bench.measured("solving a star list blind", *from_lists(bench, fields, stars, blind=True)[0])


def counted(bench):
    """Thousands of simulated fields against their truth."""
    if not FIELDS.exists():
        raise NotThere("solvingfields: make build makes it")
    stars, columns, wrong = catalogue(), {}, 0
    for mode, count in COUNTED.items():
        count = max(3, count // 20) if bench.quick else count
        kinds = run(FIELDS, mode, count, *([] if mode == "hinted" else [stars])).json
        wrong += sum(kind["wrong"] for kind in kinds)
        fields, solved = (sum(kind[key] for kind in kinds) for key in ("fields", "solved"))
        for kind in kinds:
            row = f"{mode}: {kind['kind']}"
            for name, key in (("fields", "fields"), ("solved", "solved"), ("false", "wrong"),
                              ("median CPU s", "medianSeconds"), ("median px off", "medianErrorPixels")):
                columns.setdefault(name, {})[row] = kind[key]
        if mode != "nowhere":
            tried = sum(kind["fields"] for kind in kinds if kind["isSolvable"])
            bench.measured(f"{'hinted' if mode == 'hinted' else 'blind'} fields solved", solved / tried)
        if fields == 0:
            raise Failed(f"no field of {mode} was counted")
    bench.columns("Simulated fields", "Each against its truth; `elsewhere` and `no sky` have nothing to find.", columns)
    bench.measured("false solutions of all fields", wrong)
