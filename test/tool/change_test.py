# SPDX-License-Identifier: Apache-2.0
"""update, pin --replace, detach, teardown and gc: what they change, and what they leave alone."""

import os
import shutil
import signal
import time

import support
from attachable import AttachableTest, Held


class ChangeTest(AttachableTest):
    def program_of(self, link):
        return self.show(link)["prog_id"]

    def exists(self, path):
        return self.links.run("test", "-e", path).returncode == 0

    def hold(self, hook, program, *options):
        held = Held(self.links, "attach", hook, "--program", self.need(program), *options)
        self.addCleanup(held.close, signal.SIGINT)
        return held

    def hold_xdp(self):
        return self.hold("xdp", "xdp", "--interface", self.device)

    def lines(self, done, code=0):
        self.assertEqual((code, b""), (done.returncode, done.stderr))
        return done.stdout.decode().splitlines()

    def new_cgroup(self, name):
        """A cgroup that the test may remove itself."""
        path = f"{self.cgroup}/{name}"
        os.mkdir(path)
        self.addCleanup(lambda: os.path.exists(path) and os.rmdir(path))
        return path

    def make_defunct(self, pin):
        """The id of a link whose cgroup is gone, pinned at `pin`."""
        cgroup = self.new_cgroup("brief")
        done = self.links.tool("attach", "cgroup", "--program", self.need("egress"), "--cgroup",
                               cgroup, "--direction", "egress", "--pin", pin)
        self.addCleanup(self.links.run, "rm", "-f", pin)
        link = int(self.lines(done)[0])
        os.rmdir(cgroup)
        deadline = time.monotonic() + support.PATIENCE  # the kernel does the rest in the background
        while self.state(link) != "defunct":
            self.assertLess(time.monotonic(), deadline, f"link {link} is not defunct")
        return link


class Update(ChangeTest):
    def test_the_next_program_runs(self):
        held = self.hold_xdp()
        self.assert_quiet(self.links.tool("update", str(held.id), "--program",
                                          self.links.facts["other_xdp"]))
        self.assertEqual(int(self.links.facts["other_xdp"]), self.program_of(held.id))
        if shutil.which("bpftool"):
            self.assertEqual(int(self.links.facts["other_xdp"]),
                             self.bpftools_link(held.id)["prog_id"])

    def test_by_pins_and_only_while_the_expected_one_runs(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        program, other = (self.links.pin_path(name) for name in ("xdp", "other_xdp"))
        for expected in other, self.links.facts["other_xdp"], "4294967295":
            done = self.links.tool("update", self.made(), "--program", other, "--expect", expected)
            self.assert_fails(done, f"link {link}")
            self.assertEqual(int(self.links.facts["xdp"]), self.program_of(link))
        self.assert_quiet(self.links.tool("update", self.made(), "--program", other, "--expect",
                                          program))
        self.assert_quiet(self.links.tool("update", self.made(), "--program", program, "--expect",
                                          self.links.facts["other_xdp"]))
        self.assertEqual(int(self.links.facts["xdp"]), self.program_of(link))

    def test_a_table_of_struct_ops(self):
        link = self.attach("struct_ops", "table")
        self.assert_quiet(self.links.tool("update", str(link), "--map",
                                          self.links.facts["other_table"]))
        self.assertEqual(int(self.links.facts["other_table"]), self.show(link)["map_id"])
        done = self.links.tool("update", str(link), "--map", self.links.pin_path("table"),
                               "--expect", self.links.facts["table"])
        self.assert_fails(done, "map")
        self.assert_quiet(self.links.tool("update", str(link), "--map",
                                          self.links.pin_path("table"), "--expect",
                                          self.links.pin_path("other_table")))
        self.assertEqual(int(self.links.facts["table"]), self.show(link)["map_id"])
        # The kernel is not asked for the table that it has: it would stop.
        self.assert_quiet(self.links.tool("update", str(link), "--map",
                                          self.links.facts["table"]))
        self.assertEqual(int(self.links.facts["table"]), self.show(link)["map_id"])

    def test_what_cannot_be_updated_says_why(self):
        held = self.hold("raw_tracepoint", "raw_tracepoint", "--name", "sched_process_exit")
        self.assert_fails(self.links.tool("update", str(held.id), "--program",
                                          self.links.pin_path("raw_tracepoint")), "raw_tracepoint")
        link = self.hold_xdp()
        self.assert_fails(self.links.tool("update", str(link.id), "--program",
                                          self.links.pin_path("egress")), "type")
        self.assert_fails(self.links.tool("update", "4294967295", "--program", "1"), "ENOENT")


class Pin(ChangeTest):
    def test_replace_pins_over_another_links_pin_and_nothing_else(self):
        first = self.attach("xdp", "xdp", "--interface", self.device)
        held = self.hold("cgroup", "egress", "--cgroup", self.cgroup, "--direction", "egress")
        self.assert_fails(self.links.tool("pin", str(held.id), self.made()), "EEXIST",
                          "pin --replace replaces a link")
        self.assertEqual([self.made()], self.show(first)["pinned"])
        self.assert_quiet(self.links.tool("pin", str(held.id), self.made(), "--replace"))
        self.assertEqual([self.made()], self.show(held.id)["pinned"])
        self.assertNotEqual("attached", self.state(first))
        array = self.links.pin_path("array")
        self.assert_fails(self.links.tool("pin", str(held.id), array, "--replace"), array)

    def test_the_pin_that_names_the_link_stays(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        again, other = self.links.pin_path("again"), self.links.pin_path("other")
        self.addCleanup(self.links.run, "rm", "-f", again, other)
        self.assertEqual(0, self.links.tool("attach", "cgroup", "--program", self.need("egress"), "--cgroup", self.cgroup,
                                            "--direction", "egress", "--pin", other).returncode)
        self.assert_quiet(self.links.tool("pin", self.made(), again))
        self.assert_quiet(self.links.tool("pin", again, other, "--replace"))
        self.assertEqual({self.made(), again, other}, set(self.show(link)["pinned"]))

    def test_another_program_than_expected_changes_nothing(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        other = "--expect-program", self.links.facts["other_xdp"]
        same = "--expect-program", self.links.pin_path("xdp")
        again = self.links.pin_path("again")
        self.assert_fails(self.links.tool("pin", str(link), again, *other), f"link {link}")
        self.assertFalse(self.exists(again))
        self.assert_quiet(self.links.tool("pin", str(link), again, *same))
        self.assert_fails(self.links.tool("unpin", again, *other), f"link {link}")
        self.assertTrue(self.exists(again))
        self.assert_quiet(self.links.tool("unpin", again, *same))
        self.assertFalse(self.exists(again))


class Detach(ChangeTest):
    def test_another_program_than_expected_changes_nothing(self):
        held = self.hold_xdp()
        for expected in self.links.facts["other_xdp"], self.links.pin_path("other_xdp"):
            done = self.links.tool("detach", str(held.id), "--expect-program", expected)
            self.assert_fails(done, f"link {held.id}", self.links.facts["xdp"])
            self.assertEqual("attached", self.state(held.id))
        self.assert_quiet(self.links.tool("detach", str(held.id), "--expect-program",
                                          self.links.pin_path("xdp")))
        self.assertEqual("defunct", self.state(held.id))

    def test_afterwards_it_is_in_no_network_namespace(self):
        link = str(self.attach("xdp", "xdp", "--interface", self.device))
        for column in ("NETNS", str(os.stat(f"/proc/{self.links.process.pid}/ns/net").st_ino)), ("NETNS", "-"):
            lines = self.lines(self.links.tool("list", "-o", "NETNS", "--program", self.links.facts["xdp"]))
            self.assertEqual(list(column), [line.strip() for line in lines])
            self.assertEqual("-" not in column, "\nNETNS " in self.links.tool("show", link).stdout.decode())
            self.assert_quiet(self.links.tool("detach", link))


class Teardown(ChangeTest):
    def test_the_plan_alone_changes_nothing(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        for which in self.made(), str(link):
            text = self.lines(self.links.tool("teardown", which))
            self.assertRegex(text[0], rf"^link {link}: xdp, program \d+ run_xdp, {self.device}")
            self.assertIn("--yes", text[-1])
            self.assertEqual(which == self.made(), f"its pin {self.made()} is removed" in text)
            self.assertEqual(which != self.made(), f"a shell is left to pin {self.made()}" in text)
        self.assertEqual("attached", self.state(link))

    def test_a_pinned_link_is_gone_afterwards(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        text = self.lines(self.links.tool("teardown", self.made(), "--yes"))
        self.assertEqual(f"link {link}: the program is off its hook, and the link is gone",
                         text[-1])
        self.assert_gone(link)
        self.assertFalse(self.exists(self.made()))
        self.assertEqual([f"nothing is pinned at {self.made()}"],
                         self.lines(self.links.tool("teardown", self.made(), "--yes")))

    def test_what_a_killed_process_left_beside_a_pin_goes_too(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        beside = self.made() + "%tmp"
        done = self.links.tool("attach", "raw_tracepoint", "--program", self.need("raw_tracepoint"),
                               "--name", "sched_process_exit", "--pin", beside)
        self.addCleanup(self.links.run, "rm", "-f", beside)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        other = int(done.stdout)
        self.lines(self.links.tool("teardown", self.made(), "--yes", "--wait", "20"))
        self.assert_gone(link)
        self.assert_gone(other)

    def test_it_waits_for_the_lock_of_the_directory(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        locked = self.links.run("flock", self.links.facts["bpffs"], support.TOOL, "teardown",
                                self.made(), "--yes", "--wait", "0")
        self.assertEqual(1, locked.returncode)
        self.assertIn("lock", locked.stderr.decode())
        self.assertEqual("attached", self.state(link))

    def test_a_kind_without_detach_is_gone_afterwards_too(self):
        link = self.attach("raw_tracepoint", "raw_tracepoint", "--name", "sched_process_exit")
        self.lines(self.links.tool("teardown", self.made(), "--yes", "--wait", "20"))
        self.assert_gone(link)

    def test_who_holds_a_shell_is_told(self):
        held = self.hold_xdp()
        text = self.lines(self.links.tool("teardown", str(held.id), "--yes"))
        off = text.index(f"link {held.id}: the program is off its hook")
        self.assertIn(f"a shell is left to process {held.process.pid} bpflink", text[off:])
        self.assertEqual("defunct", self.state(held.id))

    def test_a_link_that_is_held_and_cannot_be_detached_stays(self):
        held = self.hold("raw_tracepoint", "raw_tracepoint", "--name", "sched_process_exit")
        self.assert_quiet(self.links.tool("pin", str(held.id), self.made()))
        self.addCleanup(self.links.run, "rm", "-f", self.made())
        done = self.links.tool("teardown", self.made(), "--yes")
        self.assertEqual(1, done.returncode)
        self.assertIn(f"it stays where it is for process {held.process.pid} bpflink",
                      done.stdout.decode())
        self.assertIn(f"link {held.id}", done.stderr.decode())
        self.assertTrue(self.exists(self.made()))
        self.assertEqual("attached", self.state(held.id))

    def test_another_program_than_expected_changes_nothing(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        done = self.links.tool("teardown", self.made(), "--yes", "--expect-program",
                               self.links.facts["other_xdp"])
        self.assert_fails(done, f"link {link}")
        self.assertEqual("attached", self.state(link))
        self.assertTrue(self.exists(self.made()))

    def test_what_is_not_a_link_is_left_alone(self):
        for name in "array", "xdp":
            path = self.links.pin_path(name)
            self.assert_fails(self.links.tool("teardown", path, "--yes"), path)
            self.assertTrue(self.exists(path))
        self.assert_fails(self.links.tool("teardown", "4294967295", "--yes"), "ENOENT")


class Collect(ChangeTest):
    def test_the_pins_of_defunct_links_go_and_no_others(self):
        gone = self.links.pin_path("gone")
        defunct = self.make_defunct(gone)
        link = self.attach("xdp", "xdp", "--interface", self.device)
        plan = self.lines(self.links.tool("gc", self.links.facts["bpffs"]))
        self.assertRegex("\n".join(plan), rf"^remove {gone}: link {defunct} \(cgroup, program \d+ ")
        self.assertEqual(["1 defunct, 1 attached, 0 unknown", "nothing was changed: --yes does it"],
                         plan[-2:])
        self.assertTrue(self.exists(gone))
        done = self.lines(self.links.tool("gc", self.links.facts["bpffs"], "--yes"))
        self.assertEqual([plan[0], "1 defunct, 1 attached, 0 unknown"], done)
        self.assertFalse(self.exists(gone))
        self.assertEqual("attached", self.state(link))
        self.assertEqual(["0 defunct, 1 attached, 0 unknown"],
                         self.lines(self.links.tool("gc", self.links.facts["bpffs"], "--yes")))
        for name in "array", "xdp":
            self.assertTrue(self.exists(self.links.pin_path(name)))

    def test_an_interface_in_another_namespace_is_not_gone(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        done = support.run("nsenter", f"--target={self.links.process.pid}", "--mount", "--root",
                           "--wd", support.TOOL, "gc", self.links.facts["bpffs"], "--yes")
        self.assertEqual(["0 defunct, 1 attached, 0 unknown"], self.lines(done))
        self.assertEqual("attached", self.state(link))

    def test_a_directory_that_is_not_there_is_a_failure(self):
        done = self.links.tool("gc", "/nowhere/pins", "--yes")
        self.assertEqual(1, done.returncode)
        self.assertIn(b"/nowhere/pins", done.stderr)


if __name__ == "__main__":
    support.main()
