#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that a file does not compile, for the reason it states.

usage: check.py FILE COMPILER [ARGUMENT...]

The file says in comments what to expect:
    // expect: REGEX        the messages have it (the source lines they quote do not count)
    // quotes: REGEX        the messages have it, in a source line that they quote too
    ...; // error           the compiler reports an error on this line, and on no unmarked one
With -DFIXED the same file compiles, so that nothing else is wrong with it.
"""

import os
import re
import subprocess
import sys

QUOTED_SOURCE = re.compile(r"^ *\d* \|.*\n?", re.MULTILINE)


def compile_file(path, command, *more):
    run = subprocess.run([*command, *more, path], stderr=subprocess.STDOUT, stdout=subprocess.PIPE,
                         text=True, errors="replace", env={**os.environ, "LC_ALL": "C"})
    return run.returncode, run.stdout


def main():
    path, command = sys.argv[1], sys.argv[2:]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    expected = re.findall(r"^// expect: (.*)$", source, re.MULTILINE)
    quoted = re.findall(r"^// quotes: (.*)$", source, re.MULTILINE)
    marked = {n for n, line in enumerate(source.splitlines(), 1) if line.endswith("// error")}
    if not marked:
        return [f"no line is marked with // error"]

    status, output = compile_file(path, command)
    print(output)
    complaints = []
    if status == 0:
        complaints.append("it compiles")
    elif status != 1 or "internal compiler error" in output:
        complaints.append(f"the compiler did not survive it (exit status {status})")
    messages = QUOTED_SOURCE.sub("", output)
    for regex in expected:
        if not re.search(regex, messages):
            complaints.append(f"the messages do not have: {regex}")
    for regex in quoted:
        if not re.search(regex, output):
            complaints.append(f"the messages do not quote: {regex}")
    reported = {int(n) for n in
                re.findall(rf"^{re.escape(path)}:(\d+):\d+: error: ", messages, re.MULTILINE)}
    if reported != marked:
        complaints.append(f"errors on lines {sorted(reported)}, marked are {sorted(marked)}")

    status, output = compile_file(path, command, "-DFIXED")
    if status != 0:
        complaints.append(f"with -DFIXED it does not compile either:\n{output}")
    return complaints


if __name__ == "__main__":
    found = main()
    for complaint in found:
        print(f"{os.path.basename(sys.argv[1])}: {complaint}")
    sys.exit(1 if found else 0)
