# SPDX-License-Identifier: Apache-2.0
"""list and show: which links, and what is said of them."""

import json
import re
import time

import support
from support import TOOL, LinksTest, run


class Filters(LinksTest):
    def test_by_type(self):
        ids = self.links.ids
        listed = self.links.list("--type", "cgroup")
        self.assertLessEqual({ids["cgroup"], ids["hostile"], ids["defunct"]}, listed.keys())
        self.assertEqual({"cgroup"}, {link["type"] for link in listed.values()})

    def test_by_the_number_of_a_type(self):
        self.assertIn(self.links.ids["xdp"], self.links.list("--type", "6"))
        self.assertEqual({}, self.links.list("--type", "4294967295"))

    def test_by_program(self):
        listed = self.links.list("--program", str(self.links.programs["cgroup"]))
        self.assertEqual({self.links.ids[name] for name in ("cgroup", "hostile", "defunct")},
                         listed.keys())

    def test_together_they_must_both_hold(self):
        program = str(self.links.programs["xdp"])
        self.assertEqual([self.links.ids["xdp"]],
                         list(self.links.list("--type", "xdp", "--program", program)))
        self.assertEqual({}, self.links.list("--type", "cgroup", "--program", program))

    def test_nothing_found_is_no_failure(self):
        done = self.links.tool("list", "--type", "4294967295")
        self.assertEqual((0, b"ID  TYPE  PROGRAM  STATE  TARGET\n", b""),
                         (done.returncode, done.stdout, done.stderr))
        self.assertEqual([], self.links.read("list", "--json", "--type", "4294967295"))


class Pinned(LinksTest):
    def setUp(self):
        self.made = []

    def tearDown(self):
        for path in self.made:
            self.links.run("rm", "-f", path)

    def pin(self, name, path):
        self.made.append(path)
        self.assert_quiet(self.links.tool("pin", str(self.links.ids[name]), path))

    def pinned(self, *arguments):
        """Ours among the pinned links: other people may have some too."""
        listed = self.links.list("--pinned", *arguments)
        for link in listed.values():
            self.assertTrue(link["pinned"])
        ours = self.links.ids.values()
        return {number: link["pinned"] for number, link in listed.items() if number in ours}

    def test_only_pinned_links_are_listed_with_all_their_paths(self):
        again = self.links.pin_path("xdp_by_another_name")
        self.pin("xdp", again)
        self.assertEqual({self.links.ids["xdp"]: [self.links.pin_path("xdp"), again]},
                         self.pinned())
        self.assertEqual({}, self.pinned("--type", "cgroup"))
        listed = self.links.list()
        self.assertNotIn("pinned", listed[self.links.ids["xdp"]])

    def test_the_table_has_a_column_of_paths(self):
        text = self.links.tool("list", "--pinned").stdout.decode()
        self.assertRegex(text, r"\AID +TYPE +PROGRAM +STATE +TARGET +PINNED\n")
        self.assertRegex(text, rf"{self.links.ids['xdp']} .*  {self.links.pin_path('xdp')}\n")

    def test_every_bpffs_is_looked_at_even_one_with_a_blank_in_its_path(self):
        below = self.links.pin_path("xdp").removesuffix("xdp") + "directory with blank"
        self.links.run("mkdir", below)
        self.addCleanup(self.links.run, "rmdir", below)
        self.links.run("mount", "-t", "bpf", "bpf", below)
        self.addCleanup(self.links.run, "umount", below)
        self.pin("cgroup", f"{below}/inside")
        self.assertEqual({self.links.ids["xdp"]: [self.links.pin_path("xdp")],
                          self.links.ids["cgroup"]: [f"{below}/inside"]}, self.pinned())

    def test_a_bpffs_that_another_mount_hides_is_passed_over(self):
        bpffs = self.links.facts["bpffs"]
        self.links.run("mount", "-t", "tmpfs", "tmpfs", bpffs)
        self.addCleanup(self.links.run, "umount", bpffs)
        self.assertEqual({}, self.pinned())

    def test_a_hostile_path_is_escaped_in_the_table_and_replaced_in_json(self):
        path = self.links.pin_path("").encode() + b"\xff\x1b[31m\"\\"
        self.pin("cgroup", path)
        self.assertEqual([self.links.pin_path("\ufffd\x1b[31m\"\\")],
                         self.pinned()[self.links.ids["cgroup"]])
        text = self.links.tool("list", "--pinned").stdout
        self.assertNotIn(b"\x1b", text)
        self.assertIn(rb"/\xff\x1b[31m" + b'"\\', text)

    def make_unreadable(self, *names):
        for name in names:
            path = self.links.pin_path(name)
            self.pin("cgroup", path)
            self.links.run("chmod", "000", path)

    def without_override(self, *arguments):
        return self.links.run("setpriv", "--bounding-set=-dac_override,-dac_read_search", TOOL, *arguments)

    def test_a_pin_that_cannot_be_read_is_reported_and_the_others_are_listed(self):
        self.make_unreadable("unreadable")
        done = self.without_override("list", "--pinned", "--json")
        self.assertEqual(1, done.returncode)
        self.assertIn(self.links.ids["xdp"], [link["id"] for link in json.loads(done.stdout)])
        # Some kernels put pins of their own into a new bpffs, which are then unreadable too.
        self.assertRegex(done.stderr.decode(), r"\Abpflink: obj_get /.*EACCES.*\n\Z")

    def test_pins_that_cannot_be_read_are_counted_in_one_line(self):
        self.make_unreadable(*(f"unreadable_{number}" for number in range(5)))
        place = self.links.pin_path("kept_out")
        self.links.run("mkdir", place)
        self.addCleanup(self.links.run, "rmdir", place)
        self.links.run("chmod", "000", place)
        for words in ("list", "--pinned"), ("doctor",), ("gc", self.links.facts["bpffs"]):
            with self.subTest(words):
                done = self.without_override(*words)
                said = [line for line in done.stderr.decode().splitlines() if ": note: " not in line]
                directory, pins = sorted(said, key=lambda line: " obj_get " in line)
                told = re.fullmatch(r"bpflink: obj_get /.*\(EACCES\), also for ([0-9]+) others; .*", pins)
                self.assertGreaterEqual(int(told[1]), 4)  # more where others pin, too
                self.assertIn(f"bpflink: open {place}: Permission denied (EACCES); ", directory)
                self.assertEqual(1, done.returncode)

    def test_a_few_things_are_named_in_their_line(self):
        for words, others in ("a0", ""), ("a0,b0", ", also for interface b0"), ("a0,b0,b0,c0", ", also for interface b0 and interface c0"), \
                ("a0,b0,c0,d0", ", also for 3 others"):
            self.assertRegex(self.links.tool("list", "--interface", words).stderr.decode(),
                             rf"\Abpflink: resolve_interface interface a0: [^\n]* \(ENODEV\){others}; no such [^\n]*\n\Z")

    def test_who_may_not_list_all_links_may_still_list_the_pinned_ones(self):
        done = self.links.run("setpriv", "--bounding-set=-sys_admin", TOOL, "list", "--pinned",
                              "--json")
        self.assertIn(self.links.ids["xdp"],
                      [link["id"] for link in support.json_of(done)])


class Show(LinksTest):
    def test_json_is_the_object_of_the_list_with_pins_holders_and_the_program(self):
        listed = self.links.list()
        for name, number in self.links.ids.items():
            with self.subTest(name):
                shown = self.links.read("show", str(number), "--json")
                self.assertEqual(listed[number], {key: shown[key] for key in listed[number]})
                self.assertEqual([self.links.pin_path("xdp")] if name == "xdp" else [],
                                 shown["pinned"])
                self.assertIn({"pid": self.links.process.pid, "comm": "bpflink-tool-li",
                               "descriptors": 1}, shown["pids"])
                program = shown["prog"]
                self.assertEqual((shown["prog_id"], shown["prog_name"], 0),
                                 (program["id"], program["name"], program["uid"]))
                self.assertRegex(program["tag"], r"\A[0-9a-f]{16}\Z")
                self.assertLess(abs(program["loaded_at"] - time.time()), 120)

    def test_text_has_a_line_for_each_fact(self):
        ids, facts = self.links.ids, self.links.facts
        done = self.links.tool("show", str(ids["xdp"]), env={"COLUMNS": "10"})
        self.assertRegex(done.stdout.decode(), "".join((
            rf"\AID       {ids['xdp']}\n"
            r"TYPE     xdp\n"
            rf"PROGRAM  {self.links.programs['xdp']} run_xdp_a\n"
            r"STATE    attached\n"
            rf"TARGET   {facts['device']} \(ifindex {facts['ifindex']}\)\n"
            r"NETNS    [0-9]+\n"
            r"KIND     xdp\n"
            r"TAG      [0-9a-f]{16}\n"
            r"LOADED   20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}\n"
            r"UID      0\n"
            r"(MAPS     .*\n)*(RUNS .*\n)?(RUNTIME .*\n)?"
            rf"HOLDERS  {self.links.process.pid} bpflink-tool-li\n"
            rf"PINNED   {self.links.pin_path('xdp')}\n"
            r"(UNSEEN   .*\n)?\Z")))
        self.assertEqual((0, b""), (done.returncode, done.stderr))

    def test_reverse_is_by_id_where_no_column_is_named(self):
        def ours(*options):
            listed = self.links.read("list", "--json", *options)
            return [link["id"] for link in listed if link["id"] in self.links.ids.values()]

        self.assertEqual(ours()[::-1], ours("--reverse"))
        self.assertEqual(ours(), ours("--sort", "id"))

    def test_a_link_may_be_named_by_a_pin(self):
        self.assertEqual(self.links.ids["xdp"],
                         self.links.read("show", self.links.pin_path("xdp"), "--json")["id"])
        for name in "map", "absent":
            path = self.links.pin_path(name)
            self.assert_fails(self.links.tool("show", path), path)

    def test_a_link_that_is_not_there_fails(self):
        self.assert_fails(self.links.tool("show", "4294967295"), "link 4294967295", "ENOENT")

    # F20
    def test_a_device_of_another_network_namespace_has_no_name(self):
        number = int(self.links.facts["on_loopback"])  # lo has the index 1 here as well
        link = self.links.list()[number]
        self.assertEqual(("lo", 1), (link["devname"], link["ifindex"]))
        self.assertIn("\nTARGET   lo (ifindex 1)\n",
                      self.links.tool("show", str(number)).stdout.decode())
        for command in (("show", str(number), "--json"), ("list", "--json")):
            links = support.json_of(run(TOOL, *command))
            link = links if command[0] == "show" else \
                next(link for link in links if link["id"] == number)
            self.assertEqual(("(unknown)", 1), (link["devname"], link["ifindex"]))
        self.assertRegex(run(TOOL, "show", str(number)).stdout.decode(),
                         rf"\nTARGET   ifindex 1, netns {link['netns_ino']}\n")


if __name__ == "__main__":
    support.main()
