#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says what tests left on this machine: names that the process of a test made, which has ended.

  leftovers.py    exit code 1 where something is left

Names that tests give have their process's number in them, so that what runs now, and what others
have, is not taken for it. Links and descriptors of a run are looked at by the run itself.
"""

import os
import pathlib
import re
import sys

# Of test/support/sandbox.cpp (cgroups, directories, pins below them, interfaces), and congestion.cpp.
OWN = re.compile(r"\b(?:bpflink(?:_test)?_(\d+)(?:_\d+)?|v(\d+)[ab])\b")
EVENTS = ("kprobe_events", "uprobe_events")


def is_left(name):
    """Whether a text has the name of a process's own that has ended."""
    return any(not pathlib.Path("/proc", a or b).exists() for a, b in OWN.findall(name))


def mounts():
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split(" ")
        yield place.encode().decode("unicode_escape"), kind


def below(place, depth):
    """The names in a directory and in those below it."""
    try:
        entries = list(os.scandir(place))
    except OSError:
        return
    for entry in entries:
        yield entry.path
        if depth and entry.is_dir(follow_symlinks=False):
            yield from below(entry.path, depth - 1)


def named():
    """(kind, name) of all that may have a test's name."""
    for place, kind in mounts():
        yield "mount", place
        if kind in ("cgroup2", "bpf"):
            yield from ((f"{kind} name", path) for path in below(place, 4))
    for place in ("/tmp", "/run/netns", "/sys/class/net"):
        yield from (("name", path) for path in below(place, 0))
    for place in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        for events in EVENTS:
            try:
                lines = pathlib.Path(place, events).read_text().splitlines()
            except OSError:
                continue
            yield from (("tracefs event", line) for line in lines)


def orphans():
    """Children of tests that outlived them, in the session of this run."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text()
        except OSError:
            continue
        command, _, rest = stat.partition("(")[2].rpartition(")")
        _, parent, _, session, *_ = rest.split()
        is_test = command.startswith(("bpflink-kernel-", "bpflink-kill-te"))
        if is_test and parent == "1" and int(session) == os.getsid(0):
            yield "process", f"{process.name} ({command})"


left = sorted({(kind, name) for kind, name in named() if is_left(name)} | set(orphans()))
for kind, name in left:
    print(f"left behind: {kind} {name}")
sys.exit(1 if left else 0)
