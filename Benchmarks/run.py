"""Measures nightjar beside its peers: speed, memory and accuracy, on the same frames in the same run.

usage: run.py [--only PART[,PART]] [--quick] [--runs N] [--keep DIR] [--out DIR]

A whole run writes results.json and RESULTS.md beside this file and docs/images/pulls.png; a run of parts, or a quick
one with smaller samples, writes to .build/bench. Outputs are compared before times: where a program's answer is wrong,
nothing is said about its speed. The exit status is 1 when a target is missed, and the last lines name each.
"""

import argparse
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path

import accuracy_detection
import accuracy_frame
import accuracy_photometry
import accuracy_pulls
import objects
import pictures
import solving
import solving_narrow
import solving_real
import speed_frame
import speed_sizes
import speed_steps
import zeropoints
from fields import Fields
from program import HERE, NIGHTJAR, ROOT, Failed, NotThere, Skipped, Wrong
from report import Bench, said
from targets import PARTS

WORK = {
    "stack": speed_steps.stack, "calibrate": speed_steps.calibrate, "cosmics": speed_steps.cosmics,
    "detect": speed_steps.detect, "psf": speed_steps.psf, "align": speed_steps.align, "frame": speed_frame.frame,
    "memory": speed_frame.memory, "threads": speed_frame.threads, "night": speed_frame.night,
    "detection": accuracy_detection.detection, "photometry": accuracy_photometry.photometry,
    "cosmic accuracy": accuracy_frame.cosmic_accuracy, "pulls": accuracy_pulls.pulls,
    "background": accuracy_frame.background, "sizes": speed_sizes.sizes,
    "solving": solving.solving, "solving count": solving.counted,
    "narrow fields": solving_narrow.narrow, "real frames": solving_real.real,
    "zero points": zeropoints.zeropoints, "objects": objects.objects,
}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"parts, separated by commas: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="smaller samples, for trying out")
    parser.add_argument("--runs", type=int, default=None, help="of each timed program (default: 5; quick: 1)")
    parser.add_argument("--keep", type=Path, help="folder for the simulated frames, which are kept and used again")
    parser.add_argument("--out", type=Path, help="where the report goes")
    chosen = parser.parse_args()
    chosen.parts = chosen.only.split(",") if chosen.only else PARTS
    unknown = [part for part in chosen.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part '{unknown[0]}': {', '.join(PARTS)}")
    return chosen


def measure(bench, parts):
    for number, part in enumerate(parts, 1):
        start = time.perf_counter()
        bench.say(f"{part}: part {number} of {len(parts)}")
        try:
            WORK[part](bench)
        except Skipped as why:
            bench.skip(part, why)
            bench.say(f"{part}: skipped, {why}")
        except (NotThere, Wrong) as why:
            bench.missing(part, f"not there yet: {why}" if isinstance(why, NotThere) else f"wrong: {why}")
        except Failed as why:
            bench.missing(part, "failed: " + re.sub(r"/\S*/", "", str(why))[:300])
            print(f"bench: {part}: {why}", file=sys.stderr)
        except Exception as why:  # a fault of one part must not hide what the others measure
            bench.missing(part, f"failed: {why!r}")
            traceback.print_exc()
        bench.say(f"{part}: done in {time.perf_counter() - start:.0f} s")


def main():
    chosen = options()
    if not NIGHTJAR.exists():
        sys.exit("bench: .build/release/nightjar is missing; make build makes it")
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(Fields(folder, chosen.quick), chosen.runs or (1 if chosen.quick else 5), chosen.quick)
        measure(bench, chosen.parts)
        whole = not chosen.only and not chosen.quick
        out = chosen.out or (HERE if whole else ROOT / ".build/bench")
        pictures.write(folder, ROOT / "docs/images" if whole and not chosen.out else out)
        bench.write(out, chosen.parts)
    rows = bench.rows(chosen.parts)
    words = {True: "met   ", False: "MISSED", None: "      "}
    for row in rows:
        print(f"{words[row['met']]} {row['name']}: {said(row['value']) or '-'} {row['unit']}, "
              f"peer {said(row['peerValue']) or '-'}, ratio {said(row['ratio']) or '-'}, target {said(row['target'])} "
              f"{bench.reason(row)}")
    judged = [row for row in rows if row["met"] is not None]
    missed = [row["name"] for row in judged if not row["met"]]
    print(f"bench: {len(judged) - len(missed)} of {len(judged)} targets met; the report is in {out}")
    if missed:
        sys.exit("bench: missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
