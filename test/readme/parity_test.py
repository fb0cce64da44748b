#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the tests which docs/parity.md names are there.

usage: parity_test.py PAGE.md TEST_DIRECTORY

    unit/fd.test.cpp: "a view borrows", "..."    test cases of a file below TEST_DIRECTORY
    tool/list_test.py: "test_by_type"            methods, in Python
    compile/hooks.cpp                            a file without names
"""

import pathlib
import re
import sys

FEWEST = 50

PATH = r"\b(?:border|compile|kernel|package|tool|unit)/[\w/.]+\.(?:cpp|py)\b"
NAME = r'"[^"]*"'
REFERENCE = re.compile(rf"({PATH})(?::\s+({NAME}(?:,\s+{NAME})*))?")
STRING = r'"(?:[^"\\]|\\.)*"'
TEST_CASE = re.compile(rf"\bTEST_CASE(?:_\w+)?\(\s*(?:[\w:<>, ]+?,\s*)??((?:{STRING}\s*)+)")
METHOD = re.compile(r"^ *def (test_\w+)\(", re.MULTILINE)


def names_in(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return set(METHOD.findall(text))
    return {"".join(part[1:-1] for part in re.findall(STRING, literals))
            for literals in TEST_CASE.findall(text)}


def main():
    page, tests = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    text = page.read_text(encoding="utf-8")
    known, problems, count = {}, [], 0
    for reference in REFERENCE.finditer(text):
        file, listed = reference.groups()
        where = f"{page}:{text.count(chr(10), 0, reference.start()) + 1}"
        if file not in known:
            path = tests / file
            known[file] = names_in(path) if path.is_file() else None
            if known[file] is None:
                problems.append(f"{where}: no such file: {file}")
        names = re.findall(NAME, listed or "")
        count += max(len(names), 1)
        if known[file] is not None:
            problems += [f"{where}: {file} has no test {name}"
                         for name in names if name[1:-1] not in known[file]]
    if count < FEWEST:
        problems.append(f"{page}: {count} references to tests, fewer than {FEWEST}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
