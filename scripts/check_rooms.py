"""Checks the directions of the arrows in Package.swift; the compiler checks that no import goes round them."""

import json
import re
import subprocess
import sys

from sources import ROOT

# Each C library is one room's, except where two rooms share one on purpose.
SHARED_C_ROOMS = {}
# Loops of our own, for whoever needs them.
OUR_C_ROOMS = {"CKernels"}
WITHOUT_DATABASE = {"calibrator", "photometer"}


def group(name):
    """Rooms of one list of Package.swift, such as `science`."""
    text = (ROOT / "Package.swift").read_text("utf-8")
    block = re.search(rf"let {name}: \[Target\] = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    if block is None:
        raise SystemExit(f"Package.swift: there is no list '{name}'")
    return set(re.findall(r"\b(?:room|library|kernels|service|tests)\(\s*\"(\w+)\"", block.group(1)))


def science_rooms():
    return group("science")


def arrows():
    """Target to the targets it sees, as the package manager reads the manifest."""
    command = ["swift", "package", "--package-path", str(ROOT), "describe", "--type", "json"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    targets = json.loads(output[output.index("{"):])["targets"]
    return {target["name"]: set(target.get("target_dependencies") or []) for target in targets}


def reachable(start, sees):
    found, todo = set(), [start]
    while todo:
        for name in sees[todo.pop()] - found:
            found.add(name)
            todo.append(name)
    return found


def problems(sees):
    c_rooms, adapters, science = group("cLibraries"), group("adapters"), group("science")
    services, tests = group("services"), group("testTargets")
    for name, seen in sorted(sees.items()):
        rules = [
            (name in science, seen - science - c_rooms, "a science room sees science and C only"),
            (name in ("Events", "Pipeline"), seen & (adapters - {"Hashing"} | science), "arrows go the other way"),
            (name not in tests, seen & services, "nothing sees services"),
            (name not in tests, seen & {"TestKit"}, "it is for tests"),
        ]
        for applies, forbidden, why in rules:
            if applies and forbidden:
                yield f"{name} sees {', '.join(sorted(forbidden))}: {why}"
        if name in WITHOUT_DATABASE and reachable(name, sees) & {"PostgresStore", "CLibPQ"}:
            yield f"{name} reaches the database"
    for room in sorted(c_rooms - OUR_C_ROOMS):
        users = {name for name, seen in sees.items() if room in seen}
        if len(users - SHARED_C_ROOMS.get(room, set())) > (0 if room in SHARED_C_ROOMS else 1):
            yield f"{room} is seen by {', '.join(sorted(users))}: one room owns a C library"


def main():
    sees = arrows()
    found = list(problems(sees))
    for line in found:
        print(f"Package.swift: {line}")
    print(f"rooms: {len(sees)} targets: {f'{len(found)} problems' if found else 'good'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
