# SPDX-License-Identifier: Apache-2.0
"""No public header includes a standard one that is dear to compile and not needed: those that they may include are listed.

usage: includes_test.py INCLUDE_DIRECTORY

A header joins the list when bench/compile_time.py has measured it. Left out for their cost: <chrono>, of which
detail/duration.hpp has the part that is wanted, <memory>, <deque>, <set> and others. Code that needs them is in src/.
"""

import pathlib
import re
import sys

KNOWN = set("""array cassert cerrno compare concepts coroutine cstddef cstdint cstdlib functional initializer_list iosfwd iterator
map mutex new optional ranges span string string_view system_error type_traits utility variant vector version""".split())
APART = {"bpflink/coro/asio.hpp", "bpflink/fmt.hpp", "bpflink/format.hpp"}  # the umbrella has none of them


def main(include):
    found, seen = [], 0
    for header in sorted(include.rglob("*.hpp")):
        name = header.relative_to(include).as_posix()
        if name in APART:
            continue
        for standard in re.findall(r"^#include <(\w+)>", header.read_text(encoding="utf-8"), re.MULTILINE):
            seen += 1
            if standard not in KNOWN:
                found.append(f"{name} includes <{standard}>")
    if not seen:
        found.append(f"{include}: no header includes any")
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
