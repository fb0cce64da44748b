# SPDX-License-Identifier: Apache-2.0
"""Looking while links, pins, programs, cgroups, devices and network namespaces vanish."""

import json
import os
import subprocess
import time

import support
from support import ENVIRONMENT, LinksTest

CHURN = os.environ["CHURN"]
ROUNDS, SECONDS = 20, 0.5  # of each command, at most


class Churn(LinksTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = cls.links.facts
        # Of processes that nobody may look into, a note is right.
        cls.notes = {arguments: cls.links.tool(*arguments).stderr for arguments in (
            ("list", "--json", "--holders"), ("holders", str(cls.links.ids["xdp"])), ("doctor",))}
        process = subprocess.Popen(cls.links.enter(CHURN, facts["bpffs"], facts["cgroup"]),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
        cls.addClassCleanup(cls.end, process)
        assert process.stdout.readline() == b"ready\n"
        cls.before = {number: cls.fixed(link) for number, link in cls.links.list().items()
                      if number in set(cls.links.ids.values())}

    @classmethod
    def end(cls, process):
        _, _ = process.communicate(timeout=60)
        assert process.returncode == 0, process.returncode

    @staticmethod
    def fixed(link):
        return {key: value for key, value in link.items() if key not in ("run_cnt", "run_time_ns")}

    def each_time(self, *arguments, code=0):
        """What it prints, time and again; it complains of nothing."""
        end = time.monotonic() + SECONDS
        for done_before in range(ROUNDS):
            if done_before >= 2 and time.monotonic() > end:
                return
            done = self.links.tool(*arguments)
            self.assertEqual((code, self.notes.get(arguments, b"")),
                             (done.returncode, done.stderr), arguments)
            yield done.stdout.decode()

    def test_list_tells_the_others_as_they_are(self):
        for options in (), ("--pinned",), ("-o", "+PINNED"), ("--holders",):
            for text in self.each_time("list", "--json", *options):
                said = {link["id"]: self.fixed(link) for link in json.loads(text)}
                self.assertEqual(len(said), len(json.loads(text)))
                for number, link in self.before.items():
                    if options == ():
                        self.assertEqual(link, said[number])
                    elif "--pinned" not in options:
                        self.assertEqual(link["type"], said[number]["type"])

    def test_the_table_has_each_link_once(self):
        for text in self.each_time("list", "-q"):
            numbers = [int(line) for line in text.splitlines()]
            self.assertEqual(sorted(set(numbers)), numbers)
            self.assertLessEqual(self.before.keys(), set(numbers))

    def test_show_tells_one(self):
        number = self.links.ids["xdp"]
        for text in self.each_time("show", "--json", str(number)):
            self.assertEqual([self.links.pin_path("xdp")], json.loads(text)["pinned"])

    def test_tree_has_each_link_once(self):
        for text in self.each_time("tree"):
            for number in self.before:
                self.assertEqual(1, text.count(f"link {number}:"))

    def test_on_tells_what_runs(self):
        for target, name in ((self.links.facts["device"], "xdp"),
                             (self.links.facts["cgroup"], "cgroup")):
            for text in self.each_time("on", target):
                self.assertIn(str(self.links.ids[name]), text)
                self.assertNotIn("not a link", text)

    def test_holders_are_told(self):
        for text in self.each_time("holders", str(self.links.ids["xdp"])):
            self.assertIn(str(self.links.process.pid), text)

    def test_metrics_have_the_others(self):
        for text in self.each_time("metrics"):
            for number in self.before:
                self.assertEqual(1, text.count(f'bpflink_link_info{{id="{number}"'))

    def test_gc_plans(self):
        for _ in self.each_time("gc", self.links.facts["bpffs"]):
            pass

    def test_doctor_looks(self):
        number = self.links.ids["defunct"]
        for text in self.each_time("doctor", code=1):
            self.assertIn(str(number), text)


if __name__ == "__main__":
    support.main()
