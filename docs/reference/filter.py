#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a header with the lines of its @errors as a list, which is what Doxygen makes of them then.

usage: filter.py HEADER

    /// @errors not_found  no such id           /// @errors - `not_found` no such id
    ///         EMFILE, ENOMEM             ->   ///         - `EMFILE, ENOMEM`
No line comes or goes, so that warnings name the right one.
"""

import pathlib
import re
import sys

COMMAND = re.compile(r"(\s*/// )@errors (.*)")
LINE = re.compile(r"(\s*/// ) {8}(\S.*)")  # a row of the list; what goes on is further right
ROW = re.compile(r"((?:[a-z]+(?:_[a-z]+)+|defunct|E[A-Z0-9]{2,})(?:, E[A-Z0-9]{2,})*)(?![\w,])[;:]? *(.*)")


def item(text):
    row = ROW.fullmatch(text)
    return f"- `{row[1]}` {row[2]}".rstrip() if row else None


def main():
    listed = False  # inside @errors
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if command := COMMAND.fullmatch(line):
            listed = True
            line = f"{command[1]}@errors {item(command[2]) or '- ' + command[2]}"
        elif listed and (more := LINE.fullmatch(line)):
            if more[2].startswith(("as ", "and as ")):
                line = f"{more[1]}- {more[2]}"
            elif row := item(more[2]):
                line = f"{more[1]}{row}"
        elif not line.lstrip().startswith("///         "):
            listed = False
        print(line)


if __name__ == "__main__":
    main()
