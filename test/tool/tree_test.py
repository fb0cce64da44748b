# SPDX-License-Identifier: Apache-2.0
"""tree and metrics: all links at a glance, for people and for Prometheus."""

import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

import support
from support import TOOL, LinksTest, run


class Tree(LinksTest):
    def lines(self, *arguments, **options):
        done = self.links.tool("tree", *arguments, **options)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return done.stdout.decode().splitlines()

    def above(self, lines, text):
        """What stands above a line, from the root, and the line."""
        at = next(i for i, line in enumerate(lines) if text in line)
        found = []
        depth = 1000
        for line in reversed(lines[:at + 1]):
            label = line.lstrip("├─└│ |`-")
            indent = len(line) - len(label)
            if indent < depth:
                found.insert(0, label)
                depth = indent
        return found

    def test_an_interface_is_in_its_namespace_and_has_its_hooks(self):
        inode = os.stat(f"/proc/{self.links.process.pid}/ns/net").st_ino
        number, program = self.links.ids["xdp"], self.links.programs["xdp"]
        self.assertEqual([f"netns {inode} (this one)", self.links.facts["device"], "xdp",
                          f"link {number}: {program} run_xdp_a"],
                         self.above(self.lines(), f"link {number}:"))
        outside = run(TOOL, "tree").stdout.decode().splitlines()
        self.assertEqual(f"netns {inode}", self.above(outside, f"link {number}:")[0])

    def test_a_cgroup_is_below_the_one_that_it_is_in(self):
        name = os.path.basename(self.links.facts["cgroup"])
        lines = self.lines()
        number, program = self.links.ids["hostile"], self.links.programs["hostile"]
        self.assertEqual([name, r"evil\x1b[31m\xff\x09tab",
                          f"link {number}: {program} run_egress_a, cgroup_inet_egress"],
                         self.above(lines, f"link {number}:")[-3:])
        self.assertEqual(name, self.above(lines, f"link {self.links.ids['cgroup']}:")[-2])

    def test_json_has_the_same_shape(self):
        def lines(nodes, depth=0):
            for node in nodes:
                if "name" in node:
                    yield depth, node["name"]
                else:
                    yield depth, node["id"]
                    self.assertLessEqual(node.keys(), {"id", "prog_id", "prog_name", "target",
                                                       "note", "below"})
                yield from lines(node.get("below", []), depth + 1)

        said = list(lines(self.links.read("tree", "--json", "--cgroup", self.links.facts["cgroup"],
                                          "--type", "cgroup")))
        text = self.lines("--cgroup", self.links.facts["cgroup"], "--type", "cgroup")
        self.assertEqual(len(text), len(said))
        self.assertEqual(self.links.ids["cgroup"], said[-1][1])
        self.assertEqual([text[depth].lstrip("└─ ") for depth, name in said[:-1]],
                         [name for _, name in said[:-1]])
        self.assertEqual([], self.links.read("tree", "--json", "--name", "no_program"))

    def test_every_link_is_somewhere(self):
        text = "\n".join(self.lines())
        for number in self.links.ids.values():
            self.assertEqual(1, text.count(f"link {number}:"))
        defunct = self.links.ids["defunct"]
        self.assertEqual("defunct", self.above(text.splitlines(), f"link {defunct}:")[0])

    def test_filters_leave_the_rest_out(self):
        text = "\n".join(self.lines("--type", "iter"))
        shown = {int(number) for number in re.findall(r"link (\d+):", text)}
        self.assertEqual({number for name, number in self.links.ids.items()
                          if name in ("iter", "iter_map")}, shown & set(self.links.ids.values()))

    def test_an_interface_has_the_links_that_match_and_no_others(self):
        for name in "xdp", "tcx":
            if name in self.links.ids:
                text = "\n".join(self.lines("--program", str(self.links.programs[name])))
                self.assertEqual([str(self.links.ids[name])], re.findall(r"link (\d+):", text))
        text = "\n".join(self.lines("--interface", self.links.facts["device"]))
        self.assertEqual({str(self.links.ids[name]) for name in ("xdp", "tcx") if name in self.links.ids},
                         set(re.findall(r"link (\d+):", text)))

    def test_a_link_is_there_though_its_hook_may_not_be_asked(self):
        if "tcx" in self.links.missing:
            self.skipTest("XDP may always be asked for, and this kernel has no tcx")
        done = self.links.run("setpriv", "--bounding-set=-net_admin,-sys_admin", TOOL, "tree")
        self.assertIn(b"CAP_NET_ADMIN", done.stderr)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(self.links.facts["device"], self.above(lines, f"link {self.links.ids['tcx']}:")[1])

    def test_a_cgroup_that_is_not_seen_from_here_has_its_number(self):
        number = self.links.list()[self.links.ids["cgroup"]]["cgroup_id"]
        done = self.links.run_in_cgroup('"$1" tree')
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        link = f"link {self.links.ids['cgroup']}:"
        self.assertEqual(["cgroup", f"{link} {self.links.programs['cgroup']} run_egress_a, cgroup id {number}, "
                          "cgroup_inet_egress"], self.above(done.stdout.decode().splitlines(), link))

    def test_outside_utf_8_it_is_drawn_with_letters(self):
        text = "\n".join(self.lines(env={"LC_ALL": "C"}))
        self.assertTrue(text.isascii())
        self.assertIn("`- link", text)


class Metrics(LinksTest):
    SAMPLE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\} [0-9.e+-]+')

    def samples(self, text):
        """(metric, labels) of a text that is wholly in the format."""
        found = []
        for line in text.splitlines():
            if line.startswith("# "):
                self.assertRegex(line, r"\A# (HELP \w+ .+|TYPE \w+ (gauge|counter))\Z")
                continue
            match = self.SAMPLE.fullmatch(line)
            self.assertTrue(match, line)
            found.append((match[1], dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2]))))
        return found

    def test_every_link_is_a_sample(self):
        done = self.links.tool("metrics")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        links = {labels["id"]: labels for metric, labels in self.samples(done.stdout.decode())
                 if metric == "bpflink_link_info"}
        for name, number in self.links.ids.items():
            labels = links[str(number)]
            self.assertEqual(str(self.links.programs[name]), labels["program"])
            self.assertTrue(labels["name"].startswith("run_"))
        self.assertIn(r"evil\\x1b[31m\\xff\\x09tab", links[str(self.links.ids["hostile"])]["target"])

    def test_links_are_counted_by_type_and_state(self):
        text = self.links.tool("metrics", "--interface", self.links.facts["device"]).stdout.decode()
        self.assertIn('\nbpflink_links{type="xdp",state="attached"} 1\n', text)
        self.assertNotIn('type="cgroup"', text)

    def test_a_file_is_replaced_whole(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            with open(path, "w", encoding="utf-8") as old, open(path, encoding="utf-8") as reader:
                old.write("old\n")
                old.flush()
                self.assert_quiet(self.links.tool("metrics", "--type", "xdp", "--output", path))
                self.assertEqual("old\n", reader.read())
            self.assertEqual(["bpflink.prom"], os.listdir(place))
            self.assertEqual(0o644, os.stat(path).st_mode & 0o7777)
            with open(path, encoding="utf-8") as file:
                self.assertIn("bpflink_links", {metric for metric, _ in self.samples(file.read())})
            missing = os.path.join(place, "absent", "bpflink.prom")
            self.assert_fails(self.links.tool("metrics", "--output", missing), missing)

    def test_what_a_killed_run_left_is_taken_over(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            with open(path + ".bpflink-new", "w", encoding="utf-8") as left:
                left.write("x" * 1_000_000)
            self.assert_quiet(self.links.tool("metrics", "--type", "xdp", "--output", path))
            self.assertEqual(["bpflink.prom"], os.listdir(place))
            with open(path, encoding="utf-8") as file:
                self.samples(file.read())

    def test_runs_side_by_side_write_whole_files(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            runs = [subprocess.Popen(self.links.enter(TOOL, "metrics", "--output", path))
                    for _ in range(8)]
            self.assertEqual({0}, {each.wait(timeout=60) for each in runs})
            self.assertEqual(["bpflink.prom"], os.listdir(place))

    def test_a_file_that_others_replace_meanwhile_is_replaced(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            pathlib.Path(path).touch()
            replacing = subprocess.Popen([sys.executable, "-c", """
import os, sys
while True:
    with open(sys.argv[1] + ".theirs", "w"):
        os.replace(sys.argv[1] + ".theirs", sys.argv[1])
""", path])
            try:
                for _ in range(50):
                    self.assert_quiet(self.links.tool("metrics", "--type", "xdp", "--output", path))
            finally:
                replacing.kill()
                replacing.wait()

    def test_a_foreign_file_at_the_temporary_name_is_not_written_to(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            victim = os.path.join(place, "victim")
            for make in os.symlink, os.link, os.mkfifo:
                with open(victim, "w", encoding="utf-8") as file:
                    file.write("mine\n")
                there = path + ".bpflink-new"
                make(*((there,) if make is os.mkfifo else (victim, there)))
                self.assert_fails(self.links.tool("metrics", "--output", path), there)
                with open(victim, encoding="utf-8") as file:
                    self.assertEqual("mine\n", file.read())
                os.unlink(there)

    def test_what_is_not_a_file_stays_what_it_is(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "pipe")
            os.mkfifo(path)
            os.symlink(path, path + ".link")
            for each in path, path + ".link", place:
                self.assert_fails(self.links.tool("metrics", "--type", "xdp", "--output", each),
                                  "not a regular file")
            self.assertTrue(stat.S_ISFIFO(os.stat(path).st_mode))
            self.assertEqual(["pipe", "pipe.link"], sorted(os.listdir(place)))

    def test_the_file_behind_symbolic_links_is_replaced_and_they_stay(self):
        with tempfile.TemporaryDirectory() as place:
            os.mkdir(os.path.join(place, "data"))
            os.symlink("data/bpflink.prom", os.path.join(place, "near"))
            os.symlink(os.path.join(place, "near"), os.path.join(place, "far"))
            for link in "near", "far":  # the first time, there is no file yet
                self.assert_quiet(self.links.tool("metrics", "--output", os.path.join(place, link)))
                self.assertEqual(["data", "far", "near"], sorted(os.listdir(place)))
                self.assertTrue(os.path.islink(os.path.join(place, link)))
                self.assertEqual(["bpflink.prom"], os.listdir(os.path.join(place, "data")))
            os.symlink("loop", os.path.join(place, "loop"))
            self.assert_fails(self.links.tool("metrics", "--output", os.path.join(place, "loop")), "loop")

    def test_standard_output_by_its_name_is_not_replaced(self):
        before = os.readlink("/dev/stdout")
        self.assert_fails(self.links.tool("metrics", "--output", "/dev/stdout"), "leave out --output")
        with tempfile.TemporaryFile() as gone:  # it has no name
            done = self.links.tool("metrics", "--output", "/dev/stdout", stdout=gone)
            self.assertEqual((1, 1), (done.returncode, done.stderr.count(b"\n")), done)
        with tempfile.NamedTemporaryFile() as file:
            self.links.tool("metrics", "--output", "/dev/stdout", stdout=file)
            with open(file.name, encoding="utf-8") as text:
                self.assertIn("bpflink_links", {metric for metric, _ in self.samples(text.read())})
        self.assertEqual(before, os.readlink("/dev/stdout"))

    def test_a_full_disk_or_one_that_is_read_only_leaves_the_old_file(self):
        script = """mount -t tmpfs -o size=8k none "$1" && echo old >"$1/f" && { cat /dev/zero >"$1/filler" 2>/dev/null; true; } && "$3" metrics --output "$1/f" >"$2/full" 2>&1
echo $? >>"$2/full"; cat "$1/f" >>"$2/full"; rm "$1/filler"; ls "$1" >>"$2/full"; rm "$1/f"; echo old >"$1/f"
mount -o remount,ro "$1" && "$3" metrics --output "$1/f" >"$2/locked" 2>&1; echo $? >>"$2/locked"; cat "$1/f" >>"$2/locked"
umount "$1"
"""
        with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory() as said:
            done = run("unshare", "--mount", "sh", "-c", script,
                       "sh", disk, said, TOOL)
            self.assertEqual(0, done.returncode, done)
            for name, word in ("full", "No space left on device"), ("locked", "Read-only file system"):
                with open(os.path.join(said, name), encoding="utf-8") as text:
                    lines = text.read().splitlines()
                self.assertIn(word, lines[0])
                self.assertEqual(["1", "old"] + (["f"] if name == "full" else []), lines[1:])

    def test_without_the_privilege_the_old_file_stays(self):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "bpflink.prom")
            with open(path, "w", encoding="utf-8") as file:
                file.write("old\n")
            self.assert_fails(run("setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", TOOL,
                                  "metrics", "--output", path), "EPERM")
            with open(path, encoding="utf-8") as file:
                self.assertEqual("old\n", file.read())
            self.assertEqual(["bpflink.prom"], os.listdir(place))


if __name__ == "__main__":
    support.main()
