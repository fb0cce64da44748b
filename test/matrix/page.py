# SPDX-License-Identifier: Apache-2.0
"""docs/kernels.md, from the results of all kernels."""

import json
import re
from pathlib import PurePath

from packages import HERE, Trouble, native

TEXT = """\
<!-- Written by test/matrix/matrix.py page, from the results of a run. -->
# Kernels

`scripts/test --matrix` runs the kernel tests on Debian's cloud kernels, in qemu. This is what they found:

{releases}

## Hooks

**yes**: all tests of the hook pass. **part**: all that run do; the skipped ones are listed below. **no**: all are skipped.
*Since* is the kernel release in which such a link first appeared.

{hooks}

## The rest

{rest}

## What is skipped, and why

A skip and its reason come from what the kernel answers when it is asked, never from its version. The lists are in
`test/matrix/skips/`: a skip that is not on them fails the run, and so does a missing one.

{skips}
"""


def load(directory):
    """{kernel: its result.json}, in the order of kernels.json; those of this architecture."""
    found = {}
    for name in native():
        path = directory / name / "result.json"
        result = json.loads(path.read_text()) if path.exists() else {}
        if not result.get("complete"):
            raise Trouble(f"{name} has not passed in a whole run yet, going by {directory}")
        found[name] = result
    return found


def table(head, rows):
    rows = [head, ["--"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
                     for row in rows)


def subject(case):
    """("hook", "xdp") of .../test/kernel/hook/xdp.test.cpp; ("", "pin") of .../test/kernel/pin.test.cpp."""
    path = PurePath(case["file"])
    name = path.name.split(".")[0]
    group = path.parent.name
    return ("", name) if group == "kernel" else (group, name)


def answer(cases):
    if not cases:
        return ""
    skipping = sum(bool(case["skips"]) for case in cases)
    return "yes" if not skipping else "no" if skipping == len(cases) else "part"


def since(hook):
    """The first release with such a link, from the hook's traits."""
    header = HERE.parents[1] / "include/bpflink/hook" / f"{hook}.hpp"
    found = header.exists() and re.search(r"kernel_version since\{(\d+), (\d+)\}", header.read_text())
    return f"{found[1]}.{found[2]}" if found else "–"


def page(results):
    subjects = {}
    for result in results.values():
        for case in result["cases"]:
            key = subject(case)
            subjects.setdefault(key, {}).setdefault(result["kernel"], []).append(case)

    def row(key):
        return [answer(subjects[key].get(kernel, [])) for kernel in results]

    skips = {}
    for kernel, result in results.items():
        for case in result["cases"]:
            for reason in case["skips"]:
                skips.setdefault((subject(case), case["name"], reason), []).append(kernel)
    releases = [[kernel, f"`{result['status']['release']}`", result["status"]["version"]]
                for kernel, result in results.items()]
    return TEXT.format(
        releases=table(["", "release", "version"], releases),
        hooks=table(["hook", "since", *results],
                    [[name, since(name), *row((group, name))] for group, name in sorted(subjects)
                     if group == "hook"]),
        rest=table(["tests of", *results],
                   [["/".join(filter(None, key)), *row(key)] for key in sorted(subjects)
                    if key[0] != "hook"]),
        skips=table(["tests of", "test", "reason", "kernels"],
                    [["/".join(filter(None, key)), name, reason, ", ".join(where)]
                     for (key, name, reason), where in sorted(skips.items())])
        if skips else "Nothing.")


def write(results, path, check):
    text = page(load(results))
    if check:
        if path.exists() and path.read_text() == text:
            return 0
        print(f"{path} does not say what the last run found: test/matrix/matrix.py page --results {results}")
        return 1
    path.write_text(text)
    return 0
