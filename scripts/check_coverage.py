"""Checks that the pages on what there is name nothing that is not there: tests, commands, options, files, make targets.

docs/coverage.md, beyond that, has one row for each known row, refers to rows that are there, and every row that is not
"not yet" says what shows it.
"""

import re
import sys
from collections import Counter

from sources import ROOT, tracked

PAGE = ROOT / "docs/coverage.md"
PAGES = [PAGE, ROOT / "docs/faq.md", ROOT / "CHANGELOG.md"]

# Letter of the ids to the numbers there are; a leading zero is kept.
ROWS = {
    "T": "01-12 20-38", "G": "01-24", "B": "01-13 20-33 40-50 60-71 80-93 100-114", "R": "01-07 10-26 30-34",
    "P": "01-15 20-29 30-36",
    "I": "1-15", "C": "1-11", "A": "1-8", "M": "1-14", "Z": "1-14", "D": "1-10", "H": "1-7", "L": "1-8", "W": "1-15",
    "O": "1-11",
}
SEEDS = "TGBRP"
STATES = ("part", "otherwise", "not yet")

TEST = re.compile(r'`(\w+Tests/\w+|(?:Night|Hosts)/\w+)` "([^"]+)"')
CODE = re.compile(r"`([^`\n]+)`")
ROW = re.compile(r"^\| ([A-Z]-?\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
REFERENCE = re.compile(r"\b([TGBRP]-\d{2,3}|[ICAMZDHLWO]\d{1,2})\b")
PATH = re.compile(r"(?:[\w.-]+/)+[\w.*-]*")
PLAIN_PATH = re.compile(r"(?<![\w./`:-])(?:[\w.-]+/)+[\w-]+\.(?:md|py|sh|json|yaml|swift)\b")


def expected_rows():
    for letter, ranges in ROWS.items():
        for part in ranges.split():
            first, last = part.split("-")
            for number in range(int(first), int(last) + 1):
                yield f"{letter}-{number:02}" if letter in SEEDS else f"{letter}{number}"


def commands(sources):
    """Names of the commands of `nightjar`, and of all options, from the text of its sources."""
    names = set(re.findall(r'Command\(\s*name: "(\w+)"', sources))
    names |= set(re.findall(r"documentCommand\(\.(\w+),", sources))
    return names, set(re.findall(r'Option\(\s*"([\w-]+)"', sources)) | {"help", "version"}


class Checkout:
    """What the pages may name."""

    def __init__(self):
        self.files = {str(path.relative_to(ROOT)) for path in tracked()}
        self.folders = {"/".join(name.split("/")[:end]) for name in self.files for end in range(1, name.count("/") + 1)}
        texts = [path.read_text("utf-8") for path in tracked(".swift") if "Services/nightjar/" in str(path)]
        self.commands, self.options = commands("\n".join(texts))
        self.targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    def test_problem(self, place, sentence):
        name = f"Tests/{place}.swift"
        if name not in self.files:
            return f"there is no {name}"
        sentences = re.findall(r'@Test\(\s*"((?:\\.|[^"\\])*)"', (ROOT / name).read_text("utf-8"))
        start = sentence.removesuffix("...")
        if any(found == sentence or (start != sentence and found.startswith(start)) for found in sentences):
            return None
        return f'{name} has no test "{sentence}"'

    def code_problem(self, code):
        words = code.split()
        if words[0] == "make" and len(words) > 1 and words[1] not in self.targets:
            return f"there is no 'make {words[1]}'"
        if words[0] == "nightjar" and len(words) > 1 and not words[1].startswith("-"):
            unknown = [word for word in re.findall(r"--([a-z-]+)", code) if word not in self.options]
            if words[1] not in self.commands:
                return f"there is no command 'nightjar {words[1]}'"
            return f"there is no option --{unknown[0]}" if unknown else None
        return None if len(words) > 1 else self.path_problem(code)

    def path_problem(self, name):
        """A path is judged when it begins like one of the checkout."""
        known = name.split("/")[0] in {file.split("/")[0] for file in self.files}
        if not PATH.fullmatch(name) or not known or name in self.files:
            return None
        pattern = re.escape(name.rstrip("/")).replace(r"\*", "[^/]*")
        found = any(re.fullmatch(pattern, place) for place in self.files | self.folders)
        return None if found else f"there is no {name}"


def page_problems(text, checkout):
    for place, sentence in TEST.findall(text):
        yield checkout.test_problem(place, sentence)
    text = TEST.sub("", text)
    for code in CODE.findall(text):
        yield checkout.code_problem(code)
    for name in PLAIN_PATH.findall(CODE.sub("", text)):
        yield checkout.path_problem(name)


def state(cell):
    return next((name for name in STATES if cell.startswith(f"**{name}**")), "yes")


def row_problems(rows):
    """Rows: (id, what, where)."""
    counts, known = Counter(name for name, _, _ in rows), set(expected_rows())
    yield from (f"row {name} is there {count} times" for name, count in sorted(counts.items()) if count > 1)
    yield from (f"row {name} is missing" for name in sorted(known - counts.keys()))
    yield from (f"row {name} is none that is known" for name in sorted(counts.keys() - known))
    states = {name: state(cell) for name, _, cell in rows}
    for name, _, cell in rows:
        references = REFERENCE.findall(cell)
        yield from (f"{name} refers to {other}, which is no row" for other in references if other not in counts)
        if state(cell) == "not yet":
            continue
        if "`" not in cell and not any(states.get(other, "not yet") != "not yet" for other in references):
            yield f"{name}: neither a test, a command or a file, nor a row that has one"


def main():
    checkout, problems = Checkout(), []
    for page in PAGES:
        if page.exists():
            name = page.relative_to(ROOT)
            found = page_problems(page.read_text("utf-8"), checkout)
            problems += [f"{name}: {problem}" for problem in found if problem]
    rows = ROW.findall(PAGE.read_text("utf-8"))
    problems += [f"{PAGE.relative_to(ROOT)}: {problem}" for problem in row_problems(rows)]
    for line in problems:
        print(line)
    counts = Counter(state(cell) for _, _, cell in rows)
    said = ", ".join(f"{counts[name]} {name}" for name in ("yes", *STATES))
    print(f"coverage: {len(rows)} rows: {said}: {f'{len(problems)} problems' if problems else 'good'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
