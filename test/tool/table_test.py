# SPDX-License-Identifier: Apache-2.0
"""The table of list: its cells, its width and its colours."""

import fcntl
import os
import pty
import re
import struct
import termios

import support
from support import LinksTest

ELLIPSIS = "…"


class Table(LinksTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody else's links come and go in this list.
        cls.ours = "--program", str(cls.links.programs["cgroup"])

    def rows(self, *arguments, **options):
        done = self.links.tool("list", *arguments, **options)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return done.stdout.decode().splitlines()

    def row(self, name, *arguments):
        """The cells of one of our links."""
        for line in self.rows(*arguments)[1:]:
            cells = re.split(r" {2,}", line)
            if cells[0] == str(self.links.ids[name]):
                return cells
        self.fail(f"{name} is not listed")

    def test_each_link_has_a_row_with_what_it_is_attached_to(self):
        facts = self.links.facts
        device = f"{facts['device']} (ifindex {facts['ifindex']})"
        expected = {
            "xdp": ["xdp", "attached", device],
            "cgroup": ["cgroup", "attached", f"{facts['cgroup']}, cgroup_inet_egress"],
            "defunct": ["cgroup", "defunct", "cgroup_inet_egress"],
            "iter": ["iter", "attached", "task"],
            "tcx": ["tcx", "attached", f"{device}, tcx_ingress"],
            "netfilter": ["netfilter", "attached", "ip input priority -128"],
        }
        for name in expected.keys() - self.links.missing.keys():
            with self.subTest(name):
                row = self.row(name)
                self.assertRegex(row.pop(2), rf"\A{self.links.programs[name]} run_\w+\Z")
                self.assertEqual(expected[name], row[1:])
        self.assertRegex(self.row("raw_tracepoint")[-1], r"\Asys_enter(, cookie 7)?\Z")
        probed = {  # nothing before 6.6 or 6.8
            "perf_event": r"\A(software, dummy|-)\Z",
            "tracepoint": r"\A(tracepoint, sched_process_exit(, cookie 8)?|-)\Z",
            "uprobe": r"\A(uprobe, /proc/self/exe\+0x[0-9a-f]+(, cookie 8)?|-)\Z",
            "uprobe_multi": r"\A(uprobe, /.*bpflink-tool-links, 2 places|-)\Z",
        }
        for name in probed.keys() - self.links.missing.keys():
            with self.subTest(name):
                self.assertRegex(self.row(name)[-1], probed[name])
        if "iter_map" in self.links.ids:
            self.assertRegex(self.row("iter_map")[-1], r"\Abpf_map_elem, map \d+\Z")
        if "netns" in self.links.ids:
            self.assertRegex(self.row("netns")[-1], r"\Anetns \d+, sk_lookup\Z")
        if "sockmap" in self.links.ids:
            self.assertRegex(self.row("sockmap")[-1], r"\Amap \d+, sk_skb_verdict\Z")

    def test_columns_are_aligned(self):
        rows = self.rows()
        self.assertEqual(["ID", "TYPE", "PROGRAM", "STATE", "TARGET"], rows[0].split())
        starts = [match.start() for match in re.finditer(r"\S+", rows[0])]
        for row in rows[1:]:
            for start in starts[1:]:
                self.assertEqual("  ", row[start - 2:start], row)
                self.assertNotEqual(" ", row[start], row)

    def test_a_hostile_name_prints_no_control_character(self):
        self.assertIn(r"/evil\x1b[31m\xff\x09tab", self.row("hostile")[-1])
        self.assertNotRegex("".join(self.rows()), r"[\x00-\x1f\x7f]")

    def test_without_a_terminal_and_columns_nothing_is_cut(self):
        whole = self.rows(*self.ours)
        self.assertNotIn(ELLIPSIS, "".join(whole))
        for columns in "0", "-5", "many", "":
            self.assertEqual(whole, self.rows(*self.ours, env={"COLUMNS": columns}))

    def test_lines_fit_into_columns_at_the_cost_of_the_widest_one(self):
        whole = self.rows(*self.ours)
        width = max(map(len, whole)) - 5
        lines = self.rows(*self.ours, env={"COLUMNS": str(width)})
        start = whole[0].index("TARGET")
        for full, line in zip(whole, lines, strict=True):
            self.assertLessEqual(len(line), width)
            if len(full) <= width:
                self.assertEqual(full, line)
            else:  # of a path, the first directories are left out
                self.assertEqual(full[:start] + ELLIPSIS, line[:start + 1])
                self.assertTrue(full.endswith(line[start + 1:]), line)
        self.assertIn(ELLIPSIS, "".join(lines))

    def test_a_very_narrow_width_still_gives_a_line_for_each_link(self):
        for width in range(1, 12):
            lines = self.rows(*self.ours, env={"COLUMNS": str(width)})
            self.assertEqual(4, len(lines))
            self.assertLessEqual(max(map(len, lines)), width)

    def test_outside_utf_8_the_ellipsis_is_three_dots(self):
        lines = self.rows(*self.ours, env={"COLUMNS": "50", "LC_ALL": "C"})
        self.assertIn("...", "".join(lines))
        self.assertLessEqual(max(map(len, lines)), 50)

    def on_terminal(self, width, *arguments, height=24, **environment):
        """What the tool prints on a terminal of this width and height."""
        master, slave = pty.openpty()
        with open(master, "rb", buffering=0) as terminal:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            done = self.links.tool(*arguments, stdout=slave, env={"TERM": "xterm"} | environment)
            os.close(slave)
            self.assertEqual((0, b""), (done.returncode, done.stderr))
            text = b""
            try:
                while some := terminal.read(65536):
                    text += some
            except OSError:  # EIO: the other end is closed
                pass
        return text.decode().replace("\r\n", "\n")

    def test_lines_fit_into_the_terminal_whatever_columns_says(self):
        text = self.on_terminal(60, "list", *self.ours, NO_COLOR="1", COLUMNS="1000")
        lines = text.splitlines()
        self.assertEqual(60, max(map(len, lines)))
        self.assertIn(ELLIPSIS, text)
        self.assertEqual(self.rows(*self.ours, env={"COLUMNS": "60"}), lines)

    def test_colours_are_for_terminals_that_want_them(self):
        coloured = self.on_terminal(200, "list")
        self.assertRegex(coloured, r"\A\x1b\[1mID .*\x1b\[0m\n")
        marked = [line for line in coloured.splitlines() if "\x1b[33m" in line]
        self.assertIn(str(self.links.ids["defunct"]), "".join(marked))
        self.assertTrue(all("defunct" in line for line in marked))
        self.assertIn("\x1b", self.on_terminal(200, "list", NO_COLOR=""))
        for environment in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
            self.assertNotIn("\x1b", self.on_terminal(200, "list", **environment))
        self.assertNotIn("\x1b", self.on_terminal(200, "list", "--json"))

    def test_a_listing_longer_than_the_terminal_goes_through_the_pager(self):
        self.assertGreater(len(self.rows("-o", "ID")), 10)
        for variables in {"BPFLINK_PAGER": "sed s/^/paged:/", "PAGER": "false"}, \
                {"PAGER": "sed s/^/paged:/"}:
            text = self.on_terminal(60, "list", height=5, NO_COLOR="1", **variables)
            self.assertTrue(all(line.startswith("paged:") for line in text.splitlines()), text)
            self.assertIn("paged:ID ", text)
            self.assertNotIn("paged:", self.on_terminal(60, "list", height=1000, **variables))
            self.assertNotIn(b"paged:", self.links.tool("list", env=variables).stdout)
        for variables in {"BPFLINK_PAGER": "", "PAGER": "sed s/^/paged:/"}, {"PAGER": ""}:
            text = self.on_terminal(60, "list", height=5, NO_COLOR="1", **variables)
            self.assertRegex(text, r"\AID ")

    def test_who_leaves_the_pager_early_has_read_enough(self):
        text = self.on_terminal(60, "list", height=5, NO_COLOR="1", PAGER="head -1")
        self.assertRegex(text, r"\AID [^\n]*\n\Z")

    def test_without_the_pager_the_listing_is_printed_all_the_same(self):
        text = self.on_terminal(60, "list", height=5, NO_COLOR="1", PAGER="/nowhere/pager 2>/dev/null")
        self.assertRegex(text, r"\AID [^\n]*\n\d+ ")

    def test_colours_do_not_count_as_width(self):
        coloured = self.on_terminal(60, "list", *self.ours)
        plain = self.on_terminal(60, "list", *self.ours, NO_COLOR="1")
        self.assertEqual(plain, re.sub(r"\x1b\[[0-9;]*m", "", coloured))


if __name__ == "__main__":
    support.main()
