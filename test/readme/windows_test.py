#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds unit tests that neither run on Windows nor are said not to, and those that are in both lists.

  windows_test.py SOURCE-DIRECTORY
"""

import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    lists = root / "test/windows/unit"
    unit = root / "test/unit"
    there = {str(path.relative_to(unit)).removesuffix(".test.cpp")
             for path in unit.rglob("*.test.cpp")}
    found = re.search(r"^set\(tests\n([^)]*)\)", (lists / "CMakeLists.txt").read_text(), re.MULTILINE)
    run = found.group(1).split()
    reasons = [line.partition(": ") for line in (lists / "of_linux.txt").read_text().splitlines()
               if line and not line.startswith("#")]
    not_run = [name for name, _, _ in reasons]
    listed = run + not_run
    complaints = [f"{name}: without a reason" for name, _, why in reasons if not why]
    complaints += [f"{name}: in no list" for name in sorted(there - set(listed))]
    complaints += [f"{name}: there is no such test" for name in sorted(set(listed) - there)]
    complaints += [f"{name}: twice" for name in sorted(set(listed)) if listed.count(name) > 1]
    complaints += [f"{names} is not sorted" for names, given in (("tests", run), ("of_linux.txt", not_run))
                   if given != sorted(given)]
    for complaint in complaints:
        print(f"{lists.relative_to(root)}: {complaint}", file=sys.stderr)
    print(f"{len(run)} of {len(there)} unit tests run on Windows")
    return 1 if complaints else 0


sys.exit(main())
