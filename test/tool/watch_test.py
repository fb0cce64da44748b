# SPDX-License-Identifier: Apache-2.0
"""watch: what is told of links that come, go and are detached."""

import contextlib
import json
import os
import selectors
import subprocess
import time

import support
from attachable import AttachableTest
from support import ENVIRONMENT, TOOL, Links, LinksTest


class WatchTest(LinksTest):
    @contextlib.contextmanager
    def watch(self, *arguments):
        """A function that waits for the next line until there is one that is wanted."""
        with subprocess.Popen(self.links.enter(TOOL, "watch", "--period", "100", *arguments),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
            buffer = b""
            ready = selectors.DefaultSelector()
            ready.register(process.stdout, selectors.EVENT_READ)

            def next_line(wanted=lambda line: True):
                nonlocal buffer
                deadline = time.monotonic() + support.PATIENCE
                while time.monotonic() < deadline:
                    while b"\n" in buffer:
                        line, _, buffer = buffer.partition(b"\n")
                        if wanted(line.decode()):
                            return line.decode()
                    if ready.select(1):
                        buffer += os.read(process.stdout.fileno(), 65536)
                return self.fail("there was no such line")

            try:
                yield next_line
            finally:
                process.terminate()
                self.assertEqual(b"", process.stderr.read())


class Watch(WatchTest):
    def test_links_that_come_and_go_are_told_with_what_they_were(self):
        with self.watch("--json", "--existing", "--name", "run_*") as next_line:
            def told(change, number):
                return json.loads(next_line(
                    lambda line: json.loads(line)["change"] == change and
                    json.loads(line)["link"]["id"] == number))

            told("created", self.links.ids["xdp"])
            others = Links()
            number, program = others.ids["cgroup"], others.programs["cgroup"]
            created = told("created", number)
            others.close()
            removed = told("removed", number)
        self.assertLess(abs(created["time"] - time.time()), 120)
        for event in created, removed:
            self.assertEqual(("cgroup", program, "run_egress_a", others.facts["cgroup"]),
                             tuple(event["link"][key] for key in
                                   ("type", "prog_id", "prog_name", "cgroup_path")))
        self.assertNotIn("before", created)

    def test_a_detach_is_told_with_where_the_link_was(self):
        number, device = self.links.ids["xdp"], self.links.facts["device"]
        with self.watch("--existing", "--interface", device) as next_line:
            self.assertRegex(next_line(), rf"\A[0-9:]{{8}}  created  {number}  xdp  \d+ run_xdp_a"
                                          rf"  {device} \(ifindex \d+\)\Z")
            self.assert_quiet(self.links.tool("detach", str(number)))
            self.assertRegex(next_line(lambda line: "defunct" in line),
                             rf"  defunct  {number}  xdp  \d+ run_xdp_a  {device} \(ifindex \d+\)")

    def test_what_is_not_wanted_is_not_told(self):
        with self.watch("--json", "--existing", "--type", "cgroup") as next_line:
            seen = []
            next_line(lambda line: seen.append(json.loads(line)["link"]) or
                      seen[-1]["id"] == self.links.ids["defunct"])
        self.assertEqual({"cgroup"}, {link["type"] for link in seen})

    def test_it_ends_with_its_reader_though_nothing_happens(self):
        for words in ("watch", "--existing"), ("watch", "--type", "999"):
            process = subprocess.Popen(self.links.enter(TOOL, *words), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=support.ENVIRONMENT)
            self.addCleanup(process.kill)
            if "--existing" in words:
                process.stdout.readline()
            process.stdout.close()
            self.assertEqual((0, b""), (process.wait(timeout=support.PATIENCE), process.stderr.read()))
            process.stderr.close()

    def test_a_wrong_period_is_a_usage_error(self):
        for word in "0", "-1", "often":
            self.assertEqual(2, self.links.tool("watch", "--period", word).returncode)

    def test_who_may_not_look_is_told_at_once(self):
        self.assert_fails(support.run("setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", TOOL,
                                      "watch"), "EPERM")


class Updates(AttachableTest, WatchTest):
    def update(self, kind, link, *options):
        """The line that tells of it."""
        with self.watch("--existing", "--type", kind) as next_line:
            next_line(lambda line: f"  {link}  {kind}  " in line)
            self.assert_quiet(self.links.tool("update", str(link), *options))
            return next_line(lambda line: f"  updated  {link}  {kind}  " in line)

    def test_another_program_is_told_with_the_one_before(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        before, now = (self.links.facts[name] for name in ("xdp", "other_xdp"))
        self.assertIn(f"  {now} run_other_xdp (was {before} run_xdp)  {self.device} ",
                      self.update("xdp", link, "--program", now))

    def test_where_there_was_no_program_none_is_told(self):
        link = self.attach("struct_ops", "table")
        line = self.update("struct_ops", link, "--map", self.links.facts["other_table"])
        self.assertNotIn("was", line)


if __name__ == "__main__":
    support.main()
