# SPDX-License-Identifier: Apache-2.0
"""The processes that compare.py speaks with: the peers and their stage (peers/serve.hpp has the
protocol). Each ends, and undoes what it did, when its input ends: also when this one is killed."""

import dataclasses
import os
import resource
import subprocess
import time

TITLES = {
    "bpflink": "bpflink",
    "libbpf": "C, libbpf",
    "cilium": "Go, cilium/ebpf",
    "libbpf-rs": "Rust, libbpf-rs",
    "bpftool": "bpftool, a process",
}
STAGE = "bpflink-bench-stage"


class Failed(Exception):
    pass


class Refused(Failed):
    """A peer says that it could not do something, and goes on. Some cannot walk while another
    program attaches a link."""


def patiently(action):
    """Its result, once nobody disturbs it."""
    for _ in range(20):
        try:
            return action()
        except Refused:
            time.sleep(0.2)
    return action()


@dataclasses.dataclass(frozen=True)
class Tally:
    seen: int
    numbers: int
    letters: int

    def __sub__(self, other):
        return Tally(self.seen - other.seen, self.numbers - other.numbers,
                     self.letters - other.letters)


class Process:
    """Says what it can do when it starts, and answers line for line."""

    def __init__(self, command, cpus):
        self.name = os.path.basename(command[0])
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus)  # inherited: a runtime that counts its CPUs sees these
        try:
            # In a session of its own, Ctrl-C reaches this process alone, and that ends the others.
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                                            stdout=subprocess.PIPE, start_new_session=True)
        finally:
            os.sched_setaffinity(0, mine)
        self.greeting = self.read()
        if self.greeting[:1] != ["ready"]:
            raise Failed(f"{self.name} said {' '.join(self.greeting)}")
        self.greeting = self.greeting[1:]

    def read(self):
        words = self.process.stdout.readline().split()
        if not words:
            raise Failed(f"{self.name} ended unexpectedly")
        if words[0] == "error":
            raise Refused(f"{self.name}: {' '.join(words[1:])}")
        return words

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        return [int(word) for word in self.read()]

    def end(self):
        """Does not fail, and kills nothing: it waits until what was begun is undone."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.stdout.read()  # what it still answers
        self.process.wait()


class Peer(Process):
    def __init__(self, name, command, cpu):
        super().__init__(command, {cpu})
        self.name = name
        self.abilities = frozenset(self.greeting)

    def run(self, operation, times=1):
        """What it saw in all, and how long it took in nanoseconds."""
        seen, elapsed, numbers, letters = self.ask(operation, times)
        return Tally(seen, numbers, letters), elapsed


class Stage(Process):
    def __init__(self, directory):
        super().__init__([str(directory / STAGE)], os.sched_getaffinity(0))
        self.places = self.greeting

    def populate(self, links):
        seen, ids, programs, letters = self.ask("population", links)
        return {"ids": Tally(seen, ids, 0), "handles": Tally(seen, 0, 0),
                "infos": Tally(seen, programs, letters)}


def start_peers(names, directory, arguments, cpu):
    """The peers that start, by name, and why the others do not."""
    peers, missing = {}, {}
    for name in names:
        program = directory / f"{name}-peer"
        reason = directory / f"{name}-peer.reason"
        if not program.exists():
            missing[name] = (reason.read_text().strip() if reason.exists() else
                             "not built, as scripts/bench does")
            continue
        try:
            peers[name] = Peer(name, [str(program), *arguments], cpu)
        except (OSError, Failed) as error:
            missing[name] = str(error)
    return peers, missing


def busy():
    """Seconds that all CPUs have worked so far, and those of them that are this process's or of
    children that have ended."""
    with open("/proc/stat", encoding="utf-8") as times:
        user, nice, system, _, _, irq, softirq = map(int, times.readline().split()[1:8])
    total = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return total, sum(used.ru_utime + used.ru_stime for used in ours)
