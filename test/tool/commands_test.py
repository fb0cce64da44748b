# SPDX-License-Identifier: Apache-2.0
"""pin, unpin and detach: what they do, and how they fail."""

import os
import tempfile

import support
from support import TOOL, LinksTest


class Pin(LinksTest):
    def exists(self, path):
        return self.links.run("test", "-e", path).returncode == 0

    def id_at(self, path):
        for link in self.links.read("list", "--json", "--pinned"):
            if path in link["pinned"]:
                return link["id"]
        return None

    def test_pin_makes_a_pin_and_unpin_removes_it(self):
        path = self.links.pin_path("egress")
        self.assert_quiet(self.links.tool("pin", str(self.links.ids["cgroup"]), path))
        self.assertEqual(self.links.ids["cgroup"], self.id_at(path))
        self.assert_quiet(self.links.tool("unpin", path))
        self.assertFalse(self.exists(path))
        self.assertEqual("attached", self.links.list()[self.links.ids["cgroup"]]["state"])

    def test_a_relative_path_is_meant_from_the_working_directory(self):
        for command in f"pin {self.links.ids['cgroup']} relative", "unpin ./relative":
            shell = f'cd {self.links.facts["bpffs"]} && exec "$0" {command}'
            self.assert_quiet(self.links.run("sh", "-c", shell, TOOL))
            self.assertEqual(command.startswith("pin"),
                             self.exists(self.links.pin_path("relative")))

    def test_a_taken_path_is_left_as_it_was(self):
        path = self.links.pin_path("xdp")
        self.assert_fails(self.links.tool("pin", str(self.links.ids["cgroup"]), path),
                          path, "EEXIST")
        self.assertEqual(self.links.ids["xdp"], self.id_at(path))

    def test_places_that_take_no_pin_are_named_with_the_reason(self):
        number = str(self.links.ids["cgroup"])
        for path, word in ((self.links.pin_path("with.dot"), "dot"),
                           (self.links.pin_path("no/such/directory"), "ENOENT"),
                           ("/tmp/not_on_a_bpffs", "not on a bpffs")):
            with self.subTest(path):
                self.assert_fails(self.links.tool("pin", number, path), path, word)
                self.assertFalse(self.exists(path))

    def test_names_of_pins_are_any_bytes_and_reach_a_terminal_as_text(self):
        number = str(self.links.ids["cgroup"])
        names = b"a\nb", b"e\x1b[31mx", b"caf\xc3\xa9", b"bad\xff", b"-dash", b"with space", b"%41", b"x" * 255, b'q"\\'
        paths = [self.links.pin_path("").encode() + name for name in names]
        for path in paths:
            self.assert_quiet(self.links.tool("pin", number, path))
        try:
            said = self.links.tool("show", number).stdout
            for shown in rb"/a\x0ab", rb"/e\x1b[31mx", "/café".encode(), rb"/bad\xff", b"/-dash\n", b"/" + b"x" * 255:
                self.assertIn(shown, said)
            self.assertNotIn(b"\x1b", said)
            pinned = self.links.read("show", "--json", number)["pinned"]
            self.assertEqual(len(paths), len([path for path in pinned if path.startswith(self.links.pin_path(""))]))
        finally:
            for path in paths:
                self.assert_quiet(self.links.tool("unpin", path))

    def test_a_link_that_is_not_there_cannot_be_pinned(self):
        path = self.links.pin_path("nothing")
        self.assert_fails(self.links.tool("pin", "4294967295", path), "link 4294967295", "ENOENT")
        self.assertFalse(self.exists(path))

    def test_unpin_removes_nothing_but_a_links_pin(self):
        for name, word in ("map", "BPF map"), ("program", "BPF program"):
            path = self.links.pin_path(name)
            self.assert_fails(self.links.tool("unpin", path), path, word)
            self.assertTrue(self.exists(path))
        with tempfile.NamedTemporaryFile() as file:
            self.assert_fails(self.links.tool("unpin", file.name), file.name, "not on a bpffs")
            self.assertTrue(os.path.exists(file.name))
        self.assert_fails(self.links.tool("unpin", self.links.pin_path("absent")), "ENOENT")
        self.assert_fails(self.links.tool("unpin", self.links.facts["bpffs"]), "EACCES")


class Detach(LinksTest):
    def test_detach_leaves_a_defunct_link_and_may_be_repeated(self):
        for name in {"xdp", "cgroup", "tcx", "netns"} - self.links.missing.keys():
            with self.subTest(name):
                number = self.links.ids[name]
                for _ in range(2):
                    self.assert_quiet(self.links.tool("detach", str(number)))
                self.assertEqual("defunct", self.links.list()[number]["state"])
        self.assertEqual(("(detached)", 0),
                         tuple(self.links.list()[self.links.ids["xdp"]][key]
                               for key in ("devname", "ifindex")))
        shown = self.links.tool("show", str(self.links.ids["xdp"])).stdout.decode()
        self.assertIn("\nSTATE    defunct\nTARGET   -\n", shown)

    def test_kinds_that_the_kernel_cannot_detach_stay_attached(self):
        for name in {"raw_tracepoint", "iter", "perf_event"} - self.links.missing.keys():
            with self.subTest(name):
                number = self.links.ids[name]
                self.assert_fails(self.links.tool("detach", str(number)), f"link {number} ({name})",
                                  "last descriptor")
                self.assertEqual("attached", self.links.list()[number]["state"])

    def test_a_link_that_is_not_there_cannot_be_detached(self):
        self.assert_fails(self.links.tool("detach", "4294967295"), "link 4294967295", "ENOENT")


if __name__ == "__main__":
    support.main()
