# SPDX-License-Identifier: Apache-2.0
"""What the tests that attach share: pinned programs and maps, and links that tests make of them."""

import json
import os
import subprocess
import time
import unittest

import support
from support import ENVIRONMENT, TOOL


class Attachable(support.Links):
    """The programs and maps of attachable.cpp, pinned until close(), in namespaces of their own. A
    fact that has a program's name is its id."""

    program = os.environ["ATTACHABLE"]


class AttachableTest(support.LinksTest):
    """Tests on programs that are there for the whole class; links go after each test."""

    @classmethod
    def setUpClass(cls):
        cls.links = Attachable()
        cls.addClassCleanup(cls.links.close)

    def setUp(self):
        self.device = self.links.facts["device"]
        self.cgroup = self.links.facts["cgroup"]
        self.links_before = {each["id"] for each in support.all_links()}
        self.addCleanup(self.wait_for_no_links)  # the last one to run

    def wait_for_no_links(self):
        """A link goes in the background with its last pin, and its hook is taken until then."""
        programs = {value for value in self.links.facts.values() if value.isdecimal()}
        deadline = time.monotonic() + support.PATIENCE
        while any(each["id"] not in self.links_before and str(each.get("prog_id")) in programs
                  for each in support.all_links()):
            if time.monotonic() > deadline:
                raise RuntimeError("links of the test are left over")
            time.sleep(0.01)

    def need(self, name):
        """The pin of a program or map, where the kernel has it."""
        if name in self.links.missing:
            self.skipTest(f"no {name}: {self.links.missing[name]}")
        return self.links.pin_path(name)

    def attach(self, hook, program, *options):
        """The id of a link that is pinned at pinned_path()."""
        path = self.links.pin_path("made")
        object_of = ("--map",) if hook == "struct_ops" else ("--program",)
        done = self.links.tool("attach", hook, *object_of, self.need(program), *options, "--pin",
                               path)
        self.addCleanup(self.links.run, "rm", "-f", path)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertRegex(done.stdout, rb"\A\d+\n\Z")
        return int(done.stdout)

    def state(self, link):
        """None where there is no such link."""
        return {each["id"]: each["state"] for each in support.all_links()}.get(link)

    def assert_gone(self, link):
        """Soon: the kernel lets go of a pin later, and who looks at links holds each for a moment."""
        deadline = time.monotonic() + support.PATIENCE
        while self.state(link) is not None:
            self.assertLess(time.monotonic(), deadline, self.state(link))
            time.sleep(0.01)

    def unpin(self, link, path=None):
        """Ends a link that only its pin keeps."""
        self.assert_quiet(self.links.tool("unpin", path or self.made()))
        self.assert_gone(link)

    def made(self):
        return self.links.pin_path("made")

    def show(self, link):
        return self.links.read("show", str(link), "--json")

    def bpftool(self, *arguments):
        done = self.links.run("bpftool", "--json", *arguments)
        self.assertEqual(0, done.returncode, done)
        return json.loads(done.stdout, strict=False)

    def bpftools_link(self, link):
        # By its id, bpftool shows it and fails.
        done = self.links.run("bpftool", "--json", "link", "show", "id", str(link))
        return json.loads(done.stdout, strict=False)


class Held:
    """A tool that holds a link, by --wait, until close()."""

    def __init__(self, links, *arguments, before=()):
        """@param before  what runs the tool: ("unshare", "--net")"""
        self.process = subprocess.Popen(links.enter(*before, TOOL, *arguments, "--wait"), env=ENVIRONMENT,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1].decode())
        self.id = int(line)

    def close(self, number):
        """Sends the signal; what the tool exited with."""
        self.process.send_signal(number)
        self.process.communicate(timeout=support.PATIENCE)
        return self.process.returncode
