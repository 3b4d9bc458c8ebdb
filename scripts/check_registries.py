"""Checks that docs/registries.md says what the registries in the code say; with --write, writes it from them."""

import re
import sys

from sources import ROOT, tracked

PAGE = ROOT / "docs/registries.md"

HEAD = """# Published registries

Flags and reasons that leave Nightjar, in events, tables and files. Names and bits are never renamed, moved or reused;
new ones are added at the end. This page is written from the code by `make registries`, and `make check` compares them.
"""

# Where a registry's values are seen, in the order of the page.
SEEN_IN = {
    "PixelFlags": "In the mask of a calibrated frame and of a master, one sum of bits per pixel.",
    "CalibrationFlags": "In `flags` of `master.built` and `frame.calibrated`, by name.",
    "FrameFlags": "In `flags` of `frame.measured`, by name.",
    "SourceFlags": "In `flags` of a detection, of `measurement.made` and of `photometry.measured`, as a sum of bits.",
    "AssociationFlags": "In the record and in `nightjar object`: how sure it is which object a detection is of.",
    "CatalogueFlags": "In the tiles of a reference catalogue, one sum of bits per star.",
    "RejectionCode": "In `code` of `frame.rejected`, in the ledger, and in the `.reason.json` beside a rejected file.",
}

REGISTRY = re.compile(r"static let registry: \[\(flag: (\w+),[^\]]*\] = \[\n(.*?)^    \]", re.DOTALL | re.MULTILINE)
TEXT = r'"((?:\\.|[^"\\])*)"'


def first_sentence(source, name):
    """The first sentence of the comment above a declaration."""
    match = re.search(rf"((?:^ *///[^\n]*\n)+)(?: *@[^\n]*\n)* *public (?:struct|enum) {name}\b", source, re.MULTILINE)
    if match is None:
        return ""
    text = " ".join(line.strip().removeprefix("///").strip() for line in match.group(1).splitlines())
    return re.split(r"(?<=[.])\s", text, maxsplit=1)[0]


def flag_sets():
    """Option sets with a `registry`: name, sentence, rows of (bit, name, text), problems."""
    for path in tracked(".swift"):
        if path.relative_to(ROOT).parts[0] == "Tests":
            continue
        source = path.read_text("utf-8")
        for match in REGISTRY.finditer(source):
            name, body = match.groups()
            bits = re.findall(rf"static let (\w+) = {name}\(rawValue: 1 << (\d+)\)", source)
            rows = re.findall(rf"\(\s*\.(\w+),\s*{TEXT},\s*{TEXT}\s*\)", body)
            yield name, first_sentence(source, name), rows, dict(bits), path


def rejection_codes():
    path = ROOT / "Shared/Pipeline/Fates.swift"
    source = path.read_text("utf-8")
    block = re.search(r"enum RejectionCode\b.*?^}", source, re.DOTALL | re.MULTILINE).group()
    names = [name.strip() for line in re.findall(r"^    case ([\w, ]+)$", block, re.M) for name in line.split(",")]
    texts = dict(re.findall(rf"case \.(\w+):\s*(?:return )?{TEXT}", block))
    return first_sentence(source, "RejectionCode"), names, texts, path


def sections():
    """Registry name to its section; and what is wrong in the code."""
    found, problems = {}, []
    for name, sentence, rows, bits, path in flag_sets():
        where = path.relative_to(ROOT)
        if {flag for flag, _, _ in rows} != bits.keys():
            odd = sorted({flag for flag, _, _ in rows} ^ bits.keys())
            problems.append(f"{where}: {name}: {', '.join(odd)} is not both a bit and in the registry")
            continue
        problems += [f"{where}: {name}: .{flag} is called '{text}'" for flag, text, _ in rows if flag != text]
        if len(set(bits.values())) != len(bits):
            problems.append(f"{where}: {name}: two names for one bit")
        table = ["| bit | value | name | meaning |", "|---:|---:|---|---|"]
        for flag, _, text in sorted(rows, key=lambda row: int(bits[row[0]])):
            table.append(f"| {bits[flag]} | {1 << int(bits[flag])} | `{flag}` | {text} |")
        found[name] = section(name, sentence, table)
    sentence, names, texts, path = rejection_codes()
    if set(names) != texts.keys():
        odd = ", ".join(sorted(set(names) ^ texts.keys()))
        problems.append(f"{path.relative_to(ROOT)}: RejectionCode: {odd} is not both a case and a text")
    table = ["| code | meaning |", "|---|---|"] + [f"| `{name}` | {texts.get(name, '')} |" for name in names]
    found["RejectionCode"] = section("RejectionCode", sentence, table)
    return found, problems


def section(name, sentence, table):
    lines = [f"## {name}", "", " ".join(text for text in (sentence, SEEN_IN.get(name, "")) if text), "", *table]
    return "\n".join(lines) + "\n"


def main(arguments):
    found, problems = sections()
    order = [name for name in SEEN_IN if name in found] + sorted(found.keys() - SEEN_IN.keys())
    page = "\n".join([HEAD] + [found[name] for name in order])
    if "--write" in arguments:
        PAGE.write_text(page, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page:
        problems.append("docs/registries.md does not say what the code says: 'make registries' writes it")
    for line in problems:
        print(line)
    print(f"registries: {', '.join(order)}: {f'{len(problems)} problems' if problems else 'good'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
