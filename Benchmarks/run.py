"""Measures nightjar beside the Python stack, on the same simulated files in the same run, one after the other in turn.

usage: run.py [--runs N] [--lights N] [--keep DIR] [--no-night]

First the outputs are compared: when both do not find the same stars with the same positions and fluxes, nothing is
said about times and the exit status is 1. Writes results.json and RESULTS.md beside this file; nothing in them is typed
by hand.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NIGHTJAR = ROOT / ".build/release/nightjar"
PEER = "ccdproc + sep + astropy"
STEPS = ["read", "calibrate", "detect", "measure", "write"]
# Side of the frame [px]: stars on it.
FRAMES = {1024: 400, 2048: 1600, 4096: 6400}

# Farther than this from the next star its light is not in the annulus, which the peer does not clip [px].
LONELY_PIXELS = 30
# What counts as the same answer, for lonely stars of at least 20 sigma that both have found.
SAME = {
    "share of nightjar's bright stars that the peer has too": (0.98, None),
    "median distance of positions [px]": (None, 0.001),
    "95 % of positions within [px]": (None, 0.01),
    "median ratio of fluxes - 1": (-0.001, 0.001),
    "95 % of fluxes within [sigma]": (None, 0.2),
}

TARGET_RATIO = 1.0
TARGET_FRAMES_PER_SECOND = 1.0


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(str(word) for word in command)}\n{done.stderr.strip()}")
    return done.stdout


# Files


class Frame:
    """One simulated light with its masters, made by `nightjar simulate` and `nightjar master`."""

    def __init__(self, folder, size, stars):
        self.size, self.megapixels = size, size * size / 1e6
        self.folder = folder / f"{size}"
        choices = ["--size", size, "--stars", stars, "--frames", 1, "--seed", size]
        call(NIGHTJAR, "simulate", "--out", self.folder, *choices)
        frames = sorted((self.folder / "frames").iterdir())
        self.light = next(path for path in frames if "-light-" in path.name)
        self.bias, self.dark, self.flat = (self.folder / f"{kind}.fits" for kind in ("bias", "dark", "flat"))
        kinds = {kind: [path for path in frames if f"-{kind}-" in path.name] for kind in ("bias", "dark", "flat")}
        call(NIGHTJAR, "master", *kinds["bias"], "--kind", "bias", "--out", self.bias)
        call(NIGHTJAR, "master", *kinds["dark"], "--kind", "dark", "--bias", self.bias, "--out", self.dark)
        call(NIGHTJAR, "master", *kinds["flat"], "--kind", "flat", "--bias", self.bias, "--dark", self.dark, "--out",
             self.flat)
        self.ours, self.theirs = self.folder / "nightjar.csv", self.folder / "peer.csv"

    def nightjar(self):
        masters = ["--bias", self.bias, "--dark", self.dark, "--flat", self.flat]
        return json.loads(call(NIGHTJAR, "measure", self.light, *masters, "--out", self.ours, "--json"))["frames"][0]

    def peer(self, radius, fwhm):
        files = [self.light, self.bias, self.dark, self.flat, self.theirs]
        return json.loads(call(sys.executable, HERE / "peer.py", *files, radius, fwhm))


# Outputs


def table(path):
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in (rows[0] if rows else [])}


def comparison(frame):
    """Name to number, for each line of SAME."""
    ours, theirs = table(frame.ours), table(frame.theirs)
    places, others = (np.column_stack([found["x"], found["y"]]) for found in (ours, theirs))
    lonely = cKDTree(places).query(places, k=2)[0][:, 1] > LONELY_PIXELS
    inside = (np.minimum(ours["x"], ours["y"]) > 30) & (np.maximum(ours["x"], ours["y"]) < frame.size - 30)
    bright = np.flatnonzero((ours["snr"] >= 20) & lonely & inside & (ours["flags"] == 0))
    gap, nearest = cKDTree(others).query(places[bright])
    found = gap < 1
    pairs, partners = bright[found], nearest[found]
    flux, other = ours["flux_aperture"][pairs], theirs["flux_aperture"][partners]
    numbers = [
        found.mean(), np.median(gap[found]), np.percentile(gap[found], 95), np.median(other / flux) - 1,
        np.percentile(np.abs(other - flux) / ours["flux_aperture_err"][pairs], 95),
    ]
    return dict(zip(SAME, (float(number) for number in numbers))), int(len(pairs))


def agrees(numbers):
    good = True
    for name, (low, high) in SAME.items():
        value = numbers[name]
        good &= (low is None or value >= low) and (high is None or value <= high)
    return good


# Times


def steps(run, clock):
    return {step["step"]: step[f"{clock}Seconds"] for step in run["steps"]}


def rows(frame, ours, theirs):
    """Seconds per megapixel of each step and of all: the least of the runs, which others disturb least."""
    for clock in ("cpu", "wall"):
        for step in STEPS + ["all steps"]:
            def least(runs):
                totals = [steps(run, clock) for run in runs]
                picked = [sum(total.values()) if step == "all steps" else total.get(step, 0.0) for total in totals]
                return min(picked) / frame.megapixels

            value, peer = least(ours), least(theirs)
            target = TARGET_RATIO if step == "all steps" else None
            yield result(
                f"measure {frame.size} x {frame.size}, {step}, {clock} time", "s/megapixel", value, PEER, peer, target)


def result(name, unit, value, peer=None, peer_value=None, target=None, ratio_is_target=True):
    ratio = value / peer_value if peer_value else None
    judged = ratio if ratio_is_target else value
    met = None
    if target is not None:
        met = judged <= target if ratio_is_target else judged >= target
    return {
        "name": name, "unit": unit, "value": round(value, 6), "peer": peer,
        "peerValue": None if peer_value is None else round(peer_value, 6),
        "ratio": None if ratio is None else round(ratio, 4), "target": target, "met": met,
    }


def night(folder, lights):
    """A whole night through all services: frames per second from the start of the command to its end."""
    place = folder / "night"
    call(NIGHTJAR, "simulate", "--out", place, "--size", 1024, "--frames", lights, "--seed", 7)
    count = len(list((place / "frames").iterdir()))
    start = time.perf_counter()
    ledger = json.loads(call(
        NIGHTJAR, "night", place / "frames", "--setup", place / "setup", "--out", place / "out", "--json"))
    seconds = time.perf_counter() - start
    if ledger["measured"] != lights or ledger["files"] != count:
        came, done = ledger["files"], ledger["measured"]
        sys.exit(f"bench: {came} of {count} files came in, {done} of {lights} lights were measured")
    return result(
        f"night of {count} frames 1024 x 1024, all services, start and end included", "frames/s", count / seconds,
        target=TARGET_FRAMES_PER_SECOND, ratio_is_target=False)


# Report


def text(results, agreements, runs):
    lines = [
        "# Benchmarks", "",
        "Written by `make bench` (Benchmarks/run.py); not edited by hand. Times are the least of "
        f"{runs} runs of each program, in turn, on {os.cpu_count()} processors; ratio = nightjar / peer. Targets: a "
        f"ratio of at most {TARGET_RATIO}, at least {TARGET_FRAMES_PER_SECOND} frames per second.", "",
        "## The same answers", "",
        "| frame | " + " | ".join(SAME) + " | stars |", "|---|" + "---|" * (len(SAME) + 1),
    ]
    for size, (numbers, count) in agreements.items():
        lines.append(f"| {size} x {size} | " + " | ".join(f"{numbers[name]:.4g}" for name in SAME) + f" | {count} |")
    allowed = [f"{'' if low is None else f'>= {low}'}{' and ' if None not in (low, high) else ''}"
               f"{'' if high is None else f'<= {high}'}" for low, high in SAME.values()]
    lines += ["| allowed | " + " | ".join(allowed) + " | |", "", "## Times", "",
              "| what | value | peer | ratio | target | met |", "|---|---|---|---|---|---|"]
    for row in results:
        peer = "" if row["peerValue"] is None else f"{row['peerValue']:.4f}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        target = "" if row["target"] is None else row["target"]
        met = {None: "", True: "yes", False: "no"}[row["met"]]
        lines.append(f"| {row['name']} | {row['value']:.4f} {row['unit']} | {peer} | {ratio} | {target} | {met} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--lights", type=int, default=60)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--no-night", action="store_true")
    options = parser.parse_args()
    if not NIGHTJAR.exists():
        sys.exit("bench: .build/release/nightjar is missing; make build makes it")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        results, agreements = [], {}
        for size, stars in FRAMES.items():
            frame = Frame(folder, size, stars)
            first = frame.nightjar()
            radius, fwhm = first["apertureRadiusPixels"], first["fwhmPixels"]
            frame.peer(radius, fwhm)
            agreements[size] = comparison(frame)
            numbers, count = agreements[size]
            print(f"{size} x {size}: {count} stars in both; "
                  + ", ".join(f"{name} {value:.4g}" for name, value in numbers.items()), flush=True)
            if not agrees(numbers):
                sys.exit(f"bench: nightjar and {PEER} disagree on the frame of {size} x {size}: no times are compared")
            ours, theirs = [], []
            for _ in range(options.runs):
                ours.append(frame.nightjar())
                theirs.append(frame.peer(radius, fwhm))
            results += rows(frame, ours, theirs)
        if not options.no_night:
            results.append(night(folder, options.lights))
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    report = text(results, agreements, options.runs)
    (HERE / "RESULTS.md").write_text(report)
    print(report)
    missed = [row["name"] for row in results if row["met"] is False]
    print("bench: " + (f"missed: {'; '.join(missed)}" if missed else "all targets met"))


if __name__ == "__main__":
    main()
