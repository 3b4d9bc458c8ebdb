"""Seconds per megapixel of each step of `nightjar measure` on raw frames of three sizes, beside the Python stack."""

from fields import Field, table
from program import in_turn, measured, peer
from speed_frame import check, comparison
from targets import SIZE_STEPS, SIZES, size_row

# As many stars per pixel on each.
STARS_PER_MEGAPIXEL = 400


def sizes(bench):
    for size in SIZES:
        megapixels = size * size / 1e6
        field = Field(
            bench.fields.folder, f"size{size}", "dense", 1, "--stars", round(STARS_PER_MEGAPIXEL * megapixels), "--snr",
            "5:1000", "--flux-slope", 0.5, size=size)
        one(bench, field.frames[0], size, megapixels)


def one(bench, frame, size, megapixels):
    ours, theirs = frame.place("sizes-ours.csv"), frame.place("sizes-theirs.csv")
    masters = frame.field.masters
    summary = measured(frame.raw, *masters, "--out", ours)[0]
    radius, fwhm = summary["apertureRadiusPixels"], summary["fwhmPixels"]

    def other():
        done = peer("frame.py", frame.raw, *masters[1::2], theirs, radius, fwhm)
        return {step["step"]: step["cpuSeconds"] for step in done.json["steps"]}

    other()
    numbers = comparison(table(ours), table(theirs), size)
    bench.columns(
        f"The same answers: {size} x {size}", "Lonely stars of 20 sigma and more.", {"beside the peer": numbers})
    check(numbers)
    own, peers = [], []
    in_turn(
        bench.runs, lambda: kept(own, measured(frame.raw, *masters, "--out", ours)[2]), lambda: kept(peers, other()))
    for step in SIZE_STEPS:
        bench.measured(size_row(size, step), median(own, step) / megapixels, median(peers, step) / megapixels)


def kept(runs, steps):
    runs.append(steps)
    return sum(steps.values())


def median(runs, step):
    times = sorted(sum(run.values()) if step == "all steps" else run.get(step, 0.0) for run in runs)
    return times[len(times) // 2]
