#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the shared library with the recorded ABI, by abidiff (libabigail): its function symbols, and the layout of the
public types. An addition passes. What is removed or changed breaks programs that were linked with this minor version.

usage: abi_test.py RECORDS LIBRARY.so VERSION INCLUDE_DIRECTORY COMPILER OUTPUT [--record]

--record writes the records anew: with a new minor version, which may break.
The layouts are those of a file that has each public class as a parameter: the library itself is built without debug info.
"""

import lzma
import pathlib
import re
import subprocess
import sys

QUIET = ("--no-comp-dir-path", "--no-corpus-path", "--no-elf-needed", "--no-show-locs", "--no-parameter-names")
FEWEST = {"symbols": 300, "types": 80}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def types_in(include):
    """The classes of the public headers that are not templates, as "hook::xdp"."""
    found = {}
    for header in sorted(include.rglob("*.hpp")):
        if {"detail", "coro"} & set(header.relative_to(include).parts):
            continue
        scope, template = [], False
        for line in header.read_text(encoding="utf-8").splitlines():
            if opened := re.match(r"(?:inline )?namespace (\S+) \{", line):
                scope.append(opened[1])
            elif line.startswith("} // namespace"):
                scope.pop()
            elif line.startswith("template"):
                template = True
                continue
            elif (named := re.match(r"(?:struct|class) (?:\[\[.*?\]\] )?([\w:]+)(?: final)?(?: : .*)? \{", line)) and not template:
                full = "::".join([*scope, named[1]])
                if re.match(r"bpflink::(?!detail::)", full):
                    found[full.removeprefix("bpflink::")] = None
            template = False
    return list(found)


def layouts(types, include, compiler, directory):
    """The ABI of a library with a function for each type."""
    source, library = directory / "types.cpp", directory / "types.so"
    lines = ["#include <bpflink/bpflink.hpp>", "namespace bpflink {"]
    lines += [f"void of_{name.replace('::', '_')}({name} const*) {{}}" for name in types]
    source.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")
    subprocess.run([compiler, "-std=c++20", "-g", "-O0", "-fPIC", "-shared", "-I", include.parent, source, "-o", library],
                   check=True)
    return output("abidw", *QUIET, str(library))


def compare(what, record, now):
    """Whether nothing that was recorded is gone or other."""
    said = subprocess.run(["abidiff", "--no-added-syms", "--no-default-suppression", str(record), str(now)],
                          capture_output=True, text=True, check=False)
    counts = re.findall(r"^(?:Functions?|Function symbols) changes summary: (\d+) Removed(?:, (\d+) Changed)?", said.stdout, re.M)
    if said.returncode & 3 or (said.returncode and not counts):  # it says nothing where nothing differs
        sys.exit(f"abidiff fails: {said.stdout}{said.stderr}")
    broken = sum(int(number or 0) for pair in counts for number in pair)
    if broken:
        print(f"{what}: {broken} removed or changed\n{said.stdout}", file=sys.stderr)
    return not broken


def main():
    records, library, version, include, compiler, directory = map(pathlib.Path, sys.argv[1:7])
    minor = ".".join(str(version).split(".")[:2])
    directory.mkdir(parents=True, exist_ok=True)
    symbols, types = records / "symbols.abi", records / "types.abi.xz"
    toolchain = output(compiler, "-dumpfullversion").split(".")[0] + " " + output(compiler, "-dumpmachine").strip()
    note = f"<!-- SPDX-License-Identifier: Apache-2.0; bpflink {minor}, GCC {toolchain} -->\n"
    stripped = directory / "library.so"  # without debug info: symbols alone
    subprocess.run(["strip", "--strip-debug", "-o", stripped, library], check=True)
    named = types_in(include)
    now = output("abidw", *QUIET, str(stripped))
    if now.count("<elf-symbol") < FEWEST["symbols"] or len(named) < FEWEST["types"]:
        sys.exit(f"{now.count('<elf-symbol')} symbols and {len(named)} types: too few")
    if "--record" in sys.argv:
        records.mkdir(exist_ok=True)
        # A weak symbol is a template's, which a compiler that optimizes more may leave out.
        strong = [line for line in now.splitlines(keepends=True) if "binding='weak-binding'" not in line]
        symbols.write_text("".join([*strong, note]), encoding="utf-8")
        types.write_bytes(lzma.compress(layouts(named, include, compiler, directory).encode(), preset=9))
        return 0

    recorded = symbols.read_text(encoding="utf-8").splitlines(keepends=True)[-1]  # abidiff wants the root first
    if f"bpflink {minor}," not in recorded:
        sys.exit(f"the record is of another minor version than {minor}: record it anew (--record)")
    whole = compare("symbols", symbols, stripped)
    if recorded != note:
        print(f"symbols alone: the layouts are recorded by another compiler ({recorded.strip()})")
        return 0 if whole else 1
    record, present = directory / "recorded.abi", directory / "present.abi"
    record.write_bytes(lzma.decompress(types.read_bytes()))
    present.write_text(layouts(named, include, compiler, directory), encoding="utf-8")
    whole = compare("layouts", record, present) and whole
    print(f"{now.count('<elf-symbol')} symbols, {len(named)} types" + (", as recorded" if whole else ""))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
