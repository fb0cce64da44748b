#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says which list lacks a hook of all_hooks (include/bpflink/hook/all.hpp).

  hooks_test.py SOURCE-DIRECTORY
"""

import pathlib
import re
import sys

# What names every hook: the file, and what stands in it for the hook called {}.
LISTS = [
    ("include/bpflink/hook/all.hpp", r"#include <bpflink/hook/{}\.hpp>"),
    ("include/bpflink/fwd.hpp", r"struct {};"),
    ("src/CMakeLists.txt", r"bpflink/hook/{}\.hpp"),
    ("src/CMakeLists.txt", r"\n  hook/{}\.cpp"),
    ("modules/bpflink.cppm", r"using bpflink::hook::{};"),
    ("modules/bpflink.cppm", r"using bpflink::{}_link;"),
    ("src/hook/{}.cpp", r"\.sections = "),
    ("docs/errors.md", r"\n### {}\n"),
    ("docs/kernels.md", r"\n\| {} \|"),
    ("README.md", r"\b{}\b"),
]


# Two processes ask ensure_attached for each that has a place.
RACES = ("test/kill/race.test.cpp", r"\n    on_{}\(")
WITHOUT_PLACE = {"perf_event"}


def problems(source):
    text = (source / "include/bpflink/hook/all.hpp").read_text()
    listed = set(re.findall(r"hook::(\w+)[,>]", text[text.index("using all_hooks"):]))
    described = {path.stem: path for path in (source / "include/bpflink/hook").glob("*.hpp")
                 if re.search(r"^struct hook_traits<hook::", path.read_text(), re.M)}
    for hook in sorted(set(described) - listed):
        yield f"all_hooks lacks {hook}, which {described[hook].name} describes"
    for hook in sorted(listed - set(described)):
        yield f"include/bpflink/hook/{hook}.hpp does not describe {hook}"
    tests = "".join(path.read_text() for path in (source / "test/unit/hook").glob("*.test.cpp"))
    for hook in sorted(listed):
        if f"hook::{hook}" not in tests:
            yield f"test/unit/hook attaches to no hook::{hook}"
        if not (source / f"test/kernel/hook/{hook}.test.cpp").exists():
            yield f"test/kernel/hook/{hook}.test.cpp is missing"
    for file, pattern in [*LISTS, RACES]:
        for hook in sorted(listed - WITHOUT_PLACE if (file, pattern) == RACES else listed):
            text = (source / file.format(hook)).read_text()
            if not re.search(pattern.format(hook), text):
                yield f"{file.format(hook)} lacks {hook}: nothing there is like {pattern.format(hook)!r}"


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(1 if found else 0)
