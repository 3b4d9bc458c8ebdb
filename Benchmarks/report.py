"""The rows and tables of a run: results.json, RESULTS.md."""

import json
import os
import platform
import time

from reasons import why
from targets import TARGETS, result


class Bench:
    """What a run has measured so far; the parts write into it."""

    def __init__(self, fields, runs, quick):
        self.fields, self.runs, self.quick = fields, runs, quick
        self.values, self.notes, self.voids, self.counts = {}, {}, {}, {}
        self.sections, self.tables, self.skipped = [], {}, set()
        self.start = time.monotonic()
        self.names = {target.name: target for target in TARGETS}

    def say(self, text):
        """Progress, with the time since the start of the run."""
        seconds = int(time.monotonic() - self.start)
        print(f"[{seconds // 60:3}:{seconds % 60:02}] {text}", flush=True)

    def measured(self, name, value, peer_value=None, stars=None):
        """`stars`: on how many the value rests, for a target that asks for so many."""
        target = self.names.get(name)
        if target is None:
            raise KeyError(f"there is no target '{name}'")
        self.values[name] = (value, peer_value)
        if target.stars and stars is None:
            raise KeyError(f"on how many stars does '{name}' rest?")
        if target.stars and stars < target.stars:
            self.void(name, f"rests on {stars:,} stars, {target.stars:,} are asked for")
        elif target.stars:
            self.counts[name] = f"{stars:,} stars"

    def void(self, name, why):
        """The target is not met whatever was measured."""
        self.voids.setdefault(name, why)

    def missing(self, part, why):
        """Names the reason for what a part has not measured."""
        for target in TARGETS:
            if target.part == part and self.values.get(target.name, (None,))[0] is None:
                self.notes.setdefault(target.name, str(why).splitlines()[0][:160])

    def skip(self, part, why):
        """Nothing of a part is judged, and why is told."""
        self.skipped.add(part)
        self.missing(part, f"skipped: {why}")

    def reason(self, row):
        """Why a row is empty or does not count; or on how many stars it rests."""
        name = row["name"]
        return self.notes.get(name, "") if row["value"] is None else self.voids.get(name) or self.counts.get(name, "")

    def columns(self, title, text, columns):
        """A table with a column for each tool; `columns` is tool: {name: number}."""
        names = list(dict.fromkeys(name for numbers in columns.values() for name in numbers))
        lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
        for name in names:
            cells = [said(numbers.get(name)) for numbers in columns.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        self.tables[title] = columns
        self.sections.append("\n".join([f"### {title}", "", text, "", *lines]))
        print("\n".join([title, *lines]), flush=True)

    def rows(self, parts):
        rows = [
            (target, result(target, *self.values.get(target.name, ()), unmet=target.name in self.voids))
            for target in TARGETS if target.part in parts]
        return [{**row, "met": None} if target.part in self.skipped else row for target, row in rows]

    def text(self, parts):
        rows = self.rows(parts)
        judged = [row for row in rows if row["met"] is not None]
        missed = [row for row in judged if not row["met"]]
        lines = [
            "# Benchmarks", "",
            "Written by `make bench` (Benchmarks/run.py); not edited by hand. Every program ran on the same frames, on "
            "one thread, and those that are timed one after the other in turn; times are medians of "
            f"{self.runs} runs of CPU time, on {os.cpu_count()} processors ({platform.machine()}). The ratio says how "
            "many times better than the peer; targets are held against it where the unit is CPU s, GB/s or times, and "
            "against the value elsewhere. An empty value: the step is not there yet, or its answers were wrong; its "
            "target is missed. So is one that rests on fewer stars than it must; the last column counts them.", "",
            f"{len(judged) - len(missed)} of {len(judged)} targets met.", "", *self.shortfall(missed), "## Targets", "",
            "| what | value | unit | peer | peer's value | ratio | target | met | |", "|" + "---|" * 9,
        ]
        words = {True: "yes", False: "no", None: ""}
        for row in rows:
            lines.append(
                f"| {row['name']} | {said(row['value'])} | {row['unit']} | {row['peer'] or ''} | "
                f"{said(row['peerValue'])} | {said(row['ratio'])} | {said(row['target'])} | "
                f"{words[row['met']]} | {self.reason(row)} |")
        lines += ["", "## Beside truth and peers", "", "\n\n".join(self.sections)]
        return "\n".join(lines).rstrip() + "\n"

    def shortfall(self, missed):
        """The missed targets, with what is known of the reason."""
        if not missed:
            return []
        lines = [
            "## Missed targets", "",
            "What this run did not reach, and why, as far as that is known and this run's own tables show it.", "",
            "| what | reached | asked for | why |", "|---|---|---|---|"]
        for row in missed:
            reached, asked = reach(self.names[row["name"]], row)
            if row["value"] is None:
                reason = self.reason(row) or "not measured"
            else:
                reason = self.voids.get(row["name"]) or why(row["name"], self.tables) or "not known"
            lines.append(f"| {row['name']} | {reached} | {asked} | {reason} |")
        return [*lines, ""]

    def write(self, folder, parts):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(self.rows(parts), indent=2) + "\n")
        (folder / "RESULTS.md").write_text(self.text(parts))


def said(value):
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"


def reach(target, row):
    """What was reached and what was asked for, in words."""
    unit = "" if target.unit == "share" else f" {target.unit}"
    reached, limit = row["value"], f"{said(row['target'])}{unit}"
    if target.judged == "ratio":
        reached = row["ratio"]
        unit = f" times as fast as {target.peer}" if target.unit.startswith("CPU s") else f" of the {target.peer}"
        limit = f"{said(row['target'])}{unit}"
    elif target.judged.startswith("peer"):
        limit = f"{limit}, as {target.peer}" if row["target"] is not None else f"{target.peer}'s"
    least = "at most" if target.judged in ("value", "peer less") else "at least"
    size = " either way" if target.judged == "value" and (reached or 0) < 0 else ""
    return "nothing" if reached is None else f"{said(reached)}{unit}", f"{least} {limit}{size}"
