"""Child processes with their CPU time and peak memory, and what the nightjar of this checkout can do."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NIGHTJAR = Path(os.environ.get("NIGHTJAR", ROOT / ".build/release/nightjar"))
SINGLE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")}


class NotThere(Exception):
    """The product has no such step yet: its rows stay empty and are not met."""


class Skipped(Exception):
    """What a part works on is no part of the project and not on this machine: its rows are not judged."""


class Failed(Exception):
    """A program did not do what was asked."""


class Wrong(Exception):
    """The answers of nightjar and a peer differ: no times are compared."""


@dataclass
class Run:
    text: str
    cpuSeconds: float
    wallSeconds: float
    peakBytes: int

    @property
    def json(self):
        return json.loads(self.text)


def run(*command, folder=None, accepted=(0,)):
    """Runs a program to its end; times and memory are those of the child alone (wait4).

    `accepted`: the statuses that are answers."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(words, stdout=out, stderr=errors, cwd=folder, env={**os.environ, **SINGLE})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        text = out.read().decode(errors="replace")
        if child.returncode not in accepted:
            raise Failed(f"{' '.join(words)}\n{errors.read().decode(errors='replace').strip()[-2000:]}")
    return Run(text, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)


def peer(script, *arguments):
    """One of the Python peers; prints JSON."""
    return run(sys.executable, HERE / "peers" / script, *arguments)


@lru_cache
def help_of(command):
    try:
        return run(NIGHTJAR, "help", command).text
    except Failed:
        return ""


def knows(command, option=None):
    text = help_of(command)
    return text.startswith(f"nightjar {command}") and (option is None or f"--{option} " in text + " ")


def require(command, option=None):
    if not knows(command, option):
        raise NotThere(f"nightjar {command}" + (f" --{option}" if option else ""))


def nightjar(command, *arguments, threads=1):
    words = [NIGHTJAR, command, *arguments]
    if knows(command, "threads"):
        words += ["--threads", threads]
    elif threads != 1:
        raise NotThere(f"nightjar {command} --threads")
    return run(*words)


def measured(*arguments, threads=1):
    """The summary of one frame by `nightjar measure --json`, its process, and its steps' CPU seconds."""
    done = nightjar("measure", *arguments, "--json", threads=threads)
    frame = done.json["frames"][0]
    return frame, done, steps(frame)


def steps(summary, seconds="cpuSeconds"):
    """Without reading the masters, which the peers have done before their clock starts."""
    return {step["step"]: step[seconds] for step in summary.get("steps", []) if step["step"] != "masters"}


def picked(times, *names):
    """Sum of the named steps; all of them must be there."""
    missing = [name for name in names if name not in times]
    if missing:
        raise NotThere(f"the step{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    return sum(times[name] for name in names)


def in_turn(runs, *programs):
    """Runs programs in turn, `runs` times each; the median of what each returns."""
    values = [[] for _ in programs]
    for _ in range(runs):
        for index, program in enumerate(programs):
            values[index].append(program())
    return [statistics.median(column) for column in values]
