"""Real frames by `nightjar solve`, each by its name. The frames lie beside the checkout and are no part of the project;
without them this part is skipped."""

import json
import os
import subprocess
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from program import NIGHTJAR, ROOT, SINGLE, Failed, Skipped, run
from solving import catalogue

# The frames of one field, and what its README knows of it.
FIELD, TARGET, TARGET_PIXEL, FIELD_SCALE = "hatp32b", (31.04283, 46.68783), (424, 286), 5.21
# Catalogue stars on a frame that are enough to prove where it lies.
ENOUGH = 8
# A solution is right when its centre is so near to what the header says, where coordinates are in it [px].
GREATEST_OFFSET = 30
ENDINGS = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz")
SMALLEST = 100


def data():
    for folder in (os.environ.get("NIGHTJAR_SHARED"), ROOT.parent / "shared"):
        if folder and (Path(folder) / "data").is_dir():
            return Path(folder) / "data"
    raise Skipped("the real frames are not beside the checkout (../shared/data)")


def solve(files, stars, *words):
    """The report of each file that could be read, and what was said of the others."""
    done = subprocess.run(
        [NIGHTJAR, "solve", *files, "--catalog", stars, "--json", *words], capture_output=True, text=True,
        env={**os.environ, **SINGLE})
    if not done.stdout:
        raise Failed(done.stderr.strip()[-500:] or f"nightjar solve: exit status {done.returncode}")
    reports = {report["file"]: report for report in json.loads(done.stdout)["frames"]}
    return reports, done.stderr


def ratio(solution):
    return solution["rmsPixels"] / solution["expectedRMSPixels"]


def row(report, stars_in_field=None, offset=None):
    found = report.get("solution")
    if not found:
        why = report["notSolvedBecause"].split(". What would help")[0].replace("|", "/")
        return {"solved": "no", "catalogue stars": stars_in_field, "why": why}
    return {
        "solved": found["rung"], "stars": found["stars"], "left out": found.get("leftOutStars"),
        "catalogue stars": found["catalogueStarsInFrame"], "rms px": found["rmsPixels"],
        "rms / expected": ratio(found), "px off the header": offset}


def table(bench, title, text, rows):
    columns = dict.fromkeys((name for cells in rows.values() for name in cells))
    bench.columns(title, text, {name: {file: cells.get(name) for file, cells in rows.items()} for name in columns})


def linear(solution, width, height):
    """The linear part of a solution."""
    world, angle = WCS(naxis=2), np.radians(solution["rotationDegrees"])
    flip = 1 if solution["isMirrored"] else -1
    world.wcs.ctype, world.wcs.crval = ["RA---TAN", "DEC--TAN"], [solution["raDegrees"], solution["decDegrees"]]
    world.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]
    world.wcs.cd = solution["scaleArcsecPerPixel"] / 3600 * np.array(
        [[flip * np.cos(angle), np.sin(angle)], [-flip * np.sin(angle), np.cos(angle)]])
    return world


def field(bench, folder, stars):
    """All frames of the field in one go, as one hands in a night."""
    files = sorted(path for path in (folder / FIELD).iterdir() if path.name.lower().endswith(ENDINGS))
    reports, _ = solve(files, stars)
    rows = {path.name: row(reports[str(path)]) for path in files}
    table(bench, f"Real frames: {FIELD}", "One run over the night; stars that are saturated are left out.", rows)
    found = [reports[str(path)]["solution"] for path in files]
    bench.measured("frames of HAT-P-32 that are solved", sum(one is not None for one in found))
    found = [one for one in found if one]
    ratios = np.array([ratio(one) for one in found])
    edges = [0, 0.8, 0.9, 1, 1.1, 1.2, np.inf]
    counts = np.histogram(ratios, edges)[0]
    bench.columns(
        "Residual over the errors of centroids and catalogue, HAT-P-32", "Frames by rms / expected.",
        {"frames": {f"{low:g} to {high:g}": int(count) for low, high, count in zip(edges, edges[1:], counts)} | {
            "median": float(np.median(ratios)), "largest": float(np.max(ratios))}})
    bench.measured("residual over the errors, median frame of HAT-P-32", float(np.median(ratios)))
    bench.measured("residual over the errors, share of HAT-P-32 frames above 1.1", float(np.mean(ratios > 1.1)))
    first = reports[str(files[0])]
    pixel = linear(first["solution"], first["width"], first["height"]).all_world2pix([TARGET], 0)[0]
    wrong = [one for one in found if not one["isMirrored"] or abs(one["scaleArcsecPerPixel"] / FIELD_SCALE - 1) > 0.02]
    bench.measured(
        "false solutions of real frames", len(wrong) + int(np.hypot(*(pixel - TARGET_PIXEL)) > 2) + others(
            bench, folder, stars))


def frames(folder):
    """Every other file with an image that is no calibration frame: its path, size and celestial coordinates, if any."""
    calibration = ("bias", "dark", "flat", "kernel", "calib")
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not name.lower().endswith(ENDINGS) or name.startswith((FIELD, "odd-fits")):
            continue
        # Calibration frames, and maps of radio waves.
        if any(word in name.lower() for word in calibration) or path.name.startswith("1904-66"):
            continue
        try:
            with warnings.catch_warnings(), fits.open(path) as units:
                warnings.simplefilter("ignore")
                unit = next(unit for unit in units if unit.is_image and unit.header.get("NAXIS", 0) >= 2)
                height, width = unit.shape[-2:]
                world = WCS(unit.header, units).celestial
        except StopIteration:
            continue
        except Exception:
            world = None
        if min(width, height) >= SMALLEST:
            yield path, (width, height), world if world is not None and world.has_celestial else None


def stars_on(world, size, stars):
    """Catalogue stars on a frame with known coordinates."""
    corner = world.pixel_to_world(0, 0).icrs
    middle = world.pixel_to_world((size[0] - 1) / 2, (size[1] - 1) / 2).icrs
    radius = middle.separation(corner).deg
    if not 0 < radius < 20:
        return None
    near = run(
        NIGHTJAR, "catalog", "cone", stars, middle.ra.deg, middle.dec.deg, radius, "--limit", 2000, "--json").json
    if not near:
        return 0
    pixels = world.all_world2pix([[star["raDegrees"], star["decDegrees"]] for star in near], 0, quiet=True)
    return int(np.sum(np.all((pixels > 0) & (pixels < np.array(size) - 1), axis=1)))


def offset(world, solution, size):
    """Distance of a solution's centre from where the header has it [px]."""
    middle = world.pixel_to_world((size[0] - 1) / 2, (size[1] - 1) / 2).icrs
    east = (solution["raDegrees"] - middle.ra.deg + 180) % 360 - 180
    away = np.hypot(east * np.cos(middle.dec.rad), solution["decDegrees"] - middle.dec.deg)
    return float(away * 3600 / solution["scaleArcsecPerPixel"])


def others(bench, folder, stars):
    """Each of the other frames on its own; how many are solved wrongly."""
    rows, unsolved, wrong = {}, 0, 0
    for path, size, world in frames(folder):
        name = str(path.relative_to(folder))
        try:
            count = stars_on(world, size, stars) if world else None
        except Exception:
            count, world = None, None
        try:
            reports, said = solve([path], stars, *([] if world else ["--blind"]))
        except Failed as why:
            reports, said = {}, str(why)
        if not reports:
            said = said.strip().splitlines()[-1].replace("nightjar: ", "").replace(f"{path}: ", "").replace("|", "/")
            rows[name] = {"solved": "no", "catalogue stars": count, "why": said[:160]}
            continue
        report = next(iter(reports.values()))
        found = report.get("solution")
        away = offset(world, found, size) if found and world else None
        rows[name] = row(report, count, away)
        wrong += away is not None and away > GREATEST_OFFSET
        unsolved += found is None and count is not None and count >= ENOUGH
    table(
        bench, "Real frames: the other sets",
        f"Frames with {ENOUGH} catalogue stars and more, by their headers' coordinates, must be solved; those without "
        "coordinates are searched over the whole sky.", rows)
    bench.measured("other real frames with enough stars that are not solved", unsolved)
    return wrong


def real(bench):
    folder = data()
    field(bench, folder, catalogue())
