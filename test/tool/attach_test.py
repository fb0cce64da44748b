# SPDX-License-Identifier: Apache-2.0
"""attach: every hook of the library, by its options."""

import ctypes
import json
import os
import re
import shutil
import signal
import struct

import support
from attachable import AttachableTest, Held
from schema import mistakes
from support import TOOL, run

with open(os.environ["SCHEMA"], encoding="utf-8") as text:
    SCHEMA = json.load(text)
HOOKS = ("cgroup freplace iter kprobe kprobe_multi lsm netfilter netkit netns perf_event "
         "raw_tracepoint sockmap struct_ops tcx tp_btf tracepoint tracing tracing_multi uprobe "
         "uprobe_multi xdp").split()


def perf_event():
    """A descriptor of an event that never happens: PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY."""
    attributes = struct.pack("=IIQ", 1, 112, 9).ljust(112, b"\0")
    number = {"x86_64": 298, "aarch64": 241}.get(os.uname().machine)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(number, attributes, 0, -1, -1, 0) if number else -1


class Attach(AttachableTest):
    def test_every_hook_is_a_subcommand_with_help(self):
        text = self.links.tool("attach", "--help").stdout.decode()
        for hook in HOOKS:
            with self.subTest(hook):
                self.assertRegex(text, rf"\n  {hook} ")
                done = self.links.tool("attach", hook, "--help")
                self.assertEqual((0, b""), (done.returncode, done.stderr))
                options = done.stdout.decode()
                for option in "--pin", "--wait":
                    self.assertIn(f"\n  {option}", options)
                for line in options.splitlines():
                    self.assertLessEqual(len(line), 100, line)

    def test_xdp_by_name_and_mode(self):
        link = self.attach("xdp", "xdp", "--interface", self.device, "--mode", "generic")
        shown = self.show(link)
        self.assertEqual(("xdp", int(self.links.facts["xdp"]), self.device, [self.made()]),
                         tuple(shown[key] for key in ("type", "prog_id", "devname", "pinned")))

    def test_xdp_by_index_and_program_id(self):
        done = self.links.tool("attach", "xdp", "--program", self.links.facts["xdp"],
                               "--interface", self.links.facts["ifindex"], "--pin", self.made())
        self.addCleanup(self.links.run, "rm", "-f", self.made())
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertEqual(self.device, self.show(done.stdout.decode().strip())["devname"])
        self.assert_fails(self.links.tool("attach", "tcx", "--program", self.links.facts["tcx"],
                                          "--interface", self.device, "--direction", "egress",
                                          "--pin", self.made()), "EEXIST", "pin --replace")

    def test_a_link_is_what_bpftool_shows(self):
        if not shutil.which("bpftool"):
            self.skipTest("there is no bpftool")
        link = self.attach("tcx", "tcx", "--interface", self.device, "--direction", "egress")
        theirs = self.bpftools_link(link)
        self.assertEqual(("tcx", int(self.links.facts["tcx"]), self.device, "tcx_egress"),
                         tuple(theirs[key] for key in ("type", "prog_id", "devname",
                                                       "attach_type")))

    def test_tcx_goes_where_the_order_says(self):
        self.need("tcx")
        first = Held(self.links, "attach", "tcx", "--program", self.need("tcx"), "--interface",
                     self.device, "--direction", "ingress")
        self.addCleanup(first.close, signal.SIGINT)
        for options, before in ((["--before", f"link:{first.id}"], True), (["--first"], True),
                                (["--after", f"program:{self.links.facts['tcx']}"], False),
                                (["--after", f"program:{self.links.pin_path('tcx')}"], False),
                                (["--last"], False), ([], False)):
            with self.subTest(options):
                link = self.attach("tcx", "other_tcx", "--interface", self.device,
                                   "--attach-type", "ingress", *options)
                there = self.bpftool("net", "show", "dev", self.device)[0]["tc"]
                ids = [each["prog_id"] for each in there]
                both = [int(self.links.facts[name]) for name in ("other_tcx", "tcx")]
                self.assertEqual(both if before else both[::-1], ids)
                self.unpin(link)

    def test_a_revision_that_is_not_the_hooks_is_stale(self):
        self.need("tcx")
        done = self.links.tool("attach", "tcx", "--program", self.links.pin_path("tcx"),
                               "--interface", self.device, "--direction", "ingress",
                               "--expected-revision", "0xffff", "--pin", self.made())
        self.assert_fails(done, "ESTALE")

    def test_cgroup_by_direction_type_and_program(self):
        for program, options, attach_type in (
                ("egress", ["--direction", "egress"], "cgroup_inet_egress"),
                ("egress", ["--attach-type", "inet_ingress"], "cgroup_inet_ingress"),
                ("connect", ["--attach-type", "cgroup_inet4_connect"], "cgroup_inet4_connect")):
            with self.subTest(attach_type):
                link = self.attach("cgroup", program, "--cgroup", self.cgroup, *options)
                shown = self.show(link)
                self.assertEqual(attach_type, shown["attach_type"])
                self.assertEqual(os.stat(self.cgroup).st_ino, shown["cgroup_id"])
                self.unpin(link)

    def test_in_preorder_a_cgroups_program_runs_before_those_below(self):
        below = os.path.join(self.cgroup, "below")
        os.mkdir(below)
        self.addCleanup(os.rmdir, below)

        def order():
            return [each["link"] for each in self.links.read("on", below, "--json")
                    if each["hook"] == "cgroup_inet_egress" and each["from"].startswith(self.cgroup)]

        def attach(program, cgroup, *options):
            path = self.links.pin_path("made_" + program)
            done = self.links.tool("attach", "cgroup", "--program", self.need(program), "--cgroup",
                                   cgroup, "--direction", "egress", *options, "--pin", path)
            self.addCleanup(self.links.run, "rm", "-f", path)
            if done.returncode != 0 and b"no preorder" in done.stderr:
                self.skipTest(done.stderr.decode())
            self.assertEqual((0, b""), (done.returncode, done.stderr))
            return path, int(done.stdout)

        _, under = attach("egress", below)
        path, above = attach("other_egress", self.cgroup)
        self.assertEqual([under, above], order())
        self.unpin(above, path)
        _, above = attach("other_egress", self.cgroup, "--preorder")
        self.assertEqual([above, under], order())

    def test_netns_by_its_file(self):
        link = self.attach("netns", "netns", "--netns", "/proc/self/ns/net")
        self.assertEqual("sk_lookup", self.show(link)["attach_type"])

    def test_netfilter_by_names_and_a_negative_priority(self):
        link = self.attach("netfilter", "netfilter", "--protocol-family", "ipv6", "--hook",
                           "local_out", "--priority", "-130")
        shown = self.show(link)
        self.assertEqual((10, 3, -130), tuple(shown[key] for key in ("pf", "hook", "prio")))

    def test_sockmap_by_a_maps_pin_and_id(self):
        self.need("sockmap")
        sockets = self.links.pin_path("sockets")
        link = self.attach("sockmap", "sockmap", "--map", sockets, "--attach-type",
                           "sk_skb_verdict")
        number = self.show(link)["map_id"]
        self.unpin(link)
        link = self.attach("sockmap", "sockmap", "--map", str(number), "--attach-type",
                           "sk_skb_verdict")
        self.assertEqual(number, self.show(link)["map_id"])

    def test_struct_ops_is_attached_by_its_map(self):
        link = self.attach("struct_ops", "table")
        self.assertEqual(int(self.links.facts["table"]), self.show(link)["map_id"])

    def test_tracepoints_with_cookies_in_hexadecimal(self):
        link = self.attach("tracepoint", "tracepoint", "--group", "sched", "--name",
                           "sched_process_exit", "--cookie", "0x1f")
        shown = self.show(link)
        self.assertEqual("sched_process_exit", shown["tracepoint"])
        self.assertEqual(31, shown.get("cookie", 31))
        self.unpin(link)
        link = self.attach("raw_tracepoint", "raw_tracepoint", "--name", "sched_process_exit")
        self.assertEqual("sched_process_exit", self.show(link)["tp_name"])

    def test_the_place_may_be_in_the_program(self):
        for hook, function in (("tp_btf", None), ("tracing", "do_unlinkat"),
                               ("lsm", "bpf_lsm_file_open")):
            with self.subTest(hook):
                link = self.attach(hook, hook, "--cookie", "1")
                shown = self.show(link)
                self.assertEqual(int(self.links.facts.get(hook, 0)), shown["prog_id"])
                if "target_btf_id" in shown:
                    self.assertEqual((function, None), (shown["func"], shown.get("module")))
                    self.assertRegex(self.target_of(link), rf"\w+, {function}(, cookie 1)?\Z")
                self.assertEqual([], list(mistakes(SCHEMA["items"], shown)))
                self.unpin(link)

    def test_a_replaced_function_is_named_with_its_program(self):
        target = self.need("replaced") and self.links.facts["replaced"]
        link = self.attach("freplace", "freplace", "--target", f"program:{target}", "--function",
                           "replaced_by_another")
        shown = self.show(link)
        self.assertEqual((int(target), "replaced_by_another"),
                         (shown["target_obj_id"], shown["func"]))
        self.assertEqual(f"program {target}, replaced_by_another", self.target_of(link))
        self.assertEqual([], list(mistakes(SCHEMA["items"], shown)))

    def target_of(self, link):
        text = self.links.tool("show", str(link)).stdout.decode()
        return re.search(r"^TARGET +(.*)$", text, re.MULTILINE).group(1)

    def test_uprobes_in_a_process_and_by_lists(self):
        binary, offset, other = (os.environ["ATTACHABLE"], self.links.facts["offset"],
                                 self.links.facts["other_offset"])
        link = self.attach("uprobe", "kprobe", "--binary", binary, "--offset", offset, "--pid",
                           str(self.links.process.pid))
        self.unpin(link)
        for places in ([f"--offsets={offset},{other}", "--cookies=1,2"],
                       ["--offsets", offset, "--offsets", other],
                       ["--symbols", "_Z8probed_ai,_Z8probed_bi", "--retprobe"]):
            with self.subTest(places):
                link = self.attach("uprobe_multi", "uprobe_multi", "--binary", binary, *places)
                self.assertEqual(2, self.show(link).get("func_cnt", 2))
                self.unpin(link)

    def test_iterators_over_tasks_cgroups_and_maps(self):
        for options in [], ["--task", "1"], ["--task", "process:1"], ["--task", "thread:1"]:
            with self.subTest(options):
                link = self.attach("iter", "iter", *options)
                shown = self.show(link)
                self.assertEqual("task", shown["target_name"])
                if options:
                    self.assertEqual(1, shown["tid" if "thread" in options[1] else "pid"])
                self.unpin(link)
        link = self.attach("iter", "iter_cgroup", "--cgroup", self.cgroup, "--cgroup-order",
                           "descendants_post")
        self.assertEqual((os.stat(self.cgroup).st_ino, "descendants_post"),
                         tuple(self.show(link)[key] for key in ("cgroup_id", "order")))
        self.unpin(link)
        link = self.attach("iter", "iter_map", "--map", self.links.pin_path("array"))
        self.assertEqual("bpf_map_elem", self.show(link)["target_name"])

    def test_an_event_is_a_descriptor_of_the_caller(self):
        event = perf_event()
        if event < 0:
            self.skipTest("no event of the kernel's")
        self.addCleanup(os.close, event)
        done = self.links.tool("attach", "perf_event", "--program", self.need("perf_event"),
                               "--event", f"fd:{event}", "--pin", self.made(), pass_fds=(event,))
        self.addCleanup(self.links.run, "rm", "-f", self.made())
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertEqual("perf_event", self.show(done.stdout.decode().strip())["type"])

    def test_what_the_kernel_lacks_is_told(self):
        for hook, program, options in (("kprobe", "kprobe", ["--function", "do_unlinkat"]),
                                       ("kprobe_multi", "kprobe_multi",
                                        ["--symbols", "do_unlinkat,do_exit"]),
                                       ("netkit", "tcx", ["--interface", self.device,
                                                          "--attach-type", "peer"])):
            with self.subTest(hook):
                done = self.links.tool("attach", hook, "--program", self.need(program), *options,
                                       "--pin", self.made())
                self.addCleanup(self.links.run, "rm", "-f", self.made())
                if done.returncode != 0:
                    self.assert_fails(done)


class Refused(AttachableTest):
    def test_a_link_that_would_end_at_once_is_refused(self):
        done = self.links.tool("attach", "xdp", "--program", self.links.pin_path("xdp"),
                               "--interface", self.device)
        self.assertEqual((2, b""), (done.returncode, done.stdout))
        self.assertIn(b"--wait", done.stderr)

    def test_wait_holds_the_link_until_a_signal(self):
        for number in signal.SIGINT, signal.SIGTERM:
            held = Held(self.links, "attach", "xdp", "--program", self.links.pin_path("xdp"),
                        "--interface", self.device)
            self.assertEqual(self.device, self.show(held.id)["devname"])
            self.assertEqual(0, held.close(number))
            self.assert_gone(held.id)

    def test_a_program_of_another_type_is_refused_with_both_types(self):
        done = self.links.tool("attach", "xdp", "--program", self.links.pin_path("egress"),
                               "--interface", self.device, "--pin", self.made())
        self.assert_fails(done, "cgroup_skb", "xdp")

    def test_a_pin_that_is_taken_leaves_no_link(self):
        done = self.links.tool("attach", "xdp", "--program", self.links.pin_path("xdp"),
                               "--interface", self.device, "--pin", self.links.pin_path("array"))
        self.assert_fails(done, "EEXIST")
        self.assertEqual([], self.links.read("list", "--json", "--program",
                                             self.links.facts["xdp"]))

    def test_what_is_not_there_is_named(self):
        pin, program = ["--pin", self.made()], ["--program", self.links.pin_path("xdp")]
        for arguments, word in (
                (["xdp", *program, "--interface", "nowhere0"], "nowhere0"),
                (["xdp", "--program", "4294967295", "--interface", "lo"], "4294967295"),
                (["xdp", "--program", self.links.pin_path("array"), "--interface", "lo"], "array"),
                (["cgroup", "--program", self.links.pin_path("connect"), "--cgroup", "/nowhere/x",
                  "--attach-type", "inet4_connect"], "/nowhere/x"),
                (["netns", *program, "--netns", "/nowhere/net"], "/nowhere/net"),
                (["sockmap", *program, "--map", "4294967295"], "map 4294967295"),
                (["struct_ops", "--map", "/nowhere/map"], "/nowhere/map"),
                (["tcx", *program, "--interface", "lo", "--after", "link:4294967295"],
                 "is of type xdp"),
                (["freplace", *program, "--target", "program:4294967295"], "4294967295")):
            with self.subTest(arguments):
                self.assert_fails(self.links.tool("attach", *arguments, *pin), word)

    def test_words_without_meaning_are_refused_before_anything_is_done(self):
        pin, program = ["--pin", "/nowhere/pin"], ["--program", "1"]
        xdp = ["xdp", *program, "--interface", "lo"]
        for arguments, word in (
                (xdp + ["--mode", "fast"], "automatic|generic|driver|offload"),
                (["xdp", *program], "--interface"),
                (["xdp", "--interface", "lo"], "--program"),
                (["xdp", "--program", "x", "--interface", "lo"], "'x'"),
                (["tcx", *program, "--interface", "lo", "--direction", "up"], "ingress|egress"),
                (["tcx", *program, "--interface", "lo", "--attach-type", "xdp"], "tcx_ingress"),
                (["tcx", *program, "--interface", "lo", "--direction", "egress",
                  "--attach-type", "egress"], "--direction"),
                (["tcx", *program, "--interface", "lo", "--before", "17"], "link:ID"),
                (["tcx", *program, "--interface", "lo", "--before", "link:0"], "'0'"),
                (["tcx", *program, "--interface", "lo", "--first", "--last"], "--last"),
                (["raw_tracepoint", *program, "--name", "x", "--cookie", "-1"], "'-1'"),
                (["raw_tracepoint", *program, "--name", "x", "--cookie", "0x1g"], "'0x1g'"),
                (["raw_tracepoint", *program, "--name", "x", "--cookie",
                  "18446744073709551616"], "18446744073709551615"),
                (["uprobe", *program, "--binary", "x", "--ref-ctr-offset", "4294967296"],
                 "4294967295"),
                (["netfilter", *program, "--protocol-family", "arp"], "ipv4|ipv6"),
                (["netfilter", *program, "--protocol-family", "ipv4", "--priority",
                  "2147483648"], "2147483647"),
                (["kprobe_multi", *program, "--addresses", "1,x"], "'x'"),
                (["iter", *program, "--cgroup-order", "children"], "--cgroup"),
                (["netns", *program, "--netns", "5"], "'5'"),
                (["nothing", *program], "nothing"),
                ([], "HOOK")):
            with self.subTest(arguments):
                done = run(TOOL, "attach", *arguments, *(pin if arguments else []))
                self.assertEqual((2, b""), (done.returncode, done.stdout), done)
                self.assertIn(word, done.stderr.decode())


if __name__ == "__main__":
    support.main()
