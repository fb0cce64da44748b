# SPDX-License-Identifier: Apache-2.0
"""Measures ways of doing the same in turn, and what follows from the figures."""

import dataclasses
import math
import statistics
import time

import processes

# Each work, and the operations that do it: the first of them by hand in C is what all are compared
# with. `snapshot` tells as much as infos do.
WALKS = {"ids": ("ids",), "handles": ("handles",), "infos": ("infos", "snapshot")}
OPERATIONS = {
    "attach_iter": ("attach_iter",),
    "attach_cgroup": ("attach_cgroup",),
    "update": ("update",),
    "pin": ("pin", "pin_checked"),
    "load_pinned": ("load_pinned", "load_pinned_checked"),
    "start": ("start",),
}
YARDSTICK = "libbpf"
ENOUGH = 4e6  # nanoseconds: a run by the yardstick takes at least as long


@dataclasses.dataclass(eq=False)
class Row:
    """One way of doing one work."""
    links: int  # 0: on one link
    work: str
    peer: str
    operation: str
    samples: list  # microseconds for one, a number for each round
    ratios: list = dataclasses.field(default_factory=list)  # of the yardstick's in the same round

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def ratio(self):
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def quartiles(self):
        if len(self.ratios) < 2:
            return (self.ratios * 2)[:2]
        low, _, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return [low, high]


def ways(peers, operations):
    return [(peer, operation) for operation in operations for peer in peers.values()
            if operation in peer.abilities]


def times_for(all_ways):
    """How often each is done in a run. Does each once, which warms it up."""
    def once(way):
        return processes.patiently(lambda: way[0].run(way[1]))

    for way in all_ways:
        once(way)
    _, elapsed = once(next((way for way in all_ways if way[0].name == YARDSTICK), all_ways[0]))
    return max(1, math.ceil(ENOUGH / elapsed))


def in_turn(all_ways, number):
    """Another order each round: no way always comes after the same one, or always first."""
    start = number % len(all_ways)
    order = all_ways[start:] + all_ways[:start]
    return order if number % 2 == 0 else order[::-1]


def one_round(order, times, alike):
    """Microseconds for one by each way. Refused where links came or went in between."""
    found, seen = {}, set()
    for peer, operation in order:
        # A process takes long enough without being repeated.
        repeat = 1 if peer.name == "bpftool" else times
        tally, elapsed = peer.run(operation, repeat)
        if tally.seen == 0:
            raise processes.Failed(f"{peer.name} {operation} saw nothing")
        found[peer.name, operation] = elapsed / tally.seen / 1e3
        seen.add(tally.seen / repeat)
    if alike and len(seen) != 1:
        raise processes.Refused(f"walks see different numbers of links: {sorted(seen)}")
    return found


def measure(peers, links, work, operations, rounds):
    """The rows of one work."""
    all_ways = ways(peers, operations)
    if not all_ways:
        return []
    times = times_for(all_ways)
    rows = {(peer.name, operation): Row(links, work, peer.name, operation, [])
            for peer, operation in all_ways}
    disturbed = 0
    while len(next(iter(rows.values())).samples) < rounds:
        number = len(next(iter(rows.values())).samples) + disturbed
        try:
            found = one_round(in_turn(all_ways, number), times, alike=links != 0)
        except processes.Refused as error:
            disturbed += 1
            if disturbed > 2 * rounds + 10:
                raise processes.Failed(f"disturbed all the time: {error}") from error
            time.sleep(0.2)
            continue
        by_hand = found.get((YARDSTICK, operations[0]))
        for way, cost in found.items():
            rows[way].samples.append(cost)
            if by_hand:
                rows[way].ratios.append(cost / by_hand)
    return list(rows.values())
