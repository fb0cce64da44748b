#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the library's own instructions: each operation over a border that answers at once, by
bpflink and by the border's calls alone, under valgrind's callgrind. What is counted does not depend
on what else the machine does.

    bench/instructions.py [build/bench]      prints a Markdown table"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TITLES = {
    "link_ids": "`link_ids()`, a link",
    "links": "`links()`, a link",
    "infos": "`infos()`, a link without a name",
    "infos_named": "`infos()`, a link with a name",
    "snapshot": "`snapshot()`, a link",
    "attach": "`attach` and close",
    "update": "`update`",
    "pin_unpin": "`pin` and `unpin`",
    "load_pinned": "`link::load_pinned` and close",
    "co_await_3": "three `co_await`, against `and_then`",
}


def counted(program, name, times, scratch):
    """Instructions of a run that does the operation so many times."""
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out", program, name,
         str(times)], capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


def each(program, name, number, scratch):
    """Of one operation: start and end of the program cancel out."""
    few, many = 20, 120
    difference = counted(program, name, many, scratch) - counted(program, name, few, scratch)
    return difference / (many - few) / number


def main():
    build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/bench"
    program = str(build / "bench/bpflink-overhead")
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    print("| operation | bpflink | C | the library's own |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for line in listed.splitlines():
            name, number = line.split()
            ours = each(program, name, int(number), scratch)
            by_hand = each(program, name + "/by_hand", int(number), scratch)
            print(f"| {TITLES[name]} | {ours:,.0f} | {by_hand:,.0f} | {ours - by_hand:,.0f} |",
                  flush=True)


if __name__ == "__main__":
    main()
