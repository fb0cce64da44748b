#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds each public header's source and tests by its name, but for the exceptions below.

  mirror_test.py SOURCE-DIRECTORY
"""

import pathlib
import sys

# Header: the reason why no source has its name.
NO_SOURCE = {
    "any_program": "concepts alone",
    "bpflink": "the umbrella",
    "config": "macros alone",
    "coro/await": "templates alone",
    "coro/asio": "templates alone: the library does not link Asio",
    "defunct_watch": "inline; it asks a link for its state",
    "detail/access": "inline",
    "detail/borrows": "concepts alone",
    "detail/duration": "an include alone",
    "detail/filesystem_path": "concepts alone",
    "detail/printed": "a concept and a template",
    "detail/said_hook": "templates alone",
    "detail/strong_integer": "templates alone; src/object/ids.cpp prints it",
    "detail/walk_view": "templates alone",
    "fmt": "templates alone",
    "format": "templates alone",
    "fwd": "declarations alone",
    "hook/all": "a list of types",
    "hook/attach": "templates alone",
    "is_at": "templates alone; each hook's source has its own is_at",
    "kernel_symbols": "one reading of its file: src/symbol/kallsyms.cpp",
    "link_traits": "a constexpr table",
    "match": "an enumeration",
    "operations": "templates alone",
    "probe_details": "aggregates alone, which src/info/decode.cpp fills",
    "program_ref": "completed by src/object/program.cpp, which looks at programs of any kind",
    "resolve_options": "an aggregate alone",
    "try": "a macro",
    "typed_link": "templates alone",
    "views/infos": "one walk with views/links: src/walk/links.cpp",
    "views/link_ids": "one walk with views/links: src/walk/links.cpp",
    "views/results": "templates alone",
}

# Header: where it is tested instead, or why it is not.
NO_TEST = {
    "bpflink": "test/compile",
    "config": "test/compile/no_coroutines.fail.cpp",
    "defunct_watch": "test/kernel/coro/asio.test.cpp, with a loop",
    "detail/access": "each test of a handle",
    "detail/borrows": "test/compile/borrowed_*.fail.cpp",
    "detail/duration": "test/package/includes_test.py, which keeps <chrono> out",
    "detail/filesystem_path": "test/compile/paths.cpp",
    "detail/look": "walk/adaptors.test.cpp, whose ranges look",
    "detail/printed": "object/fmt.test.cpp",
    "detail/said_hook": "lifecycle/want_all.test.cpp",
    "detail/strong_integer": "object/ids.test.cpp",
    "fwd": "test/compile",
    "hook/all": "hook/rows.test.cpp",
    "hook/attach": "each test of a hook",
    "kernel_symbols": "symbol/kallsyms.test.cpp",
    "lifecycle/candidate": "lifecycle/link_set.test.cpp, whose sets own what they were given",
    "match": "hook/is_at.test.cpp",
    "place": "info/link_record.test.cpp, and hook/is_at.test.cpp",
    "process_symbols": "test/border/symbols/process.test.cpp, of real processes",
    "resolve_options": "test/border/symbols",
    "symbol_at": "test/border/symbols, of real files",
    "symbols": "test/border/symbols, of real files; test/unit/symbol",
}


def stems(root, pattern):
    return {path.name.split(".")[0] for path in root.rglob(pattern)}


def problems(source):
    headers = source / "include/bpflink"
    sources = stems(source / "src", "*.cpp")
    tests = stems(source / "test/unit", "*.test.cpp") | stems(source / "test/kernel", "*.test.cpp")
    named = {str(path.relative_to(headers).with_suffix("")) for path in headers.rglob("*.hpp")}
    for what, names, exceptions in ("source", sources, NO_SOURCE), ("test", tests, NO_TEST):
        without = {name for name in named if name.rsplit("/", 1)[-1] not in names}
        for name in sorted(without - set(exceptions)):
            yield f"{name}.hpp has no {what} of its name"
        for name in sorted(set(exceptions) - without):
            yield f"{name}.hpp is not an exception any more: it has a {what}, or is gone"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
