#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the table of section names in docs/coming-from-libbpf.md against the rows of src/hook.

  sections_test.py SOURCE-DIRECTORY [LIBBPF.C]

With libbpf's src/libbpf.c it holds the rows against libbpf's own table too. The unit tests do that with the libbpf
that they are linked with, which may be an older one.
"""

import pathlib
import re
import sys

ROW = re.compile(r'(?:\.kind = |section\{)"([^"]+)"(?:,\s*(?:\.rest = )?"([^"]+)")?')


def in_rows(source):
    """Kind and rest of each."""
    for path in (source / "src/hook").glob("*.cpp"):
        yield from ROW.findall(path.read_text())


def in_libbpf(path):
    """Each name of libbpf's table, and whether something may follow."""
    text = path.read_text()
    begin = text.index("bpf_sec_def section_defs[]")
    for name in re.findall(r'SEC_DEF\("([^"]+)"', text[begin:text.index("};", begin)]):
        yield name.rstrip("+"), name.endswith("+")


def in_page(source):
    page = (source / "docs/coming-from-libbpf.md").read_text()
    table = page[page.index("| section | hook |"):page.index("Three things differ")]
    for line in table.splitlines()[2:]:
        if line.startswith("|"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


source = pathlib.Path(sys.argv[1])
sections = list(in_rows(source))
rows = [f"{kind}/{rest}" if rest else kind for kind, rest in sections]
page = list(in_page(source))
problems = [f"docs/coming-from-libbpf.md lacks SEC(\"{name}\")" for name in sorted(set(rows) - set(page))]
problems += [f"no row of src/hook has SEC(\"{name}\")" for name in sorted(set(page) - set(rows))]
problems += [f"two rows have SEC(\"{name}\")" for name in sorted(set(rows)) if rows.count(name) > 1]
if len(sys.argv) > 2:
    ours = {(kind, bool(rest)) for kind, rest in sections}
    theirs = set(in_libbpf(pathlib.Path(sys.argv[2])))
    problems += [f"no row of src/hook is of libbpf's \"{name}\"" for name, _ in sorted(theirs - ours)]
    # The iterators that want a map have rows of their own.
    problems += [f"libbpf has no \"{name}\"" for name, _ in sorted(ours - theirs) if not name.startswith("iter")]
    if len(theirs) < 100:
        problems.append(f"found {len(theirs)} names in {sys.argv[2]} only")
if len(rows) < 100:
    problems.append(f"found {len(rows)} rows only")
print("\n".join(problems))
sys.exit(1 if problems else 0)
