# SPDX-License-Identifier: Apache-2.0
"""Whether every peer sees every link, before anything is measured."""

import time

import processes
import rounds

# What one walk sees has to be what others see, by the operation whose tally it is.
SAME_AS = {"snapshot": "infos"}


def look(peers):
    def walk(peer, operation):
        return processes.patiently(lambda: peer.run(operation)[0])

    return {(peer.name, operation): walk(peer, operation)
            for operations in rounds.WALKS.values()
            for peer, operation in rounds.ways(peers, operations)}


def differences(before, after, expected):
    """Sentences on the walks that do not see `expected` more than before; names aside."""
    for (name, operation), tally in after.items():
        more, wanted = tally - before[name, operation], expected[SAME_AS.get(operation, operation)]
        if (more.seen, more.numbers) != (wanted.seen, wanted.numbers):
            yield (f"{name} {operation}: {more.seen} links more and {more.numbers} in their "
                   f"numbers, not {wanted.seen} and {wanted.numbers}")
        if more.letters not in (0, wanted.letters):
            yield f"{name} {operation}: the names it read are wrong"


class Population:
    """The links to walk over, as many as asked for and seen by every peer."""

    def __init__(self, stage, peers):
        self.stage, self.peers = stage, peers
        self.before = look(peers)
        self.nameless = set()  # peers whose infos have no names

    def become(self, links):
        for _ in range(3):
            expected = self.stage.populate(links)
            # What a process held is gone some time after it.
            for _ in range(20):
                after = look(self.peers)
                wrong = list(differences(self.before, after, expected))
                if not wrong:
                    if links:
                        self.nameless |= {
                            way for way, tally in after.items() if way[1] in rounds.WALKS["infos"]
                            and tally.letters == self.before[way].letters}
                    return
                time.sleep(0.25)
            # Perhaps other programs' links came or went since.
            self.stage.populate(0)
            time.sleep(2)
            self.before = look(self.peers)
        raise processes.Failed("a walk misses links: " + "; ".join(wrong))
