#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the table of section names in docs/coming-from-libbpf.md against the rows of src/hook.

  sections_test.py SOURCE-DIRECTORY
"""

import pathlib
import re
import sys

ROW = re.compile(r'(?:\.kind = |section\{)"([^"]+)"(?:,\s*(?:\.rest = )?"([^"]+)")?')


def in_rows(source):
    for path in (source / "src/hook").glob("*.cpp"):
        for kind, rest in ROW.findall(path.read_text()):
            yield f"{kind}/{rest}" if rest else kind


def in_page(source):
    page = (source / "docs/coming-from-libbpf.md").read_text()
    table = page[page.index("| section | hook |"):page.index("Three things differ")]
    for line in table.splitlines()[2:]:
        if line.startswith("|"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


source = pathlib.Path(sys.argv[1])
rows, page = list(in_rows(source)), list(in_page(source))
problems = [f"docs/coming-from-libbpf.md lacks SEC(\"{name}\")" for name in sorted(set(rows) - set(page))]
problems += [f"no row of src/hook has SEC(\"{name}\")" for name in sorted(set(page) - set(rows))]
problems += [f"two rows have SEC(\"{name}\")" for name in sorted(set(rows)) if rows.count(name) > 1]
if len(rows) < 100:
    problems.append(f"found {len(rows)} rows only")
print("\n".join(problems))
sys.exit(1 if problems else 0)
