#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command beside bpftool, each from its start to its end, in turn; scripts/bench runs it.

  tool.py BUILD-DIRECTORY [--rounds N]
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # leaves nothing in the source tree

import processes  # noqa: E402

WORK = {
    "list": (["list"], ["link", "show"]),
    "list --json": (["list", "--json"], ["link", "show", "--json"]),
    "--version": (["--version"], ["version"]),
}
MOST = {(10_000, "list"): 0.5, (10_000, "list --json"): 0.6, (10, "list"): 1.0,
        (10, "list --json"): 1.0}


def seconds(*command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(tool, rounds):
    for name, (ours, theirs) in WORK.items():
        pairs = [(seconds(tool, *ours), seconds("bpftool", *theirs)) for _ in range(rounds)]
        mine, bpftools = (statistics.median(each) for each in zip(*pairs))
        yield name, mine, bpftools, statistics.median(a / b for a, b in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=21)
    chosen = parser.parse_args()
    # Both on one processor, as the peers are.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    stage = processes.Stage(chosen.build / "bench/peers")
    print("| links | | bpflink, ms | bpftool, ms | ratio | wanted |\n|---|---|---|---|---|---|")
    try:
        for links in 10, 10_000:
            stage.populate(links)
            for name, mine, theirs, ratio in measure(chosen.build / "tools/bpflink/bpflink",
                                                     chosen.rounds):
                most = MOST.get((links, name), "")
                print(f"| {links:,} | `{name}` | {mine * 1e3:.2f} | {theirs * 1e3:.2f} | "
                      f"{ratio:.2f} | {most} |", flush=True)
    finally:
        stage.end()


if __name__ == "__main__":
    main()
