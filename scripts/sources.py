"""The checkout's files, and Swift source with its comments and texts blanked out."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# One alternative after another: comments first, then texts; what is none of them stays.
TOKENS = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>\#+".*?"\#+)
      | (?P<long>\"\"\".*?(?<!\\)\"\"\")
      | (?P<text>"(?:\\.|[^"\\\n])*")""",
    re.DOTALL | re.VERBOSE,
)

DECLARATION = re.compile(
    r"\b(?:func\s+(?P<func>[^\s(<]+|[^\s\w(]+)|(?P<init>init[?!]?)\s*[(<]|(?P<deinit>deinit)\s*\{)"
)
MODIFIERS = re.compile(r"\s*(?:@\w+\s+)*(?:(?:public|package|internal|private|fileprivate|required|convenience)\s+)*")


def tracked(*suffixes):
    """Files of the checkout that git tracks or would track, below the root, by suffix; all of them with none."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    paths = sorted(ROOT / name for name in set(names) if name)
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def blanked(source, comments=True, texts=True):
    """The source with comments and texts replaced by blanks: same length, same lines."""

    def blank(match):
        kept = (match.lastgroup in ("line", "block") and not comments) or (
            match.lastgroup in ("raw", "long", "text") and not texts
        )
        return match.group() if kept else re.sub(r"[^\n]", " ", match.group())

    return TOKENS.sub(blank, source)


def line_of(source, position):
    return source.count("\n", 0, position) + 1


def functions(code):
    """Functions, initialisers and deinitialisers with a body: (name, first line, last line), of blanked Swift."""
    for match in DECLARATION.finditer(code):
        before = code[: match.start()].rsplit("\n", 1)[-1]
        if match.group("init") and not MODIFIERS.fullmatch(before):
            continue
        body = opening_brace(code, match.start())
        if body is None:
            continue
        name = match.group("func") or match.group("init") or match.group("deinit")
        yield name, line_of(code, match.start()), line_of(code, closing_brace(code, body))


def opening_brace(code, start):
    """Where the body opens: the first brace outside parentheses; None for a requirement of a protocol."""
    depth = 0
    for position in range(start, len(code)):
        character = code[position]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and character == "{":
            return position
        elif depth == 0 and character == "}":
            return None
        elif depth == 0 and character == "\n" and ends_signature(code, start, position):
            return None
    return None


def ends_signature(code, start, position):
    """Whether a declaration without a body ends at this line break."""
    rest = code[position:].lstrip()
    return ")" in code[start:position] and not re.match(r"(->|throws|async|where|rethrows|\{|[),&])", rest)


def closing_brace(code, opening):
    depth = 0
    for position in range(opening, len(code)):
        if code[position] == "{":
            depth += 1
        elif code[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return len(code)
