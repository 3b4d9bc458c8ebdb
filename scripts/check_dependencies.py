"""Checks that docs/dependencies.md names every dependency, with what it is for and its licence, and nothing else."""

import re
import sys

from sources import ROOT, tracked

PAGE = ROOT / "docs/dependencies.md"


def documented():
    """Name to (what for, licence), from the rows of the page's tables; the name is the first in backticks."""
    rows = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3:
            for name in re.findall(r"`([^`]+)`", cells[0]):
                rows[name] = cells[1:]
    return rows


def used():
    """Name to the file that uses it."""
    names = {}
    for lists in ("scripts/packages.txt", "scripts/packages-containers.txt"):
        names |= {name: lists for name in (ROOT / lists).read_text("utf-8").split()}
    manifest = (ROOT / "Package.swift").read_text("utf-8")
    for name in re.findall(r'\bapt: "([^"]+)"', manifest):
        names[name] = "Package.swift"
    for outside in re.findall(r'\.package\(\s*url: "([^"]+)"', manifest):
        names[outside] = "Package.swift"
    for requirements in [path for path in tracked(".txt") if path.name.startswith("requirements")]:
        for line in requirements.read_text("utf-8").splitlines():
            if re.match(r"[A-Za-z]", line):
                names[re.split(r"[=<>!~\[; ]", line)[0]] = str(requirements.relative_to(ROOT))
    compose = (ROOT / "compose/compose.yaml").read_text("utf-8")
    for image in re.findall(r"^\s*image:\s*([^\s:$]+)", compose, re.MULTILINE):
        names[image] = "compose/compose.yaml"
    return names


def main():
    rows, names = documented(), used()
    problems = [f"{name} of {where} has no row" for name, where in sorted(names.items()) if name not in rows]
    problems += [f"{name} has a row and is not used" for name in sorted(rows.keys() - names.keys())]
    for name, (reason, licence) in sorted(rows.items()):
        if not reason or not licence:
            problems.append(f"{name} has no {'licence' if reason else 'reason'}")
    packages = set((ROOT / "scripts/packages.txt").read_text("utf-8").split())
    manifest = (ROOT / "Package.swift").read_text("utf-8")
    for name in re.findall(r'\bapt: "([^"]+)"', manifest):
        if name not in packages:
            problems.append(f"{name} of Package.swift is not in scripts/packages.txt: 'make setup' does not install it")
    for line in problems:
        print(f"docs/dependencies.md: {line}")
    print(f"dependencies: {len(names)}: {f'{len(problems)} problems' if problems else 'good'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
