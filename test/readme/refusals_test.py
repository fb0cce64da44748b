#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/errors.md and the headers' @errors against the rows of refusals.

  refusals_test.py PROGRAM SOURCE-DIRECTORY           compares
  refusals_test.py PROGRAM SOURCE-DIRECTORY --write   writes docs/errors.md
"""

import collections
import pathlib
import re
import subprocess
import sys

BEGIN, END = "<!-- refusals_test.py writes from here -->\n", "<!-- to here -->\n"
SHARED = {"": "attach", "command": "other command of bpf(2)"}
Row = collections.namedtuple("Row", "hook when errno condition cause remedy source look")


def rows_of(program):
    out = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [Row(*line.split("\t")) for line in out.splitlines()]


def cell(text):
    return re.sub(r"<", "&lt;", text).replace("|", "\\|").replace("{}", "…")


def table(rows):
    lines = ["| errno | condition | cause | what to do | in the kernel |", "|---|---|---|---|---|"]
    before = (None, None)
    for row in rows:
        condition = "none" if row.condition == "none" else f"`{row.condition}`"
        now = (row.errno, condition)
        shown = now if now[0] != before[0] else ("", "" if now == before else condition)
        before = now
        source = f"`{row.source}`" if row.source else ""
        lines.append(f"| {shown[0]} | {shown[1]} | {cell(row.cause)} | {cell(row.remedy)} | {source} |")
    return "\n".join(lines) + "\n"


def page(rows):
    hooks = collections.defaultdict(list)
    for row in rows:
        hooks[row.hook].append(row)
    parts = [f"### every {what}\n\n" + table(sorted(hooks.pop(key), key=lambda row: row.errno))
             for key, what in SHARED.items()]
    for hook in sorted(hooks):
        seen = [row for row in hooks[hook] if row.when == "mistake"]
        told = sorted((row for row in hooks[hook] if row.when == "refused"), key=lambda r: r.errno)
        updated = [row for row in hooks[hook] if row.when == "updated"]
        asked = [row for row in hooks[hook] if row.when == "asked"]
        part = f"### {hook}\n"
        if seen:
            part += "\nMistakes, seen before the kernel is asked:\n\n" + table(seen)
        if told:
            part += ("\nRefusals:\n\n" if seen else "\n") + table(told)
        if updated:
            part += "\nRefusals of an update:\n\n" + table(updated)
        if asked:
            part += "\nRefusals of a query:\n\n" + table(asked)
        parts.append(part)
    return "\n" + "\n".join(parts) + "\n"


def errors_of(header):
    """The text of @errors of a hook's header; "as hook::x" brings those of x."""
    text = header.read_text()
    found = re.search(r"/// @errors (.*?)\n/// @", text, re.S)
    said = found[1] if found else ""
    for other in re.findall(r"as hook::(\w+)", said):
        said += " " + errors_of(header.with_name(other + ".hpp"))
    return said


def problems(rows, source):
    known = set(re.findall(r"^    (\w+)[ ,=].*///<", (source / "include/bpflink/error.hpp").read_text(), re.M))
    for hook in sorted({row.hook for row in rows} - set(SHARED)):
        said = errors_of(source / "include/bpflink/hook" / f"{hook}.hpp")
        own = [row for row in rows if row.hook == hook and row.when not in ("updated", "asked")]
        for row in own:
            name = row.errno if row.condition == "none" else row.condition
            if not re.search(rf"\b{name}\b", said):
                yield f"hook/{hook}.hpp: @errors does not say {name} ({row.errno}: {row.cause})"
        may = {row.condition for row in own} | {row.condition for row in rows if row.hook == ""}
        for condition in known & set(re.findall(r"\w+", said)):
            if condition not in may:
                yield f"hook/{hook}.hpp: @errors says {condition}, which no row has"
    for row in rows:
        if row.cause.endswith(".") or row.remedy.endswith(".") or not row.cause:
            yield f"{row.hook}: not a clause: {row.cause!r}, {row.remedy!r}"


def main():
    rows, source = rows_of(sys.argv[1]), pathlib.Path(sys.argv[2])
    path = source / "docs/errors.md"
    text = path.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    fresh = text[:begin] + page(rows) + text[end:]
    if sys.argv[3:] == ["--write"]:
        path.write_text(fresh)
        text = fresh
    found = list(problems(rows, source))
    if text != fresh:
        found.append("docs/errors.md is not what the rows say: run this with --write")
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
