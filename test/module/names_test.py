#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that `import bpflink;` reaches every public name of the headers.

usage: names_test.py MODULE.cppm HEADERS.hpp CLANG ARGUMENTS...

    MODULE.cppm   the module's interface
    HEADERS.hpp   includes every public header
    CLANG ...     the compiler, and what it needs to find the headers

What a header has the compiler says itself: it completes `using bpflink::`, which leaves out hidden friends, and knows
operators. Private: namespace detail, and the tags that tell the strong integers apart.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

FEWEST = 150

PRIVATE = re.compile(r".*::detail|.*_tag")
COMPLETION = re.compile(r"^COMPLETION: (operator\S+|\w+)", re.MULTILINE)
ERROR = re.compile(r"lines\.cpp:(\d+):\d+: (?:fatal )?error: ")


class Compiler:
    def __init__(self, command, scratch):
        self.command, self.scratch = command, scratch

    def run(self, *arguments):
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)

    def output(self, name, *arguments):
        path = self.scratch / name
        done = self.run(*arguments, "-o", str(path))
        if done.returncode:
            sys.exit(f"{name}: {done.stderr}")
        return path

    def complete(self, start, *arguments):
        """What can come after `start`."""
        source = self.scratch / "start.cpp"
        source.write_text(start, encoding="utf-8")
        done = self.run(*arguments, "-fsyntax-only", "-Xclang",
                        f"-code-completion-at={source}:1:{len(start) + 1}", str(source))
        return sorted(set(COMPLETION.findall(done.stdout)))

    def accepted(self, lines, *arguments):
        """Those of the lines that compile, the first of which has to."""
        source = self.scratch / "lines.cpp"
        source.write_text("\n".join(lines), encoding="utf-8")
        done = self.run(*arguments, "-fsyntax-only", "-ferror-limit=0", str(source))
        wrong = {int(line) for line in ERROR.findall(done.stderr)}
        if 1 in wrong or done.returncode and not wrong:
            sys.exit(done.stderr)
        return [line for number, line in enumerate(lines, 1) if number not in wrong]


def public_names(compiler, scope, *arguments):
    found = [f"{scope}::{name}" for name in compiler.complete(f"using {scope}::", *arguments)]
    # A completion does not say which of them are namespaces.
    aliases = {f"namespace alias_{number} = {name};": name
               for number, name in enumerate(found) if "operator" not in name}
    namespaces = {aliases[line] for line in compiler.accepted(["", *aliases], *arguments) if line}
    for name in found:
        if PRIVATE.fullmatch(name):
            continue
        if name in namespaces:
            yield from public_names(compiler, name, *arguments)
        else:
            yield name


def main():
    interface, headers, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as scratch:
        compiler = Compiler(command, pathlib.Path(scratch))
        precompiled = compiler.output("headers.pch", "-x", "c++-header", headers)
        names = list(public_names(compiler, "bpflink", "-include-pch", str(precompiled)))
        if len(names) < FEWEST:
            sys.exit(f"found {len(names)} public names, fewer than {FEWEST}: {names}")
        module = compiler.output("bpflink.pcm", "--precompile", interface)
        uses = compiler.accepted(["import bpflink; namespace user {", *(f"using {name};" for name in names), "}"],
                                 f"-fmodule-file=bpflink={module}")
    missing = [name for name in names if f"using {name};" not in uses]
    for name in missing:
        print(f"{interface}: `using {name};` is missing", file=sys.stderr)
    print(f"{len(names) - len(missing)} of {len(names)} public names can be imported")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
