"""Checks what compiler and swift format do not: sizes, silenced errors, leftovers, names, purity of science rooms."""

import ast
import re
import sys

from check_rooms import science_rooms
from sources import ROOT, blanked, functions, line_of, tracked

FILE_LINES = 300
FUNCTION_LINES = 40
COLUMNS = 120

# Words of a type's name that say nothing; and those that say nothing at its end.
EMPTY_WORDS = {"Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities"}
EMPTY_ENDS = {"Data", "Info", "Base"}

# (pattern, what is wrong), for code without comments and texts.
SILENCED = [
    (r"\btry\?", "`try?` hides an error"),
    (r"\bcatch\b[^{}\n]*\{\s*\}", "an empty catch hides an error"),
]
LOUD = [
    (r"\btry!", "`try!` ends the process on an error"),
    (r"\bas!", "`as!` ends the process on another type"),
    (r"\bfatalError\(", "`fatalError` ends the process; throw, or use `precondition` for our own mistakes"),
]
IMPURE = [
    (r"\bFileManager\b|\bFileHandle\b|\bfopen\(|\b(Data|String)\(contentsOf", "touches the disk"),
    (r"\bDate\(\)|\bDate\.now\b|\bContinuousClock\b|\bSuspendingClock\b|\bDispatchTime\b", "reads a clock"),
    (r"\bProcessInfo\b|\bgetenv\(", "reads the environment"),
    (r"(?<![.\w])print\(|\bdebugPrint\(|\bLogger\b|\bNSLog\(", "logs"),
    (r"\bSystemRandomNumberGenerator\b|\.random\(in: [^,()]*\)|\.shuffled\(\)", "is random without a seed"),
    (r"\bURLSession\b|\bThread\b|\bTask\s*\{", "does more than compute"),
]
LEFTOVER = re.compile(rf"\b(?:{'TO' + 'DO'}|{'FIX' + 'ME'})\b")
HOME = re.compile(r"(?<![\w.$}~])/(?:home|Users)/[A-Za-z]|(?<![\w.$}~])/(?:root|work)/")


def matches(code, patterns):
    for pattern, text in patterns:
        for match in re.finditer(pattern, code):
            yield line_of(code, match.start()), text


def swift_problems(path, source, science):
    parts = path.relative_to(ROOT).parts
    code = blanked(source)
    yield from matches(code, SILENCED)
    if parts[0] != "Tests" and parts[:2] != ("Shared", "TestKit"):
        yield from matches(code, LOUD)
    if parts[0] == "Shared" and parts[1] in science:
        for line, text in matches(code, IMPURE):
            yield line, f"the science room {parts[1]} {text}"
    for name, first, last in functions(code):
        if last - first + 1 > FUNCTION_LINES:
            yield first, f"{name} has {last - first + 1} lines, more than {FUNCTION_LINES}"
    for match in re.finditer(r"\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)", code):
        words = re.findall(r"[A-Z]+(?=[A-Z][a-z]|\b|\d|$)|[A-Z][a-z]+", match.group(1))
        empty = EMPTY_WORDS & set(words) | EMPTY_ENDS & set(words[-1:])
        if empty:
            yield line_of(code, match.start()), f"the name {match.group(1)} says nothing by {min(empty)}"
    yield from unproven(source, code)


def unproven(source, code):
    """An unchecked Sendable needs the sentence that proves it, in a comment right above or beside it."""
    lines = source.split("\n")
    for match in re.finditer(r"@unchecked\s+Sendable|nonisolated\(unsafe\)", code):
        line = line_of(code, match.start())
        if not any("//" in text for text in lines[max(0, line - 4):line]):
            yield line, f"`{match.group()}` without the sentence that proves it"


def python_problems(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            size = node.end_lineno - node.lineno + 1
            if size > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {size} lines, more than {FUNCTION_LINES}"
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "a bare except hides an error"


def text_problems(path, source):
    """What holds for every text of the project."""
    for number, line in enumerate(source.split("\n"), 1):
        if LEFTOVER.search(line):
            yield number, f"{LEFTOVER.search(line).group()} is left over"
        if HOME.search(line):
            yield number, f"{HOME.search(line).group()}... is a path of somebody's machine"
        if path.suffix in (".swift", ".py", ".sh") and len(line) > COLUMNS:
            yield number, f"{len(line)} columns, more than {COLUMNS}"
    count = source.count("\n")
    if path.suffix in (".swift", ".py", ".sh") and count > FILE_LINES:
        yield 1, f"{count} lines, more than {FILE_LINES}"


def main():
    science = science_rooms()
    bad = files = 0
    for path in tracked():
        try:
            source = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        files += 1
        found = list(text_problems(path, source))
        if path.suffix == ".swift":
            found += swift_problems(path, source, science)
        elif path.suffix == ".py":
            found += python_problems(source)
        for line, text in sorted(found):
            bad += 1
            print(f"{path.relative_to(ROOT)}:{line}: {text}")
    print(f"style: {files} files: {f'{bad} problems' if bad else 'good'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
