#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the messages of errors that pages quote are made of the library's own texts. A page shows them in a block of
text or of a console; the reason after "(ERRNO); " is compared.

usage: messages_test.py SOURCE_DIRECTORY
"""

import pathlib
import re
import sys

FEWEST = {"texts": 1000, "messages": 10}
OTHER = 7  # letters that may be left: a name, a word between two texts


def texts(root):
    """The string literals of the sources as expressions, the longest first."""
    found = set()
    for path in [*root.glob("src/**/*.[ch]pp"), *root.glob("include/**/*.hpp"), *root.glob("tools/**/*.cpp")]:
        source = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        found |= {text for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"', source) if re.search(r"[a-zA-Z]{3}", text)}
    return [re.compile(".{1,80}?".join(re.escape(part) for part in text.strip().split("{}")))
            for text in sorted(found, key=len, reverse=True)]


def quoted(page):
    """The reasons of the messages in a page, as (line number, text)."""
    fence = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if mark := re.match(r"```(\w*)", line):
            fence = mark[1] if fence is None else None
        elif fence in ("text", "console") and (said := re.search(r"\(E[A-Z0-9]+\); (.*)", line)):
            yield number, said[1]


def main():
    root = pathlib.Path(sys.argv[1])
    known, wrong, count = texts(root), 0, 0
    for page in [root / "README.md", *sorted(root.glob("docs/*.md"))]:
        for number, reason in quoted(page):
            count += 1
            rest = reason
            for text in known:
                rest = text.sub("", rest)
            if len(re.sub(r"[\W\d]", "", rest)) > OTHER:
                wrong += 1
                print(f"{page.relative_to(root)}:{number}: the library does not say: {reason}", file=sys.stderr)
    print(f"{count} messages, {wrong} of them not the library's")
    if len(known) < FEWEST["texts"] or count < FEWEST["messages"]:
        sys.exit(f"{len(known)} texts and {count} messages: too few")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
