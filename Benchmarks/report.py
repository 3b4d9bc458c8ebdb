"""The rows and tables of a run: results.json, RESULTS.md."""

import json
import os
import platform

from targets import TARGETS, result


class Bench:
    """What a run has measured so far; the parts write into it."""

    def __init__(self, fields, runs, quick):
        self.fields, self.runs, self.quick = fields, runs, quick
        self.values, self.notes, self.sections = {}, {}, []
        self.names = {target.name: target for target in TARGETS}

    def measured(self, name, value, peer_value=None):
        if name not in self.names:
            raise KeyError(f"there is no target '{name}'")
        self.values[name] = (value, peer_value)

    def missing(self, part, why):
        """Names the reason for what a part has not measured."""
        for target in TARGETS:
            if target.part == part and self.values.get(target.name, (None,))[0] is None:
                self.notes.setdefault(target.name, str(why).splitlines()[0][:160])

    def reason(self, row):
        """Why a row is empty."""
        return self.notes.get(row["name"], "") if row["value"] is None else ""

    def columns(self, title, text, columns):
        """A table with a column for each tool; `columns` is tool: {name: number}."""
        names = list(dict.fromkeys(name for numbers in columns.values() for name in numbers))
        lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
        for name in names:
            cells = [said(numbers.get(name)) for numbers in columns.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        self.sections.append("\n".join([f"### {title}", "", text, "", *lines]))
        print("\n".join([title, *lines]), flush=True)

    def rows(self, parts):
        return [result(target, *self.values.get(target.name, ())) for target in TARGETS if target.part in parts]

    def text(self, parts):
        rows = self.rows(parts)
        judged = [row for row in rows if row["met"] is not None]
        missed = [row["name"] for row in judged if not row["met"]]
        lines = [
            "# Benchmarks", "",
            "Written by `make bench` (Benchmarks/run.py); not edited by hand. Every program ran on the same frames, "
            f"one after the other in turn, each on one thread; times are medians of {self.runs} runs of CPU time, on "
            f"{os.cpu_count()} processors ({platform.machine()}). The ratio says how many times better than the peer; "
            "targets are held against it where the unit is CPU s, GB/s or times, and against the value elsewhere. An "
            "empty value: the step is not there yet, or its answers were wrong; its target is missed.", "",
            f"{len(judged) - len(missed)} of {len(judged)} targets met.", "", "## Targets", "",
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

    def write(self, folder, parts):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(self.rows(parts), indent=2) + "\n")
        (folder / "RESULTS.md").write_text(self.text(parts))


def said(value):
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"
