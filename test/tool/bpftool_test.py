# SPDX-License-Identifier: Apache-2.0
"""The same links, with the same fields, as bpftool shows on the same kernel."""

import json
import shutil

import support
from support import LinksTest, skip_all


class Bpftool(LinksTest):
    def bpftool(self, *options):
        for _ in range(100):
            done = self.links.run("bpftool", "--json", *options, "link", "show")
            if done.returncode == 0:
                return {link["id"]: link for link in json.loads(done.stdout, strict=False)}
        # It gives up when a link is just being made; one whose attach hangs is so all the time.
        if b"Resource temporarily unavailable" in done.stdout:
            self.skipTest(f"bpftool lists no link behind one that is never attached: {done.stdout[-99:]}")
        return self.fail(done)

    def compare(self, theirs, ours, but=frozenset()):
        self.assertEqual(theirs["type"], ours["type"])
        common = (theirs.keys() & ours.keys()) - but
        self.assertEqual({key: theirs[key] for key in common}, {key: ours[key] for key in common})
        self.assertLessEqual(theirs.keys() - {"pids"}, ours.keys())

    def test_all_links_are_listed_and_no_others(self):
        """Others may make and close links meanwhile."""
        for _ in range(20):
            before, ours, after = self.bpftool(), self.links.list(), self.bpftool()
            self.assertLessEqual(before.keys() & after.keys(), ours.keys())
            self.assertLessEqual(set(self.links.ids.values()), ours.keys())
            if ours.keys() <= before.keys() | after.keys():
                return
        self.fail("links that bpftool never sees are listed")

    def test_common_fields_are_equal(self):
        theirs, ours = self.bpftool(), self.links.list()
        for name, number in self.links.ids.items():
            with self.subTest(name):
                self.compare(theirs[number], ours[number])
        for number in theirs.keys() & ours.keys() - set(self.links.ids.values()):
            # Somebody else's may be detached in between.
            self.assertEqual(theirs[number]["type"], ours[number]["type"])

    def test_a_detached_link_has_the_same_fields(self):
        for name in {"xdp", "netns", "tcx", "sockmap", "netfilter"} - self.links.missing.keys():
            with self.subTest(name):
                number = self.links.ids[name]
                self.assert_quiet(self.links.tool("detach", str(number)))
                self.compare(self.bpftool()[number], self.links.list()[number])

    def test_pins_are_the_same(self):
        theirs = self.bpftool("--bpffs")[self.links.ids["xdp"]]
        ours = self.links.list("--pinned")[self.links.ids["xdp"]]
        self.assertEqual([self.links.pin_path("xdp")], theirs["pinned"])
        self.compare(theirs, ours)


class BpftoolOfMany(Bpftool):
    """Where there are so many links that the tool reads all at once."""

    crowd = 1600


if __name__ == "__main__":
    if not shutil.which("bpftool"):
        skip_all("there is no bpftool")
    support.main()
