"""Registration and resampling: nightjar align against astroalign and SWarp on the same frames, alternating.

usage: align.py NIGHTJAR [--rounds N] [--stars N] [--degrees D]

Renders two frames of 2048 x 2048 (FWHM 3.2 px) of one sky, the second turned and moved, writes them as calibrated
frames (SIGNAL, VARIANCE, MASK), and compares outputs before times:

match     astroalign.find_transform on both images, against the step "match" (both frames' stars and their match)
resample  SWarp (LANCZOS3, weight maps in and out, one thread) run as a process, its time for an empty tiny frame
          subtracted, against the step "resample" (signal, variance and mask)

CPU seconds, medians. Prints JSON. Exit status 1 when outputs disagree.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import astroalign
import numpy as np
from astropy.io import fits

SIDE = 2048
SKY, NOISE, FWHM = 200.0, 15.0, 3.2


def render(places, fluxes, rng):
    image = (SKY + NOISE * rng.standard_normal((SIDE, SIDE))).astype(np.float32)
    sigma = FWHM / 2.354820045
    grid = np.arange(-10, 11)
    for (x, y), flux in zip(places, fluxes):
        i, j = int(round(x)), int(round(y))
        if not (10 <= i < SIDE - 10 and 10 <= j < SIDE - 10):
            continue
        along_x = np.exp(-((i + grid - x) ** 2) / 2 / sigma**2)
        along_y = np.exp(-((j + grid - y) ** 2) / 2 / sigma**2)
        image[j - 10 : j + 11, i - 10 : i + 11] += flux / (2 * np.pi * sigma**2) * np.outer(along_y, along_x)
    return image


def two_frames(stars, degrees, rng):
    """Images and the 2 x 3 map from the first to the second."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([SIDE / 2, SIDE / 2])
    shift = middle - turn @ middle + [40.3, -25.6]
    places = rng.uniform(-SIDE / 2, 1.5 * SIDE, (4 * stars, 2))
    fluxes = np.minimum(1500 / rng.uniform(1e-4, 1, 4 * stars), 3e6)
    first = render(places, fluxes, rng)
    second = render(places @ turn.T + shift, fluxes, rng)
    return first, second, np.column_stack([turn, shift])


def write_calibrated(path, image):
    primary = fits.PrimaryHDU(image)
    primary.header.update(EXTNAME="SIGNAL", BUNIT="electron", NJRECIPE="bench", NJFLAGS="", EXPTIME=60.0)
    primary.header["DATE-OBS"] = "2020-01-01T00:00:00"
    variance = fits.ImageHDU(np.full(image.shape, NOISE**2, np.float32), name="VARIANCE")
    mask = fits.ImageHDU(np.zeros(image.shape, np.uint16), name="MASK")
    fits.HDUList([primary, variance, mask]).writeto(path, overwrite=True)


def tangent_plane(matrix):
    """A TAN header: the first frame's pixels count 1 arcsec, the second's are turned by the map."""
    scale = 1 / 3600
    inverse = np.linalg.inv(matrix[:, :2])
    middle = matrix @ [SIDE / 2, SIDE / 2, 1]
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 150.0, 20.0
    header["CRPIX1"], header["CRPIX2"] = middle[0] + 1, middle[1] + 1
    for i in (0, 1):
        for j in (0, 1):
            header[f"CD{i + 1}_{j + 1}"] = (-1 if i == 0 else 1) * scale * inverse[i, j]
    header["RADESYS"] = "ICRS"
    return header


def child_cpu(words, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{words[0]}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def run_nightjar(program, folder):
    words = [program, "align", "first.fits", "--to", "second.fits", "--out", "ours", "--by", "stars", "--json"]
    return json.loads(child_cpu(words, folder)[1])


def cpu_of(report, step):
    steps = report["frames"][0]["steps"] + (report["referenceSteps"] if step == "match" else [])
    return sum(row["cpuSeconds"] for row in steps if row["step"] == step)


def prepare_swarp(folder, name, image, header):
    fits.PrimaryHDU(image, header).writeto(folder / f"{name}.fits", overwrite=True)
    weight = np.full(image.shape, 1 / NOISE**2, np.float32)
    fits.PrimaryHDU(weight).writeto(folder / f"{name}.weight.fits", overwrite=True)


def run_swarp(program, folder, name, grid):
    """SWarp on the grid of a header; its own background subtraction and flux scaling are off."""
    (folder / f"{name}.out.head").write_text(grid.tostring(sep="\n", padding=False) + "\nEND\n")
    words = [
        program, f"{name}.fits", "-c", "default.swarp", "-IMAGEOUT_NAME", f"{name}.out.fits",
        "-WEIGHTOUT_NAME", f"{name}.out.weight.fits", "-WEIGHT_TYPE", "MAP_WEIGHT", "-RESAMPLING_TYPE", "LANCZOS3",
        "-SUBTRACT_BACK", "N", "-FSCALASTRO_TYPE", "NONE", "-NTHREADS", "1", "-VERBOSE_TYPE", "QUIET",
        "-WRITE_XML", "N", "-COMBINE", "N", "-RESAMPLE_SUFFIX", ".resamp.fits",
    ]
    return child_cpu(words, folder)[0]


def corner_errors(report, theirs, matrix):
    """Worst distance of nightjar's and astroalign's maps from the truth, over the corners [px]."""
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [0, SIDE, 1], [SIDE, SIDE, 1]]).T
    t = report["frames"][0]["transform"]
    ours = np.array([[t["xx"], t["xy"], t["x0"]], [t["yx"], t["yy"], t["y0"]]])
    worst = lambda other: float(np.hypot(*(other @ corners - matrix @ corners)).max())
    return worst(ours), worst(theirs)


def image_difference(folder, grid):
    """Robust scatter of ours minus SWarp's over the pixels that both have, in units of the noise."""
    ours = fits.getdata(folder / "ours" / "first.aligned.fits", 0)
    theirs = fits.open(folder / "first.resamp.fits")[0]
    # SWarp cuts its output to the input's footprint and says where that lies.
    left = int(round(grid["CRPIX1"] - theirs.header["CRPIX1"]))
    bottom = int(round(grid["CRPIX2"] - theirs.header["CRPIX2"]))
    height, width = theirs.data.shape
    y0, x0 = max(0, bottom), max(0, left)
    y1, x1 = min(SIDE, bottom + height), min(SIDE, left + width)
    a = ours[y0:y1, x0:x1]
    b = theirs.data[y0 - bottom : y1 - bottom, x0 - left : x1 - left]
    good = np.isfinite(a) & (b != 0)
    difference = (a - b)[good]
    return float(1.4826 * np.median(np.abs(difference - np.median(difference))) / NOISE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nightjar")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stars", type=int, default=3000)
    parser.add_argument("--degrees", type=float, default=1.0)
    options = parser.parse_args()
    program = str(Path(options.nightjar).resolve())
    swarp = shutil.which("SWarp") or shutil.which("swarp") or sys.exit("SWarp is not installed")
    first, second, matrix = two_frames(options.stars, options.degrees, np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_calibrated(folder / "first.fits", first)
        write_calibrated(folder / "second.fits", second)
        work = folder / "swarp"
        work.mkdir()
        (work / "default.swarp").write_text(subprocess.run([swarp, "-d"], capture_output=True, text=True).stdout)
        identity = np.array([[1.0, 0, 0], [0, 1, 0]])
        grid = tangent_plane(matrix)
        grid["NAXIS1"] = grid["NAXIS2"] = SIDE
        prepare_swarp(work, "first", first, tangent_plane(identity))
        tiny = np.full((16, 16), SKY, np.float32)
        prepare_swarp(work, "tiny", tiny, tangent_plane(identity))
        small = tangent_plane(identity)
        small["NAXIS1"] = small["NAXIS2"] = 16
        match, theirs_match, resampling, theirs_resampling = [], [], [], []
        for _ in range(options.rounds):
            report = run_nightjar(program, folder)
            match.append(cpu_of(report, "match"))
            resampling.append(cpu_of(report, "resample"))
            start = time.process_time()
            transform, _ = astroalign.find_transform(first, second)
            theirs_match.append(time.process_time() - start)
            empty = run_swarp(swarp, work, "tiny", small)
            theirs_resampling.append(run_swarp(swarp, work, "first", grid) - empty)
        shutil.move(work / "first.resamp.fits", folder / "first.resamp.fits")
        ours_error, their_error = corner_errors(report, transform.params[:2], matrix)
        difference = image_difference(folder, grid)
    middle = statistics.median
    result = {
        "side": SIDE, "stars": options.stars, "rounds": options.rounds,
        "match": {"seconds": middle(match), "astroalign": middle(theirs_match),
                  "ratio": middle(theirs_match) / middle(match), "target": 10},
        "resample": {"seconds": middle(resampling), "SWarp": middle(theirs_resampling),
                     "ratio": middle(theirs_resampling) / middle(resampling), "target": 2},
        "cornerErrorPixels": {"nightjar": ours_error, "astroalign": their_error},
        "imageDifferenceSigma": difference,
        "matchedStars": report["frames"][0]["matchedStars"], "rmsPixels": report["frames"][0]["rmsPixels"],
    }
    print(json.dumps(result, indent=2))
    return 0 if ours_error < 0.1 and difference < 0.1 else 1


if __name__ == "__main__":
    sys.exit(main())
