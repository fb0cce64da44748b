# SPDX-License-Identifier: Apache-2.0
"""on and holders: what runs at a place, in which order, and who keeps it there."""

import json
import os
import re
import shutil
import tempfile

import support
from support import LINKS, TOOL, LinksTest, run


class On(LinksTest):
    def on(self, target):
        return self.links.read("on", target, "--json")

    def links_on(self, target):
        """(hook, link) in order."""
        return [(each["hook"], each["link"]) for each in self.on(target)]

    def expected(self, *pairs):
        """(hook, name), but for the kinds that this kernel lacks."""
        return [(hook, self.links.ids[name]) for hook, name in pairs if name in self.links.ids]

    def test_an_interface_has_xdp_before_tcx(self):
        device = self.links.facts["device"]
        self.assertEqual(self.expected(("xdp", "xdp"), ("tcx_ingress", "tcx")),
                         self.links_on(device))
        first = self.on(device)[0]
        self.assertEqual(("run_xdp_a", self.links.programs["xdp"], "driver"),
                         (first["prog_name"], first["prog_id"], first["from"]))
        self.assertNotIn("note", first)

    def test_an_interface_of_another_namespace_is_named_with_it(self):
        on_loopback = ("xdp", int(self.links.facts["on_loopback"]))
        for target in f"{self.links.process.pid}:lo", f"/proc/{self.links.process.pid}/ns/net:lo":
            found = support.json_of(run(TOOL, "on", target, "--json"))
            self.assertEqual([on_loopback], [(each["hook"], each["link"]) for each in found])
        self.assertEqual([on_loopback], self.links_on("lo"))
        here = support.json_of(run(TOOL, "on", "lo", "--json"))
        self.assertNotIn(on_loopback[1], [each["link"] for each in here])

    def test_an_interface_has_alternative_names_of_any_length(self):
        device = self.links.facts["device"]
        for name in "short_one", "a_name_of_" + "many" * 20 + "_characters":
            with self.subTest(name):
                done = self.links.run("ip", "link", "property", "add", "dev", device, "altname", name)
                if done.returncode != 0:
                    self.skipTest(f"no alternative names: {done.stderr}")
                self.addCleanup(self.links.run, "ip", "link", "property", "del", "dev", device, "altname", name)
                self.assertEqual(self.links_on(device), self.links_on(name))
        for name in "a_name_that_nobody_has", "n" * 127, "n" * 128:
            self.assert_fails(self.links.tool("on", name), name, "no such")

    def test_a_cgroup_runs_its_own_before_what_it_inherits(self):
        cgroup = self.links.facts["cgroup"]
        hostile = cgroup.encode() + b"/evil\x1b[31m\xff\ttab"
        ours = self.expected(("cgroup_inet_egress", "hostile"), ("cgroup_inet_egress", "cgroup"))
        self.assertEqual(ours, [each for each in self.links_on(hostile) if each in ours])
        origins = [each["from"] for each in self.on(hostile)
                   if each["link"] in (ours[0][1], ours[1][1])]
        self.assertEqual(cgroup, origins[1])
        self.assertTrue(origins[0].startswith(cgroup + "/evil"))
        self.assertNotIn(ours[0], self.links_on(cgroup))
        self.assertIn(ours[1], self.links_on(cgroup))

    def inherited(self, done):
        """(from, link, note) of what the cgroup in a namespace inherits from that of the links."""
        return [(each["from"], each["link"], each.get("note")) for each in support.json_of(done)
                if each["prog_id"] == self.links.programs["cgroup"] and each["hook"] == "cgroup_inet_egress"]

    def test_a_cgroup_inherits_from_those_that_are_not_seen_from_here(self):
        mount = os.path.dirname(self.links.facts["cgroup"])
        for target in mount, "$$":
            with self.subTest(target):
                done = self.links.run_in_cgroup(f'"$1" on {target} --json')
                self.assertEqual([(f"above {mount}", None, "perhaps a link")], self.inherited(done))

    def test_the_cgroup_of_a_process_may_be_on_no_mount_that_is_seen_from_here(self):
        done = self.links.run_in_cgroup('"$1" on $$', mounts=False)
        self.assertEqual(1, done.returncode, done)
        self.assertRegex(done.stderr.decode(), r"resolve_cgroup / of process \d+: .*no cgroup2 file system that is "
                         "mounted here shows it")

    def test_a_cgroup_needs_no_privilege_to_be_found(self):
        capabilities = "+sys_admin,+net_admin"
        done = self.links.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                              f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}",
                              TOOL, "on", self.links.facts["cgroup"], "--json")
        self.assertEqual([(self.links.facts["cgroup"], self.links.ids["cgroup"], None)], self.inherited(done))

    def test_a_network_namespace_has_its_netfilter_links(self):
        self.assertEqual(self.expected(("sk_lookup", "netns"), ("netfilter", "netfilter")),
                         self.links_on("/proc/thread-self/ns/net"))

    def test_a_map_by_its_id(self):
        listed = self.links.list()
        for name, hook in ("iter_map", "iter"), ("sockmap", "sk_skb_verdict"):
            if name in self.links.missing:
                continue
            map_id = listed[self.links.ids[name]]["map_id"]
            self.assertEqual(self.expected((hook, name)), self.links_on(f"map:{map_id}"))
        self.assertEqual([], self.on(self.links.pin_path("map")))

    def test_a_file_and_a_process_that_runs_it_have_its_uprobes(self):
        found = self.on(LINKS)
        if "uprobe_multi" in self.links.missing:
            self.assertEqual([], found)
            return
        mine = [each for each in found if each["link"] == self.links.ids["uprobe_multi"]]
        self.assertEqual(["uprobe", "uprobe"], [each["hook"] for each in mine])
        self.assertEqual(sorted(each["from"] for each in mine), [each["from"] for each in mine])
        of_process = self.on(str(self.links.process.pid))
        for each in mine:
            self.assertIn(each, of_process)
        held = {each["link"] for each in of_process if each.get("note") == "open"}
        self.assertEqual(set(self.links.ids.values()) | {int(self.links.facts["on_loopback"])}, held)

    def test_a_file_may_have_a_colon_in_its_name(self):
        with tempfile.TemporaryDirectory() as place:
            path = f"{place}/a:b"
            self.assert_fails(self.links.tool("on", path), f"{place}/a")
            with open(path, "wb"):
                self.assertEqual([], self.on(path))

    def test_what_is_not_a_link_says_so(self):
        if not shutil.which("bpftool"):
            self.skipTest("there is no bpftool to attach without a link")
        device, cgroup = self.links.facts["device"][:-1] + "b", self.links.facts["cgroup"]
        program = {name: str(self.links.programs[name]) for name in ("xdp", "cgroup")}
        bpftool = "bpftool", "--json"
        self.links.run("ip", "link", "set", device, "up")
        done = self.links.run(*bpftool, "net", "attach", "xdpgeneric", "id", program["xdp"], "dev",
                              device)
        self.assertEqual(0, done.returncode, done)
        self.addCleanup(self.links.run, *bpftool, "net", "detach", "xdpgeneric", "dev", device)
        done = self.links.run(*bpftool, "cgroup", "attach", cgroup, "cgroup_inet_ingress", "id",
                              program["cgroup"], "multi")
        self.assertEqual(0, done.returncode, done)
        self.addCleanup(self.links.run, *bpftool, "cgroup", "detach", cgroup, "cgroup_inet_ingress",
                        "id", program["cgroup"])
        self.assertEqual([{"hook": "xdp", "link": None, "prog_id": int(program["xdp"]),
                           "prog_name": "run_xdp_a", "from": "generic", "note": "not a link"}],
                         self.on(device))
        without = [each for each in self.on(cgroup) if each["from"] == cgroup]
        self.assertEqual([("cgroup_inet_ingress", None, "not a link"),
                          ("cgroup_inet_egress", self.links.ids["cgroup"], None)],
                         [(each["hook"], each["link"], each.get("note")) for each in without])
        text = self.links.tool("on", device).stdout.decode()
        self.assertRegex(text, r"\AHOOK +LINK +PROGRAM +WHERE +NOTE\nxdp +- .* not a link\n\Z")

    def do(self, *command):
        done = self.links.run(*command)
        self.assertEqual(0, done.returncode, done)
        return done.stdout

    def check_filters(self, sides):
        """Of a qdisc with filters in an order that is not that of running."""
        device, program = self.links.facts["device"], self.links.programs["tcx"]
        pin = self.links.pin_path("filter")

        def add(side, priority, *options):
            self.do("tc", "filter", "add", "dev", device, side, "pref", str(priority), *options)

        ours = "direct-action", "object-pinned", pin
        for side in sides:
            add(side, 20, "bpf", *ours)
            add(side, 10, "bpf", *ours)
            add(side, 5, "bpf", "bytecode", "1,6 0 0 4294967295")  # classic: it has no id
            add(side, 30, "chain", "7", "bpf", "object-pinned", pin)
        found = self.on(device)
        filters = [each for each in found if each["hook"].startswith("tc_")]
        there = [("priority 10 handle 0x1", "not a link"), ("priority 20 handle 0x1", "not a link"),
                 ("chain 7 priority 30 handle 0x1", "not a link, classifies")]
        self.assertEqual([(f"tc_{side}", None, program, *each) for side in sides for each in there],
                         [tuple(each[key] for key in ("hook", "link", "prog_id", "from", "note"))
                          for each in filters])
        before = found[:found.index(filters[0])]
        self.assertEqual(self.expected(("xdp", "xdp"), ("tcx_ingress", "tcx")),
                         [(each["hook"], each["link"]) for each in before])
        for side in sides:  # as tc has it, but for the chain, which it puts elsewhere
            text = self.do("tc", "filter", "show", "dev", device, side)
            self.assertEqual([str(program).encode()] * 3, re.findall(rb" id (\d+) ", text))

    def test_where_links_may_not_be_told_a_program_is_perhaps_one(self):
        done = self.links.run("setpriv", "--bounding-set=-sys_admin,-perfmon", TOOL, "on", "--json",
                              self.links.facts["cgroup"])
        self.assertEqual((1, 1), (done.returncode, done.stderr.count(b"\n")), done)
        self.assertIn(b"EPERM", done.stderr)
        mine = [each for each in json.loads(done.stdout)
                if each["prog_id"] == self.links.programs["cgroup"]]
        self.assertEqual([(None, "perhaps a link")],
                         [(each["link"], each["note"]) for each in mine])

    def test_hooks_that_may_not_be_asked_are_counted_in_one_line(self):
        done = self.links.run("setpriv", "--bounding-set=-all", "--inh-caps=-all", TOOL, "on", "lo")
        said = [line for line in done.stderr.decode().splitlines() if " prog_query " in line]
        self.assertEqual((1, 1), (done.returncode, len(said)), done)
        self.assertRegex(said[0], r" prog_query interface 1, tcx_ingress: .*\(EPERM\), also for ")

    def test_filters_of_tc_run_after_tcx_and_are_not_links(self):
        for name in "tc", "bpftool":
            if not shutil.which(name):
                self.skipTest(f"there is no {name} to make a filter")
        if "tcx" in self.links.missing:
            self.skipTest("no program for a filter: this kernel has no tcx")
        device, pin = self.links.facts["device"], self.links.pin_path("filter")
        self.do("bpftool", "prog", "pin", "id", str(self.links.programs["tcx"]), pin)
        self.addCleanup(self.links.run, "rm", pin)
        # To the qdisc ingress, the kernel answers with the same filters for the other side.
        for qdisc, sides in ("clsact", ("ingress", "egress")), ("ingress", ("ingress",)):
            with self.subTest(qdisc):
                self.do("tc", "qdisc", "add", "dev", device, qdisc)
                try:
                    self.check_filters(sides)
                finally:
                    self.do("tc", "qdisc", "del", "dev", device, qdisc)
        self.assertEqual([], [each for each in self.on(device) if each["hook"].startswith("tc_")])

    def test_a_map_is_named_by_its_number(self):
        self.assert_fails(self.links.tool("on", "map:999999"), "map 999999", "nothing has this id, or it has ended")
        for word in "map:x", "map:", "map:/sys/fs/bpf/m", "map:4294967296", "map:0":
            with self.subTest(word):
                done = self.links.tool("on", word, "--json")
                self.assertEqual((2, b""), (done.returncode, done.stdout))
                self.assertIn(f"'{word[4:]}' is not an id: give a decimal number from 1 on", done.stderr.decode())

    def test_a_namespace_that_is_not_there_is_told(self):
        for words in ("on", "nowhere:lo"), ("list", "--netns", "nowhere"), ("tree", "--netns", "nowhere"):
            self.assert_fails(self.links.tool(*words), "/run/netns/nowhere", "; nothing is there")

    def test_what_is_not_there_is_named(self):
        for target in "nowhere0", "nowhere:lo", "/nowhere", "999999", "/tmp", \
                self.links.pin_path("xdp"):
            with self.subTest(target):
                self.assert_fails(self.links.tool("on", target), target.partition(":")[0])


class Holders(LinksTest):
    def test_processes_and_pins_of_one_link(self):
        found = self.links.read("holders", str(self.links.ids["xdp"]), "--json")
        self.assertEqual([self.links.ids["xdp"]], [each["id"] for each in found])
        self.assertEqual([self.links.pin_path("xdp")], found[0]["pinned"])
        self.assertEqual([{"pid": self.links.process.pid, "comm": "bpflink-tool-li",
                           "descriptors": 1}], found[0]["pids"])
        self.assertEqual(found, self.links.read("holders", self.links.pin_path("xdp"), "--json"))

    def test_of_every_link(self):
        found = {each["id"]: each for each in self.links.read("holders", "--json")}
        self.assertLessEqual(set(self.links.ids.values()), found.keys())

    def test_the_table_has_a_line_for_each_holder(self):
        number = self.links.ids["xdp"]
        text = self.links.tool("holders", str(number)).stdout.decode()
        self.assertRegex(text, r"\ALINK +PROCESS +DESCRIPTORS +HOLDER\n")
        self.assertRegex(text, rf"\n{number} +{self.links.process.pid} +1 +bpflink-tool-li\n")
        self.assertRegex(text, rf"\n{number} +- +- +{self.links.pin_path('xdp')}\n")

    def test_a_link_that_is_not_there_fails(self):
        self.assert_fails(self.links.tool("holders", "4294967295"), "4294967295")


if __name__ == "__main__":
    support.main()
