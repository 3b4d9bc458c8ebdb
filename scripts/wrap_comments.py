#!/usr/bin/env python3
"""Wraps comment lines of the Swift sources that are longer than 120 columns; swift format leaves them alone."""

import re
import textwrap

from sources import tracked

COLUMNS = 120
COMMENT = re.compile(r"(?P<start>\s*///?)(?P<indent> +)(?P<text>.*)")


def wrapped(lines):
    """The lines, each too long comment line spilling its last words onto the comment line below."""
    result, spilled = [], ""
    for line in lines:
        comment = COMMENT.fullmatch(line)
        continues = comment and len(comment["indent"]) == 1 and re.match(r"[^-\s`|]", comment["text"])
        if spilled and continues and result and result[-1].startswith(comment["start"] + " "):
            line, spilled = f"{comment['start']} {spilled} {comment['text']}", ""
        elif spilled:
            result.append(f"{start} {spilled}")
            spilled = ""
        comment = COMMENT.fullmatch(line)
        if comment and len(line) > COLUMNS:
            hanging = "  " if comment["text"].startswith("- ") else ""
            start = comment["start"] + comment["indent"][1:] + hanging
            first, *rest = textwrap.wrap(comment["text"], COLUMNS - len(comment["start"] + comment["indent"]),
                                         break_long_words=False, break_on_hyphens=False)
            line, spilled = comment["start"] + comment["indent"] + first, " ".join(rest)
        result.append(line)
    return result + ([f"{start} {spilled}"] if spilled else [])


def main():
    for path in tracked(".swift"):
        text = path.read_text("utf-8")
        lines = text.split("\n")
        while (better := wrapped(lines)) != lines:
            lines = better
        if lines != text.split("\n"):
            path.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
