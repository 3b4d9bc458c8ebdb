"""Speed of single steps: stack, calibrate, L.A.Cosmic, detection, PSF, alignment. Answers are compared before times."""

import numpy as np
from astropy.io import fits

from accuracy_frame import cosmic_ray_mask, flagged_by_peer, judged
from external import chain, ldac, source_extractor, swarp
from fields import FWHM, GAIN, READ_NOISE, native, table
from program import HERE, Wrong, in_turn, knows, measured, nightjar, peer, picked, require, run, steps
from speed_grid import grid, located, on_grid, same_pixels
from truth import matched

RADIUS = 5.0
# Of 120 rays some 3 are missed, by every tool others: the root of the sum of both.
MORE_MISSED = 2
# Thresholds that find about as many stars: nightjar's in sigmas of the filtered frame, theirs of a pixel.
THRESHOLD, PIXEL_THRESHOLD = 4.0, 1.2


def stack(bench):
    folder = bench.fields.folder / "stack"
    if not folder.exists():
        nightjar(
            "simulate", "--scenario", "isolated", "--stars", 0, "--frames", 15, "--size", 2048, "--seed", 5, "--out",
            folder)
    frames = sorted((folder / "frames").iterdir())
    for frame in frames:
        with fits.open(frame, mode="update") as hdus:
            hdus[0].header["IMAGETYP"] = "Bias Frame"
            hdus[0].header["EXPTIME"] = 0.0
    out = folder / "master.fits"

    def ours():
        # The combination alone, with the error of every pixel, of frames in memory: as the peers are timed.
        done = nightjar(
            "master", *frames, "--kind", "bias", "--method", "median", "--out", out, "--times", 5, "--json")
        return float(np.median(done.json["timing"]["cpuSeconds"]))

    def theirs(kind):
        return peer("stack.py", kind, folder / f"{kind}.npy", *frames).json["steps"]["median"]

    ours(), theirs("bottleneck"), theirs("ccdproc")
    truth = np.load(folder / "bottleneck.npy")
    worst = max(float(np.abs(image - truth).max()) for image in (native(out), np.load(folder / "ccdproc.npy")))
    if worst > 0.01:
        raise Wrong(f"the medians differ by {worst:.3g} ADU")
    own, bottleneck, ccdproc = in_turn(bench.runs, ours, lambda: theirs("bottleneck"), lambda: theirs("ccdproc"))
    bench.measured("median stack of 15 frames", own, bottleneck)
    bench.measured("median stack of 15 frames, beside ccdproc", own, ccdproc)


def machine(bench):
    program = bench.fields.folder / "machine"
    if not program.exists():
        run("cc", "-O3", "-o", program, HERE / "peers/machine.c", "-lpthread")
    return program


def calibrate(bench):
    frame, out = bench.fields.get("speed").frames[0], bench.fields.folder / "c.fits"
    masters = [native(path).astype(float) for path in frame.field.masters[1::2]]
    expected = GAIN * (native(frame.raw) - masters[0] - masters[1]) / masters[2]
    if np.abs(native(frame.calibrated, "SIGNAL") - expected).max() > 0.05:
        raise Wrong("the calibrated signal is not gain * (raw - bias - dark) / flat")

    # Both passes over the pixels and a STREAM triad take turns within one process, on planes that were touched before.
    done = nightjar("calibrate", frame.raw, *frame.field.masters, "--out", out, "--times", 9, "--json")
    passes = {step["step"]: step for step in done.json["frames"][0]["timing"]["passes"]}
    both = [passes["signal"], passes["variance"]]
    own = sum(step["bytes"] for step in both) / sum(step["cpuSeconds"] for step in both) / 1e9
    bench.measured(
        "calibrate with variance and mask, bytes moved per second", own, passes["triad"]["gigabytesPerSecond"])


def cosmics(bench):
    frame = bench.fields.get("speed").frames[0]

    def theirs(kind):
        out = frame.place(f"cosmics-{kind}.npy")
        return peer("cosmics.py", kind, frame.signal_file, out, READ_NOISE).json["steps"]["cosmic rays"]

    runs = min(bench.runs, 3)
    if not knows("calibrate", "cosmic-rays"):
        separable, true = in_turn(1, lambda: theirs("separable"), lambda: theirs("true"))
        bench.measured("L.A.Cosmic, 4 iterations", None, separable)
        bench.measured("L.A.Cosmic, 4 iterations, beside true medians", None, true)
        require("calibrate", "cosmic-rays")
    out = frame.place("cosmics.fits")

    def ours():
        done = nightjar("calibrate", frame.raw, *frame.field.masters, "--cosmic-rays", "--out", out, "--json")
        return picked(steps(done.json["frames"][0]), "cosmic rays")

    ours()
    found, expected = (judged(mask, frame) for mask in (
        cosmic_ray_mask(out), flagged_by_peer(frame, "separable")))
    bench.columns(
        "Cosmic rays of the timed frame",
        f"The answers count as equal when nightjar misses at most {MORE_MISSED} rays more of 120, which is what chance "
        "makes of the few that are missed, and hits no more cores of stars.",
        {"nightjar": found, "astroscrappy, separable": expected})
    if found["found"] < expected["found"] - MORE_MISSED or found["cores hit"] > expected["cores hit"]:
        raise Wrong(
            f"nightjar found {found['found']} cosmic rays and hit {found['cores hit']} stars, astroscrappy "
            f"{expected['found']} and {expected['cores hit']}")
    own, separable, true = in_turn(runs, ours, lambda: theirs("separable"), lambda: theirs("true"))
    bench.measured("L.A.Cosmic, 4 iterations", own, separable)
    bench.measured("L.A.Cosmic, 4 iterations, beside true medians", own, true)


def detect(bench):
    frame = bench.fields.get("speed").frames[0]
    ours, sep, extractor = frame.place("ours.csv"), frame.place("sep.npy"), frame.place("se.cat")

    def nightjar_steps():
        return measured(frame.calibrated, "--threshold", THRESHOLD, "--aperture", RADIUS, "--out", ours)[2]

    def sep_steps():
        return peer("detect_sep.py", frame.signal_file, sep, PIXEL_THRESHOLD, FWHM, RADIUS).json["steps"]

    def extractor_seconds():
        return source_extractor(
            frame.signal_file, extractor, "detect.param", PIXEL_THRESHOLD, RADIUS).cpuSeconds

    nightjar_steps(), sep_steps(), extractor_seconds()
    found, other, third = table(ours), np.load(sep), ldac(extractor)
    same_fluxes(frame, (found["x"], found["y"], found["flux_aperture"]), (other["x"], other["y"], other["flux"]))
    same_fluxes(
        frame, (found["x"], found["y"], found["flux_aperture"]),
        (third["XWIN_IMAGE"], third["YWIN_IMAGE"], third["FLUX_APER"]))
    bench.columns("Detections of the timed frame", "3,000 stars and 120 cosmic rays.", {
        "nightjar": {"rows": len(found["x"])}, "SEP": {"rows": len(other)},
        "SourceExtractor": {"rows": len(third["FLAGS"])}})
    theirs = []
    own, seconds = timed(bench.runs, nightjar_steps, lambda: theirs.append(sep_steps()) or sum(theirs[-1].values()))
    bench.measured("background to Kron fluxes", picked(own, "detect", "measure"), seconds)
    bench.columns("CPU seconds of the timed frame", "Medians of each step by itself.", {
        "nightjar": {step: own[step] for step in ("detect", "measure")},
        "SEP": {step: float(np.median([steps[step] for steps in theirs])) for step in theirs[0]}})
    own, seconds = timed(bench.runs, nightjar_steps, extractor_seconds)
    bench.measured("background to Kron fluxes, file to table", sum(own.values()), seconds)


def timed(runs, ours, theirs):
    """Medians of our steps and of the peer's seconds, in turn."""
    collected, seconds = [], []
    for _ in range(runs):
        collected.append(ours())
        seconds.append(theirs())
    names = collected[0]
    return {name: float(np.median([times.get(name, 0) for times in collected])) for name in names}, float(
        np.median(seconds))


def same_fluxes(frame, ours, theirs, share=0.97, tolerance=0.01):
    """Bright stars alone: both have found them, and their median flux is the same."""
    bright = frame.truth["flux_electrons"] / frame.truth["flux_err"] > 50
    truth = {name: column[bright] for name, column in frame.truth.items()}
    first, second = (matched(truth, found[0], found[1], FWHM) for found in (ours, theirs))
    both = (first >= 0) & (second >= 0)
    if both.sum() < share * (first >= 0).sum():
        raise Wrong(f"of {(first >= 0).sum()} bright stars the peer has {both.sum()}")
    ratio = float(np.median(theirs[2][second[both]] / ours[2][first[both]]))
    if abs(ratio - 1) > tolerance:
        raise Wrong(f"fluxes differ by a factor of {ratio:.4f}")


def psf(bench):
    frame = bench.fields.get("speed").frames[0]
    folder, positions, variance = frame.place("x").parent, frame.place("found.csv"), frame.place("variance.fits")

    def chain_seconds():
        return chain(frame, folder, PIXEL_THRESHOLD, RADIUS)[1]

    found, first = chain(frame, folder, PIXEL_THRESHOLD, RADIUS)
    np.savetxt(positions, np.column_stack([found["x_windowed"], found["y_windowed"]]), delimiter=",", header="x,y",
               comments="")
    fits.PrimaryHDU(frame.variance).writeto(variance, overwrite=True)

    def photutils_seconds():
        done = peer("psf_photutils.py", frame.signal_file, variance, positions, frame.place("photutils.npy"), FWHM)
        return sum(done.json["steps"].values())

    out = frame.place("ours-psf.csv")

    def ours():
        return measured(frame.calibrated, "--threshold", THRESHOLD, "--psf", "--out", out)[2]

    photutils = None if bench.quick else photutils_seconds()
    if not knows("measure", "psf"):
        bench.measured("PSF model and photometry", None, first)
        bench.measured("PSF model and photometry, beside photutils", None, photutils)
        require("measure", "psf")
    ours()
    rows = table(out)
    same_fluxes(frame, (rows["x"], rows["y"], rows["flux_psf"]), (found["x"], found["y"], found["flux"]))
    own, theirs = timed(bench.runs, ours, chain_seconds)
    seconds = picked(own, "psf model", "psf photometry")
    # The chain finds its stars itself, so ours counts from the pixels to the table too.
    bench.measured("PSF model and photometry", sum(own.values()), theirs)
    bench.measured("PSF model and photometry, beside photutils", seconds, photutils)


def align(bench):
    first, second = bench.fields.get("pair").frames
    lists = []
    for frame in (first, second):
        order = np.argsort(-frame.truth["flux_electrons"])[:200]
        path = frame.place("bright.csv")
        np.savetxt(path, np.column_stack([frame.truth["x"], frame.truth["y"]])[order], delimiter=",", header="x,y",
                   comments="")
        lists.append(path)
    folder = first.place("x").parent
    image, out = located(second, first, folder)

    def resampled():
        return swarp(image, out, grid(), folder).cpuSeconds

    def matching():
        return peer("align.py", lists[1], lists[0]).json["steps"]["match"]

    if not knows("align"):
        match, resample = in_turn(1, matching, resampled)
        bench.measured("triangle matching", None, match)
        bench.measured("resampling", None, resample)
        require("align")
    aligned = folder / "aligned" / f"{second.calibrated.stem}.aligned.fits"

    def ours():
        done = nightjar("align", second.calibrated, "--to", first.calibrated, "--out", aligned.parent, "--json")
        return steps(done.json["frames"][0])

    ours(), resampled()
    same_pixels(native(aligned, "SIGNAL"), on_grid(folder / "shifted.resamp.fits"))
    own, theirs = timed(bench.runs, ours, resampled)
    bench.measured("resampling", picked(own, "resample"), theirs)
    own, theirs = timed(bench.runs, ours, matching)
    bench.measured("triangle matching", picked(own, "match"), theirs)
