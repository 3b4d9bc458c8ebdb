"""Whether errors of zero points are true: simulated frames by the thousand against their truth."""

import math

import numpy as np
from astropy.stats import sigma_clip

from program import NIGHTJAR, Failed, NotThere, run

FRAMES = NIGHTJAR.parent / "zeropoints"
STARS = (5, 10, 30, 100, 1000)
TRIALS, NIGHTS, BESIDE = 2000, 150, 300


def together(tallies, key):
    """Root mean square over cases for widths, mean for means, each case by its count."""
    count = sum(tally["count"] for tally in tallies)
    if key == "mean":
        return sum(tally["mean"] * tally["count"] for tally in tallies) / count
    return math.sqrt(sum(tally[key] ** 2 * tally["count"] for tally in tallies) / count)


def honest(bench, name, tallies):
    bench.measured(f"pull mean, {name}", together(tallies, "mean"))
    bench.measured(f"pull width off 1, {name}", together(tallies, "width") - 1)


def table(bench, title, text, tallies):
    columns = {}
    for tally in tallies:
        for name, key in (("fields", "count"), ("pull mean", "mean"), ("pull width", "width"),
                          ("rms error, mag", "rmsMagnitudes"), ("quoted over true", "quotedOverTrue")):
            columns.setdefault(name, {})[tally["kind"]] = tally[key]
    bench.columns(title, text, columns)


def clipped(frame):
    """Zero point and error as Python pipelines make them: weighted mean after the colour term, three sigmas clipped,
    the error enlarged by the root of reduced chi^2."""
    measured, error, known, known_error, colour = np.array(frame["stars"]).T
    offsets = known - measured - frame["colourTerm"] * (colour - frame["pivotColour"])
    keep = ~np.ma.getmaskarray(sigma_clip(offsets, sigma=3, cenfunc="median", stdfunc="mad_std"))
    weights = 1 / (error**2 + known_error**2)[keep]
    mean = np.sum(weights * offsets[keep]) / np.sum(weights)
    chi = np.sum(weights * (offsets[keep] - mean) ** 2) / max(1, np.sum(keep) - 1)
    return mean, math.sqrt(max(1, chi) / np.sum(weights))


def beside_peers(bench, few):
    frames = run(FRAMES, "beside", max(5, BESIDE // few)).json
    columns = {"nightjar": {}, "clipped weighted mean": {}}
    both = {name: [] for name in columns}
    for kind in dict.fromkeys(frame["kind"] for frame in frames):
        own = [frame for frame in frames if frame["kind"] == kind]
        truth = np.array([frame["trueZeroPoint"] for frame in own])
        found = {"nightjar": np.array([(frame["zeroPoint"], frame["zeroPointError"]) for frame in own]),
                 "clipped weighted mean": np.array([clipped(frame) for frame in own])}
        for name, values in found.items():
            off, pulls = values[:, 0] - truth, (values[:, 0] - truth) / values[:, 1]
            both[name].append(np.mean(off**2))
            columns[name][f"{kind}, rms error, mag"] = float(np.sqrt(np.mean(off**2)))
            columns[name][f"{kind}, pull width"] = float(np.sqrt(np.mean(pulls**2)))
    bench.columns("Zero points beside a clipped weighted mean", "The same frames of 30 stars.", columns)
    ours, theirs = (math.sqrt(np.mean(both[name])) for name in columns)
    bench.measured("rms error of zero points of 30 stars", ours, theirs)


def zeropoints(bench):
    if not FRAMES.exists():
        raise NotThere("zeropoints: make build makes it")
    few = 20 if bench.quick else 1
    frames = run(FRAMES, "frames", TRIALS // few).json
    nights = run(FRAMES, "nights", NIGHTS // few).json
    beside_peers(bench, few)
    failed = sum(tally["failures"] for tally in frames + nights)
    if failed:
        raise Failed(f"{failed} fits without a zero point")
    for stars in STARS:
        # Blends are always too bright: told apart in the table.
        own = [tally for tally in frames if tally["kind"].startswith(f"{stars} stars")]
        honest(bench, f"zero points of {stars} stars", [tally for tally in own if "blends" not in tally["kind"]])
    honest(bench, "zero points of closed nights", [tally for tally in nights if tally["kind"].endswith("zero points")])
    honest(bench, "stars on the scale of a night", [tally for tally in nights if tally["kind"].endswith("stars")])
    table(
        bench, "Zero points of single frames",
        "Scatter 0.02 mag; errors of the catalogue a quarter, once, three times that, V's in B-V as well; variables by "
        "0.5 mag; the colour term known to 0.01.", frames)
    table(
        bench, "Zero points of closed nights",
        "Three frames of each field; colour term and scatter learnt from the fields. The level: magnitudes of other "
        "stars of the field, the mean over its frames.", nights)
