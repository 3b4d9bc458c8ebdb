"""Speed of whole frames, memory, threads, and a night through all services."""

import json
import statistics
import time

import numpy as np
from scipy.spatial import cKDTree

from fields import Field, table
from program import NIGHTJAR, Wrong, in_turn, measured, nightjar, peer, require, run, steps
from speed_steps import machine, timed

# Farther than this from the next star its light is not in the annulus, which the peer does not clip [px].
LONELY_PIXELS = 30
# What counts as the same answer, for lonely stars of at least 20 sigma that both have found.
SAME = {
    "share of bright stars that the peer has too": (0.98, None),
    "median distance of positions [px]": (None, 0.02),
    "95 % of positions within [px]": (None, 0.1),
    "median ratio of fluxes - 1": (-0.003, 0.003),
    "95 % of fluxes within [sigma]": (None, 0.5),
}


def comparison(ours, theirs, size):
    """Name to number, for each line of SAME."""
    places, others = (np.column_stack([found["x"], found["y"]]) for found in (ours, theirs))
    lonely = cKDTree(places).query(places, k=2)[0][:, 1] > LONELY_PIXELS
    inside = (np.minimum(ours["x"], ours["y"]) > 30) & (np.maximum(ours["x"], ours["y"]) < size - 30)
    bright = np.flatnonzero((ours["snr"] >= 20) & lonely & inside & (ours["flags"] == 0))
    gap, nearest = cKDTree(others).query(places[bright])
    found = gap < 1
    pairs, partners = bright[found], nearest[found]
    flux, other = ours["flux_aperture"][pairs], theirs["flux_aperture"][partners]
    numbers = [
        found.mean(), np.median(gap[found]), np.percentile(gap[found], 95), np.median(other / flux) - 1,
        np.percentile(np.abs(other - flux) / ours["flux_aperture_err"][pairs], 95),
    ]
    return dict(zip(SAME, (float(number) for number in numbers)))


def check(numbers):
    for name, (low, high) in SAME.items():
        if not ((low is None or numbers[name] >= low) and (high is None or numbers[name] <= high)):
            raise Wrong(f"{name}: {numbers[name]:.4g}, allowed {low} to {high}")


def whole(bench, name, *extra):
    """One raw frame to its catalogue by both; median CPU seconds of the steps."""
    frame = bench.fields.get("speed").frames[0]
    ours, theirs = frame.place("frame-ours.csv"), frame.place("frame-theirs.csv")
    masters, paths = frame.field.masters, frame.field.masters[1::2]
    options = [f"--{word}" for word in extra]

    def own():
        return measured(frame.raw, *masters, *options, "--out", ours)

    def other(radius, fwhm):
        done = peer("frame.py", frame.raw, *paths, theirs, radius, fwhm, *(["cosmics"] if extra else []))
        return sum(step["cpuSeconds"] for step in done.json["steps"])

    summary = None
    if extra:
        try:
            require("measure", "cosmic-rays")
        except Exception:
            bench.measured(name, None, other(5.0, 3.2))
            raise
    summary = own()[0]
    radius, fwhm = summary["apertureRadiusPixels"], summary["fwhmPixels"]
    other(radius, fwhm)
    numbers = comparison(table(ours), table(theirs), frame.field.size)
    bench.columns(f"The same answers: {name}", "Lonely stars of 20 sigma and more.", {"beside the peer": numbers})
    check(numbers)
    runs = min(bench.runs, 3) if extra else bench.runs
    own_steps, seconds = timed(runs, lambda: own()[2], lambda: other(radius, fwhm))
    bench.measured(name, sum(own_steps.values()), seconds)


def frame(bench):
    whole(bench, "raw to catalogue")
    whole(bench, "raw to catalogue with L.A.Cosmic", "cosmic-rays")


def large(bench):
    field = Field(
        bench.fields.folder, "speed4k", "dense", 1, "--stars", 12000, "--snr", "5:1000", "--flux-slope", 0.5, size=4096)
    return field.frames[0]


def memory(bench):
    frame = large(bench)
    _, done, _ = measured(frame.raw, *frame.field.masters, "--out", frame.place("rows.csv"))
    planes = 10 * frame.field.size**2
    bench.measured("peak memory on a 4k frame, above its planes", (done.peakBytes - planes) / 1e6)
    # What a photometry worker does: the planes that the calibrator has made are all it gets.
    calibrated = frame.place("calibrated.fits")
    nightjar("calibrate", frame.raw, *frame.field.masters, "--out", calibrated)
    _, done, _ = measured(calibrated, "--out", frame.place("rows.csv"))
    bench.measured("peak memory on a calibrated 4k frame, above its planes", (done.peakBytes - planes) / 1e6)


def threads(bench):
    frame, program = large(bench), machine(bench)

    def loop(count):
        return float(run(program, "loop", count).text)

    single, double = in_turn(bench.runs, lambda: loop(1), lambda: loop(2))

    runs = {1: [], 2: []}

    def ours(count):
        out = frame.place("rows.csv")
        done = measured(frame.raw, *frame.field.masters, "--out", out, threads=count)[0]
        runs[count].append(steps(done, "wallSeconds"))
        return sum(runs[count][-1].values())

    bench.measured("speed-up by a second thread on a 4k frame", None, single / double)
    one, two = in_turn(bench.runs, lambda: ours(1), lambda: ours(2))
    bench.measured("speed-up by a second thread on a 4k frame", one / two, single / double)
    slow, fast = (
        {step: statistics.median(times[step] for times in all_) for step in all_[0]} for all_ in runs.values())
    gain = {step: slow[step] / max(fast[step], 1e-9) for step in slow}
    bench.columns("A second thread", "Wall seconds of each step on a 4k frame, raw to catalogue.", {
        "one thread": slow, "two threads": fast, "speed-up": {**gain, "compute loop": single / double}})


def night(bench):
    """A whole night through all services: frames per second from the start of the command to its end."""
    place, lights = bench.fields.folder / "night", 12 if bench.quick else 60
    place.parent.chmod(0o755)
    nightjar("simulate", "--out", place, "--size", 1024, "--frames", lights, "--seed", 7)
    count = len(list((place / "frames").iterdir()))
    start = time.perf_counter()
    done = run(NIGHTJAR, "night", place / "frames", "--setup", place / "setup", "--out", place / "out", "--json")
    seconds = time.perf_counter() - start
    ledger = json.loads(done.text)
    if ledger["measured"] != lights or ledger["files"] != count:
        raise Wrong(f"{ledger['files']} of {count} files came in, {ledger['measured']} of {lights} were measured")
    bench.measured("night of 1k frames through all services", count / seconds)
