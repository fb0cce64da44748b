#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a header with the lines of its @errors as a list, which is what Doxygen makes of them then, and with links
from each name to the examples that use it.

usage: filter.py HEADER

    /// @errors not_found  no such id           /// @errors - `not_found` no such id
    ///         EMFILE, ENOMEM             ->   ///         - `EMFILE, ENOMEM`
    /// The watcher.                            /// The watcher. @examples{...}
No line comes or goes, so that warnings name the right one.
"""

import pathlib
import re
import sys

import page

COMMAND = re.compile(r"(\s*/// )@errors (.*)")
LINE = re.compile(r"(\s*/// ) {8}(\S.*)")  # a row of the list; what goes on is further right
ROW = re.compile(r"((?:[a-z]+(?:_[a-z]+)+|defunct|E[A-Z0-9]{2,})(?:, E[A-Z0-9]{2,})*)(?![\w,])[;:]? *(.*)")


def item(text):
    row = ROW.fullmatch(text)
    return f"- `{row[1]}` {row[2]}".rstrip() if row else None


TYPE = re.compile(r"(?:struct|class|enum class|using|concept) ((?:hook::)?\w+)")
FUNCTION = re.compile(r"(?:^|[\s&>])(\w+)\(")
MOST = 5  # examples of a name


def with_examples(lines):
    """The lines, and at the end of each comment links to the examples of the name that it is about."""
    left = page.examples_of_names()
    last = None  # line of the comment that the next declaration has
    for number, line in enumerate(lines):
        if line.startswith("/// "):
            last = number
        elif not line or line.startswith((" ", "}", "#", "//")):
            if not line or line.startswith("}"):
                last = None
        elif last is not None and not line.startswith(("template", "requires")):
            type = TYPE.match(line)
            name = type or FUNCTION.search(line.partition("operator")[0])
            files = left.pop(name[1], None) if name else None
            if files and not (type and ":" not in type[1]):  # Doxygen itself knows those
                said = name[1].rpartition(":")[2]
                first = sorted(files, key=lambda file: said not in file.stem)[:MOST]  # those that are about it
                links = [f"<a href='{page.example_page(file)}'>{file.stem}</a>" for file in first]
                lines[last] += " @examples{" + " ".join(links) + "}"
            if name:
                last = None
    return lines


def main():
    listed = False  # inside @errors
    for line in with_examples(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()):
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
