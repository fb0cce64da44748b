#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command beside bpftool, each from its start to its end, in turn; scripts/bench runs it.

  tool.py BUILD-DIRECTORY [--rounds N]

Links of other processes are listed too. Those of interfaces cost bpflink the iterator.
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
    """From the start to the end, and of the processor, which a busy machine changes less."""
    for _ in range(5):  # bpftool fails where it meets a link that is not settled yet
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        taken = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if status == 0:
            return taken, used.ru_utime + used.ru_stime
    raise subprocess.CalledProcessError(process.returncode, command)


def measure(tool, rounds):
    """The medians of each, and of the ratio in each pair; then the ratio of the processor's time."""
    for name, (ours, theirs) in WORK.items():
        pairs = [(seconds(tool, *ours), seconds("bpftool", *theirs)) for _ in range(rounds)]
        mine, bpftools = (statistics.median(each[0] for each in side) for side in zip(*pairs))
        yield name, mine, bpftools, *(statistics.median(a[i] / b[i] for a, b in pairs)
                                      for i in range(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=21)
    chosen = parser.parse_args()
    # Both on one processor, as the peers are.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    stage = processes.Stage(chosen.build / "bench/peers")
    print("| links | | bpflink, ms | bpftool, ms | ratio | of the processor | wanted |\n"
          "|---|---|---|---|---|---|---|")
    try:
        for links in 10, 1_000, 10_000:
            stage.populate(links)
            for name, mine, theirs, ratio, cpu in measure(
                    chosen.build / "tools/bpflink/bpflink", chosen.rounds):
                most = MOST.get((links, name), "")
                print(f"| {links:,} | `{name}` | {mine * 1e3:.2f} | {theirs * 1e3:.2f} | "
                      f"{ratio:.2f} | {cpu:.2f} | {most} |", flush=True)
    finally:
        stage.end()


if __name__ == "__main__":
    main()
