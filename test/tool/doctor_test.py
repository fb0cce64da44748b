# SPDX-License-Identifier: Apache-2.0
"""doctor: what it finds, and what it does not take for a fault."""

import errno
import json
import os
import signal
import tempfile
import time

import support
from attachable import AttachableTest, Held


class Doctor(AttachableTest):
    def look(self):
        """Findings of links that are not these tests' are others'."""
        done = self.links.tool("doctor", "--json")
        found = json.loads(done.stdout)
        self.assertEqual(1 if any(not each["note"] for each in found) else 0, done.returncode)
        return found

    def of(self, link, found):
        return [each for each in found if link in each["links"]]

    def found_of(self, link):
        """Somebody who only looks at links may hold it for a moment."""
        deadline = time.monotonic() + support.PATIENCE
        while not (found := self.of(link, self.look())):
            self.assertLess(time.monotonic(), deadline, f"nothing is found of link {link}")
        return found

    def hold(self, hook, program, *options):
        held = Held(self.links, "attach", hook, "--program", self.need(program), *options)
        self.addCleanup(held.close, signal.SIGINT)
        return held

    def test_a_link_that_only_its_pin_keeps_is_a_note(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        found, = self.found_of(link)
        self.assertEqual(("kept_by_pins", True), (found["kind"], found["note"]))
        text = self.links.tool("doctor").stdout.decode()
        self.assertIn("note: ", text)
        self.assertIn("bpflink teardown PATH", text)

    def test_a_link_that_is_held_is_well(self):
        held = self.hold("xdp", "xdp", "--interface", self.device)
        self.assertEqual([], self.of(held.id, self.look()))

    def test_a_defunct_link_that_is_pinned_is_found_and_gc_removes_it(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        self.assert_quiet(self.links.tool("detach", str(link)))
        found, = self.of(link, self.look())
        self.assertEqual(("defunct_pin", False), (found["kind"], found["note"]))
        self.assertIn(self.made(), found["what"])
        self.assertIn("interface is gone", found["what"])
        advice = found["remedy"].split(" removes")[0].split()
        self.assertEqual(["bpflink", "gc", self.links.facts["bpffs"], "--yes"], advice)
        self.assertEqual(0, self.links.tool(*advice[1:]).returncode)
        self.assert_gone(link)

    def test_a_defunct_link_without_a_pin_names_its_holder(self):
        held = self.hold("xdp", "xdp", "--interface", self.device)
        self.assert_quiet(self.links.tool("detach", str(held.id)))
        found, = self.of(held.id, self.look())
        self.assertEqual(("defunct", False), (found["kind"], found["note"]))
        self.assertIn(f"{held.process.pid} bpflink", found["remedy"])

    def test_programs_of_two_network_namespaces_are_not_at_one_place(self):
        place = "--protocol-family", "ipv4", "--priority", "11"
        here = self.hold("netfilter", "netfilter", *place)
        there = Held(self.links, "attach", "netfilter", "--program", self.need("netfilter"), *place,
                     before=("unshare", "--net"))
        self.addCleanup(there.close, signal.SIGINT)
        inode = os.stat(f"/proc/{there.process.pid}/ns/net").st_ino
        targets = [line.strip() for line in self.links.tool(
            "list", "--program", self.links.facts["netfilter"], "-o", "TARGET").stdout.decode().splitlines()]
        self.assertEqual(["TARGET", "ip prerouting priority 11", f"ip prerouting priority 11, netns {inode}"], targets)
        for refuse in None, support.refused(support.BPF_PROG_LOAD, errno.EPERM):  # which tells the namespace
            done = self.links.tool("doctor", "--json", preexec_fn=refuse)
            self.assertEqual([], self.of(here.id, json.loads(done.stdout)))

    def test_a_program_twice_at_one_place_is_found(self):
        place = ["--netns", "/proc/self/ns/net"]
        first = self.hold("netns", "netns", *place)
        second = self.hold("netns", "netns", *place)
        other = self.hold("cgroup", "egress", "--cgroup", self.cgroup, "--direction", "egress")
        self.hold("cgroup", "egress", "--cgroup", self.cgroup, "--direction", "ingress")
        found = self.look()
        twice, = self.of(first.id, found)
        self.assertEqual(("attached_twice", False, [first.id, second.id]),
                         (twice["kind"], twice["note"], twice["links"]))
        self.assertEqual([], self.of(other.id, found))

    def test_iterators_may_be_many(self):
        first = self.hold("iter", "iter")
        self.hold("iter", "iter")
        self.assertEqual([], self.of(first.id, self.look()))

    def test_a_name_that_a_killed_process_left_is_found(self):
        link = self.attach("xdp", "xdp", "--interface", self.device)
        path = self.links.pin_path("name%tmp")
        self.assert_quiet(self.links.tool("pin", str(link), path))
        self.addCleanup(self.links.run, "rm", "-f", path)
        self.assertIn(("temporary_pin", False),
                      [(each["kind"], each["note"]) for each in self.look()
                       if path in each["what"]])

    def test_lockdown_is_found(self):
        """The file is another one, in the mount namespace of these tests."""
        real = "/sys/kernel/security/lockdown"
        if self.links.run("test", "-e", real).returncode != 0:
            self.links.run("mount", "-t", "tmpfs", "none", "/sys/kernel/security")
            self.links.run("touch", real)
            self.addCleanup(self.links.run, "umount", "/sys/kernel/security")
        for text, is_found in (("none integrity [confidentiality]\n", True),
                               ("none [integrity] confidentiality\n", False),
                               ("[none] integrity confidentiality\n", False)):
            with self.subTest(text), tempfile.NamedTemporaryFile("w", dir="/tmp") as file:
                file.write(text)
                file.flush()
                done = self.links.run("mount", "--bind", file.name, real)
                self.assertEqual(0, done.returncode, done)
                try:
                    kinds = [each["kind"] for each in self.look()]
                finally:
                    self.links.run("umount", real)
                self.assertEqual(is_found, "lockdown" in kinds)

    def test_a_limit_of_locked_memory_matters_to_old_kernels_alone(self):
        release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
        done = self.links.run("prlimit", "--memlock=65536", support.TOOL, "doctor", "--json")
        kinds = [each["kind"] for each in json.loads(done.stdout)]
        self.assertEqual(release < (5, 11), "memlock" in kinds)

    def test_who_may_not_look_is_not_told_that_all_is_well(self):
        done = self.links.run("setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all",
                              "--inh-caps=-all", support.TOOL, "doctor")
        self.assertEqual(1, done.returncode)
        self.assertNotIn(b"nothing was found", done.stdout)
        self.assertIn(b"EPERM", done.stderr)


if __name__ == "__main__":
    support.main()
