#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares bpflink with its peers at the same work, in turn, and writes a table and a plot.

scripts/bench builds the peers and runs this. Needs root; makes its links in a mount namespace and a
cgroup of its own, and leaves nothing of them."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True  # leaves nothing in the source tree

import check  # noqa: E402
import plot  # noqa: E402
import processes  # noqa: E402
import publish  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
PRIVATE = "BPFLINK_BENCH_PRIVATE_MOUNTS"
DEFAULT_LINKS = "10,1000,10000,50000"
# Rounds up to so many links: a round over 50,000 takes a second and a half.
ROUNDS = {5_000: 201, 20_000: 61, sys.maxsize: 31}


def numbers(text):
    found = [int(word) for word in text.split(",")]
    if min(found) < 1:
        raise ValueError
    return sorted(set(found))


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--links", type=numbers, default=numbers(DEFAULT_LINKS),
                        help=f"how many links there are ({DEFAULT_LINKS})")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="rounds that each median is of (201; 61 from 5,000 links on, and 31 "
                             "from 20,000)")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="PEER[,...]",
                        default=list(processes.TITLES), help=", ".join(processes.TITLES))
    parser.add_argument("--publish", action="store_true", help="put figures and plot into docs/")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench",
                        help=argparse.SUPPRESS)
    parser.add_argument("--output", type=pathlib.Path, help="a directory (build/bench/performance)")
    chosen = parser.parse_args()
    if unknown := set(chosen.only) - set(processes.TITLES):
        parser.error(f"no peer {', '.join(sorted(unknown))}")
    chosen.output = chosen.output or chosen.build / "performance"
    chosen.command = " ".join(["scripts/bench", *shown(sys.argv[1:])])
    return chosen


def shown(arguments):
    """Without what says where files are."""
    left = iter(arguments)
    for argument in left:
        if argument in ("--build", "--output"):
            next(left)
        else:
            yield argument


def say(text):
    print(f"[{time.monotonic() - STARTED:4.0f} s] {text}", flush=True)


def tell(rows):
    for row in rows:
        note = f" {row.operation}" if row.operation != row.work else ""
        ratio = f"{row.ratio:6.2f}x" if row.ratio else ""
        print(f"{'':9}{row.peer + note:32} {report.microseconds(row.median):>9} us {ratio}")


def measure_all(chosen, stage, peers):
    """The rows, and the walks that read no names."""
    rows = []
    population = check.Population(stage, peers)
    steps = [(links, work) for links in chosen.links for work in rounds.WALKS]
    steps += [(0, work) for work in rounds.OPERATIONS]
    there = 0
    for links, work in steps:
        if links != there:
            say(f"{report.grouped(links)} links: making them, and looking whether all are seen"
                if links else "one link")
            population.become(links)
            there = links
        count = chosen.rounds or next(n for most, n in ROUNDS.items() if links <= most)
        operations = (rounds.WALKS if links else rounds.OPERATIONS)[work]
        found = rounds.measure(peers, links, work, operations, count)
        if found:
            say(f"{work}: {count} rounds")
            tell(found)
        rows += found
    return rows, population.nameless


def write(chosen, facts, rows, peers, missing, nameless):
    chosen.output.mkdir(parents=True, exist_ok=True)
    results = chosen.output / "results.json"
    agreement = ""
    if results.exists():
        agreement = report.agreement(rows, json.loads(results.read_text()))
        results.replace(chosen.output / "results.before.json")
    results.write_text(report.as_json(facts, rows, missing))
    text = report.table(facts, rows, peers, missing, nameless)
    (chosen.output / "table.md").write_text(text + (f"\n{agreement}\n" if agreement else ""))
    say(agreement or "no earlier run to compare with")
    try:
        plot.draw(rows, facts, chosen.output)
    except ImportError as error:
        say(f"no plot: {error}")
        for name in plot.FILES:
            (chosen.output / name).unlink(missing_ok=True)
        return
    if chosen.publish:
        publish.publish(ROOT / "docs", chosen.output, facts, rows)


def run(chosen):
    directory = chosen.build / "bench/peers"
    cpu = max(os.sched_getaffinity(0))
    facts = {"date": datetime.date.today().isoformat(), "command": chosen.command,
             **report.setting(ROOT, ROOT / "build/crates/usr/share/cargo/registry")}
    start, (total, ours) = time.monotonic(), processes.busy()
    with contextlib.ExitStack() as ends:
        stage = processes.Stage(directory)
        ends.callback(stage.end)
        arguments = [*stage.places, str(chosen.build / "test/support/programs.bpf.elf")]
        peers, missing = processes.start_peers(chosen.only, directory, arguments, cpu)
        for peer in peers.values():
            ends.callback(peer.end)
        ends.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
        say(f"peers: {', '.join(peers)}, on CPU {cpu}")
        for name, reason in missing.items():
            say(f"{name} is not available: {reason}")
        rows, nameless = measure_all(chosen, stage, peers)
    total, ours = (now - then for now, then in zip(processes.busy(), (total, ours)))
    facts["others"] = max(0, round((total - ours) / (time.monotonic() - start) * 100))
    write(chosen, facts, rows, peers, missing, nameless)
    say(report.disturbance(facts))
    say(f"written: {chosen.output}")


def terminated(*_):
    sys.exit(143)


if __name__ == "__main__":
    STARTED = time.monotonic()
    OPTIONS = options()
    if os.geteuid() != 0:
        sys.exit("making and listing links needs root")
    if PRIVATE not in os.environ:
        # What is mounted for the run is seen by the peers and by nobody else.
        os.environ[PRIVATE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                              __file__, *sys.argv[1:]])
    signal.signal(signal.SIGTERM, terminated)
    try:
        run(OPTIONS)
    except KeyboardInterrupt:
        print("\nstopped: nothing is left of its links, and nothing is written", file=sys.stderr)
        sys.exit(130)
    except (processes.Failed, OSError) as failure:
        sys.exit(f"scripts/bench: {failure}")
