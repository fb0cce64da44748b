# SPDX-License-Identifier: Apache-2.0
"""list: which links, which columns, in which order."""

import errno
import json
import os
import pathlib
import subprocess

import support
from schema import mistakes
from support import LinksTest

SCHEMA = json.loads(pathlib.Path(os.environ["SCHEMA"]).read_text(encoding="utf-8"))


class Filters(LinksTest):
    def ids(self, *names):
        return {self.links.ids[name] for name in names if name in self.links.ids}

    def test_by_several_types_at_once_or_one_after_the_other(self):
        for arguments in ("--type", "xdp,cgroup"), ("--type", "xdp", "--type", "cgroup"):
            both = self.links.list(*arguments)
            self.assertLessEqual(self.ids("xdp", "cgroup"), both.keys())
            self.assertEqual({"xdp", "cgroup"}, {link["type"] for link in both.values()})

    def test_by_the_pin_of_a_program(self):
        self.assertEqual(self.ids("xdp"),
                         self.links.list("--program", self.links.pin_path("program")).keys())
        self.assert_fails(self.links.tool("list", "--program", self.links.pin_path("map")), "map")

    def test_by_the_name_of_the_program(self):
        listed = self.links.list("--name", "run_egress_?")
        self.assertLessEqual(self.ids("cgroup", "hostile", "defunct"), listed.keys())
        for link in listed.values():  # of other processes too
            self.assertRegex(link["prog_name"], r"\Arun_egress_.\Z")
        self.assertFalse(self.links.list("--name", "run_egress").keys() & set(self.links.ids.values()))

    def test_by_interface_of_this_namespace_and_of_another(self):
        device = self.links.facts["device"]
        self.assertEqual(self.ids("xdp", "tcx"), self.links.list("--interface", device).keys())
        on_loopback = int(self.links.facts["on_loopback"])
        self.assertEqual({on_loopback}, self.links.list("--interface", "lo").keys())
        done = support.run(support.TOOL, "list", "--json", "--interface",
                           f"{self.links.process.pid}:lo")
        self.assertEqual([on_loopback], [link["id"] for link in support.json_of(done)])
        # Another namespace's lo has the same index.
        self.assertNotIn(on_loopback, [link["id"] for link in support.json_of(
            support.run(support.TOOL, "list", "--json", "--interface", "lo"))])

    def test_by_cgroup(self):
        self.assertEqual(self.ids("cgroup"),
                         self.links.list("--cgroup", self.links.facts["cgroup"]).keys())

    def test_by_network_namespace_given_in_three_ways(self):
        inode = os.stat(f"/proc/{self.links.process.pid}/ns/net").st_ino
        for word in str(inode), str(self.links.process.pid), "/proc/thread-self/ns/net":
            listed = self.links.list("--netns", word)
            self.assertEqual(self.ids("xdp", "tcx", "netns", "netfilter") |
                             {int(self.links.facts["on_loopback"])}, listed.keys())
            self.assertEqual({inode}, {link["netns_ino"] for link in listed.values()})

    def test_where_no_namespace_is_told_a_note_says_what_is_left_out(self):
        """As where the program that tells them may not be loaded."""
        device = self.links.facts["device"]
        untold = support.refused(support.BPF_PROG_LOAD, errno.EPERM)
        for wanted, count in (("--interface", f"{self.links.process.pid}:lo"), 1), \
                (("--netns", str(self.links.process.pid), "--type", "tcx"), 1), \
                (("--netns", str(self.links.process.pid), "--type", "cgroup"), 0):
            for command in "list", "tree":
                with self.subTest(command, wanted=wanted):
                    done = support.run(support.TOOL, command, *wanted, preexec_fn=untold)
                    self.assertEqual(0, done.returncode, done)
                    notes = [line for line in done.stderr.decode().splitlines()
                             if line.startswith("bpflink: note: there may be ")]
                    self.assertEqual(count, len(notes), done)
                    if count:
                        self.assertRegex(notes[0], r"more links: nothing tells the network namespace of \d+\Z")
        if "tcx" in self.links.ids:  # which the interface tells
            done = self.links.tool("list", "-q", "--interface", device, preexec_fn=untold)
            self.assertEqual([self.links.ids["tcx"]], [int(word) for word in done.stdout.split()])
            self.assertIn(b"nothing tells the network namespace of ", done.stderr)  # that of XDP

    def test_by_process(self):
        mine = self.links.list("--process", str(self.links.process.pid))
        self.assertEqual(self.ids(*self.links.ids) | {int(self.links.facts["on_loopback"])},
                         mine.keys())
        self.assertEqual({}, self.links.list("--process", str(os.getpid())))

    def test_by_a_process_that_has_ended(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        both = f"{ended.pid},{self.links.process.pid}"
        self.assert_fails(self.links.tool("list", "--process", both), f"/proc/{ended.pid}",
                          "there is no such process")

    def test_by_a_process_that_proc_hides(self):
        pid = str(self.links.process.pid)
        capabilities = "+sys_admin,+bpf,+perfmon,+dac_read_search"
        script = "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --regid=65534 " \
                 f'--clear-groups --inh-caps={capabilities} --ambient-caps={capabilities} "$0" "$@"'

        def ask(*arguments):
            return support.run("unshare", "--mount", "sh", "-c", script, support.TOOL, *arguments)

        listed = [link["id"] for link in support.json_of(ask("list", "--json", "--process", pid))]
        self.assertLessEqual(self.ids("xdp", "cgroup"), set(listed))
        self.assert_fails(ask("on", pid), f"/proc/{pid}", "/proc hides the process (hidepid)")
        self.assert_fails(ask("on", "999999999"), "there is no such process")

    def test_by_a_process_that_may_not_be_looked_into(self):
        """In a pid namespace of its own, where no iterator of the kernel tells."""
        capabilities = "+sys_admin,+bpf,+perfmon"
        script = "sleep 60 & other=$! exec setpriv --reuid=65534 --regid=65534 --clear-groups " \
                 f"--inh-caps={capabilities} --ambient-caps={capabilities} sh -c "

        def ask(process):
            done = support.run("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
                               f"{script} '\"$0\" list --json --process {process}; exit $?' \"$0\"", support.TOOL)
            self.assertEqual((0, b"[]\n"), (done.returncode, done.stdout), done)
            return done.stderr.decode()

        for process in "$other", "$$,$other", "$other,$$":
            with self.subTest(process):
                self.assertRegex(ask(process), r"\Abpflink: note: there may be more links: processes outside this pid "
                                 r"namespace; [^\n]* that this one may not look into [^\n]*\n\Z")
        self.assertEqual("", ask("$$"))

    def test_by_state(self):
        defunct = self.links.list("--state", "defunct")
        self.assertIn(self.links.ids["defunct"], defunct)
        self.assertEqual({"defunct"}, {link["state"] for link in defunct.values()})
        self.assertNotIn(self.links.ids["defunct"], self.links.list("--state", "attached,unknown"))

    def test_all_of_them_have_to_hold(self):
        device = self.links.facts["device"]
        self.assertEqual(self.ids("xdp"), self.links.list(
            "--interface", device, "--type", "xdp,cgroup", "--name", "run_*", "--pinned",
            "--state", "attached").keys())
        self.assertEqual({}, self.links.list("--interface", device, "--type", "cgroup"))

    def test_what_is_not_there_is_named(self):
        for option, word in (("--interface", "nowhere0"), ("--interface", "nowhere:lo"),
                             ("--cgroup", "/nowhere"), ("--netns", "nowhere"),
                             ("--program", "/nowhere")):
            with self.subTest(option):
                self.assert_fails(self.links.tool("list", option, word), "nowhere")

    def test_a_wrong_word_is_a_usage_error(self):
        for option, word in ("--state", "gone"), ("--process", "0"), ("-o", "FROB"), \
                ("--sort", "FROB"), ("-o", "ID,+FROB"):
            done = self.links.tool("list", option, word)
            self.assertEqual((2, b""), (done.returncode, done.stdout))
            self.assertIn(word.rpartition("+")[2], done.stderr.decode())


class Columns(LinksTest):
    def lines(self, *arguments):
        done = self.links.tool("list", *arguments)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return done.stdout.decode().splitlines()

    def setUp(self):
        self.xdp = "--program", str(self.links.programs["xdp"])

    def test_ids_alone(self):
        self.assertEqual([str(self.links.ids["xdp"])], self.lines("-q", *self.xdp))

    def test_the_columns_that_are_asked_for_and_no_others(self):
        number, program = self.links.ids["xdp"], self.links.programs["xdp"]
        width = len(str(number))
        self.assertEqual([f"{'ID':{width}}  INTERFACE  NAME       KIND",
                          f"{number}  {self.links.facts['device']:9}  run_xdp_a  xdp"],
                         self.lines("-o", "id,interface,Name,kind", *self.xdp))
        self.assertEqual([str(number), "xdp", str(program), "run_xdp_a", "attached"],
                         self.lines("--no-headings", "-o", "ID,TYPE", "-o", "PROGRAM,STATE",
                                    *self.xdp)[0].split())

    def test_a_plus_adds_to_the_usual_ones(self):
        usual = ["ID", "TYPE", "PROGRAM", "STATE", "TARGET"]
        self.assertEqual([*usual, "UID", "PINNED"],
                         self.lines("-o", "+UID,PINNED", *self.xdp)[0].split())
        row = self.lines("-o", "+PINNED", *self.xdp)[1]
        self.assertTrue(row.endswith("  " + self.links.pin_path("xdp")), row)

    def test_every_column_of_the_help_may_be_asked_for(self):
        text = self.links.tool("list", "--help").stdout.decode()
        names = [line.split()[0] for line in
                 text.partition("A COLUMN is one of\n")[2].partition("\n\n")[0].splitlines()]
        self.assertGreater(len(names), 15)
        done = self.links.tool("list", "-o", ",".join(names))
        headings = done.stdout.decode().split("\n")[0].split()
        self.assertEqual((0, names), (done.returncode, headings))

    def test_holders_are_a_column_and_a_key(self):
        done = self.links.tool("list", "--holders", *self.xdp)
        self.assertRegex(done.stdout.decode(),
                         rf"  HOLDERS\n.*  {self.links.process.pid} bpflink-tool-li")
        done = self.links.tool("list", "--holders", "--json", *self.xdp)
        self.assertIn(self.links.process.pid,
                      [each["pid"] for each in json.loads(done.stdout)[0]["pids"]])

    def test_sorted_by_a_column(self):
        def ours(*order):  # others come and go
            listed = [int(line) for line in self.lines("-q", *order)]
            return [number for number in listed if number in self.links.ids.values()]
        ids = sorted(self.links.ids.values())
        self.assertEqual(ids, ours())
        self.assertEqual(ids[::-1], ours("--sort", "ID", "--reverse"))
        types = [line.split()[1] for line in self.lines("--no-headings", "--sort", "type")]
        self.assertEqual(sorted(types), types)
        self.assertEqual(self.links.ids["xdp"], int(self.lines("-q", "--sort", "PINNED")[-1]))

    def test_exit_code_3_for_nothing_on_request(self):
        for arguments, code in (("--type", "999"), 3), (self.xdp, 0):
            done = self.links.tool("list", "-q", "--exit-code", *arguments)
            self.assertEqual(code, done.returncode)

    def test_json_is_as_the_schema_says(self):
        listed = json.loads(self.links.tool("list", "--json", "--holders", "-o", "+PINNED").stdout)
        self.assertEqual([], list(mistakes(SCHEMA, listed)))
        self.assertIn("pinned", listed[0])
        for number in self.links.ids.values():
            shown = self.links.read("show", str(number), "--json")
            self.assertEqual([], list(mistakes(SCHEMA["items"], shown)))
        self.assertNotEqual([], list(mistakes(SCHEMA, [{"id": "1", "type": "xdp"}])))


if __name__ == "__main__":
    support.main()
