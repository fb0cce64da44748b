#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the shared library exports: what the public headers declare, and nothing else.

usage: symbols_test.py LIBRARY.so SONAME INCLUDE_DIRECTORY
"""

import pathlib
import re
import subprocess
import sys

FEWEST = 150


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def readable(symbol):
    """The scopes and the name of what nm cannot demangle, such as clang's constrained templates."""
    rest = re.match(r"_ZN[KOR]*(?=\d)(.*)", symbol)
    if not rest:
        return symbol
    rest, names = rest[1], []
    while length := re.match(r"\d+", rest):
        end = length.end() + int(length[0])
        names.append(rest[length.end():end])
        rest = rest[end:]
    return "::".join(names)


def name_of(symbol):
    """The last name of a demangled one: `f` of `bpflink::c<d::e>::f[abi:cxx11](g::h) const`."""
    symbol = re.sub(r"\[abi:\w+\]|@@.*", "", symbol)
    operator = re.search(r"operator *[^\w\s(]+|operator\(\)", symbol)
    if operator:
        return operator[0]
    while "<" in symbol:
        symbol = re.sub(r"<[^<>]*>", "", symbol)
    return symbol.partition("(")[0].rpartition("::")[2].lstrip("~")


def without_result(symbol):
    """Without the type in front, which the demangled name of a function template has."""
    if symbol.startswith("bpflink::") or "operator" in symbol:
        return symbol
    while (plain := re.sub(r"<[^<>]*>", "", symbol)) != symbol:
        symbol = plain
    return symbol.partition("(")[0].rpartition(" ")[2]


def main():
    library, soname, include = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    headers = "\n".join(path.read_text(encoding="utf-8") for path in include.rglob("*.hpp"))
    words = set(re.findall(r"operator *[^\w\s(]+|operator\(\)|\w+", headers))
    symbols = [line.split(maxsplit=2)[1:] for line in
               output("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()]
    symbols = [readable(symbol) for kind, symbol in symbols if kind != "A"]  # A: the version itself
    wrong = [symbol for symbol in symbols
             if not without_result(symbol).startswith("bpflink::") or without_result(symbol).startswith("bpflink::sys::")
             or name_of(symbol) not in words]
    for symbol in wrong:
        print(f"exported, but no public header declares it: {symbol}", file=sys.stderr)
    if len(symbols) < FEWEST:
        sys.exit(f"exports {len(symbols)} symbols, fewer than {FEWEST}")
    if f"[{soname}]" not in output("readelf", "--dynamic", library):
        sys.exit(f"its soname is not {soname}")
    print(f"{len(symbols)} symbols, {len(wrong)} of them private")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
