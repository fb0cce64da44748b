#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C++ source file of a page's code blocks, so that they are compiled.

usage: extract.py PAGE.md OUTPUT.cpp [WRONG.fail.cpp...]

    ```cpp           statements: the body of a function that is given what context.hpp says
    ```cpp file      declarations, which the page's later ones see; in README.md, with main(), the
                     program that all pages are linked into
    ```cpp fails     does not compile; every line of it is in one of the WRONG files
Blocks of other languages are left out. A block of C++ that is written otherwise (indented, "c++") is refused.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"^```cpp *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# How a reader, and GitHub, may have C++ too.
CLAIMED = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})\s*(?:cpp|c\+\+|cxx|cc|hpp)(?!\w).*$", re.MULTILINE | re.IGNORECASE)


def main():
    page, output, wrong = sys.argv[1], sys.argv[2], sys.argv[3:]
    stem = pathlib.Path(page).stem
    name = stem.replace("-", "_")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    known_wrong = set()
    for path in wrong:
        with open(path, encoding="utf-8") as file:
            known_wrong.update(line.removesuffix("// error\n").strip() for line in file)

    includes, parts = {}, []
    taken = {block.start() for block in BLOCK.finditer(text)}
    problems = [f"{page}:{text.count(chr(10), 0, claim.start()) + 1}: a block of C++ that is not built: {claim[0]}"
                for claim in CLAIMED.finditer(text) if claim.start() not in taken]
    for number, block in enumerate(BLOCK.finditer(text), 1):
        kind, code = block.groups()
        line = text.count("\n", 0, block.start(2)) + 1
        if kind == "fails":
            problems += [f"{page}:{line}: not in any .fail.cpp: {statement.strip()}"
                         for statement in code.splitlines()
                         if statement.strip() not in known_wrong]
            continue
        if kind not in ("", "file"):
            problems.append(f"{page}:{line}: unknown kind of block: {kind}")
        body = []
        for statement in code.splitlines():
            is_include = statement.startswith("#include")
            if is_include:
                includes[statement] = None
            body.append("" if is_include else statement)
        located = f'#line {line} "{page}"\n' + "\n".join(body) + "\n"
        if kind == "file" and stem == "README" and "int main(" in code:
            parts.append(located)
        elif kind == "file":
            parts.append(f"namespace {name} {{\n{located}}}\n")
        else:
            end = "" if "co_await" in code else "return {};\n"
            parts.append(f"bl::result<void> {name}_{number}(GIVEN) {{\n{{\n{located}}}\n{end}}}\n")
    if not parts:
        problems.append(f"{page}: no block of C++")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "context.hpp"\n\n' + "\n".join(includes) + "\n\n" + "\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
