# SPDX-License-Identifier: Apache-2.0
"""top: how often the programs of links run."""

import json
import os
import threading

import support
from support import TOOL, LinksTest, run


class Top(LinksTest):
    def setUp(self):
        self.busy = "--program", str(self.links.programs["raw_tracepoint"])  # on sys_enter
        ended = threading.Event()

        def call():
            while not ended.is_set():
                os.getppid()

        caller = threading.Thread(target=call)
        caller.start()
        self.addCleanup(caller.join)
        self.addCleanup(ended.set)

    def test_a_program_that_runs_has_its_rate_and_time(self):
        done = self.links.tool("top", "--json", "--count", "2", "--period", "0.3", *self.busy)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        looks = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([1, 1], [len(look) for look in looks])
        for (link,) in looks:
            self.assertEqual((self.links.ids["raw_tracepoint"], "raw_tracepoint",
                              "run_sys_enter_a"),
                             (link["id"], link["type"], link["prog_name"]))
            self.assertGreater(link["runs_per_second"], 100)
            self.assertGreater(link["ns_per_run"], 0)
            self.assertGreater(link["cpu_percent"], 0)

    def test_the_busiest_is_first_and_rows_are_limited(self):
        done = self.links.tool("top", "--count", "1", "--period", "0.3", "--rows", "2")
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"\AID +TYPE +PROGRAM +RUNS/S +NS/RUN +CPU% +MISSES +TARGET\Z")
        self.assertEqual(str(self.links.ids["raw_tracepoint"]), lines[1].split()[0])
        self.assertEqual(["", ""], lines[3:] + [""])

    def test_without_the_privilege_it_says_so(self):
        self.assert_fails(run("setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", TOOL, "top"),
                          "BPF_ENABLE_STATS", "not permitted")

    def test_a_period_has_to_be_a_time(self):
        for word in "0", "-1", "often", "nan", "inf", "1e9":
            self.assertEqual(2, self.links.tool("top", "--period", word).returncode)


if __name__ == "__main__":
    support.main()
