# SPDX-License-Identifier: Apache-2.0
"""Every command in a terminal of 40, 80 and 160 columns."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import unicodedata

import support
from support import ENVIRONMENT, TOOL, LinksTest

CUT = {"list", "on", "holders", "tree"}  # a line each
FILLED = {"show", "doctor", "explain"}  # sentences
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def columns(line):
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line
               if not unicodedata.combining(each))


class Picture:
    """A command that runs on a terminal which is long enough."""

    def __init__(self, command, width, **environment):
        self.control, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 5000, width, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
            env=ENVIRONMENT | {"TERM": "xterm"} | environment)
        os.close(terminal)

    def see(self):
        """Its lines, and the exit status."""
        text = b""
        try:
            while part := os.read(self.control, 1 << 16):
                text += part
        except OSError:  # the other end is closed
            pass
        os.close(self.control)
        lines = text.decode().replace("\r\n", "\n").splitlines()
        if "-v" in sys.argv:
            print(*lines, sep="\n")
        return lines, self.process.wait(timeout=60)


class Pictures(LinksTest):
    def draw(self, width, *arguments, **environment):
        return Picture(self.links.enter(TOOL, *arguments), width, **environment)

    def see(self, width, *arguments, **environment):
        return self.draw(width, *arguments, **environment).see()

    def commands(self, width):
        xdp, pin = str(self.links.ids["xdp"]), self.links.pin_path(f"xdp_pin_{width}")
        return (("list",), ("list", "-o", "+PINNED,LOADED"), ("list", "--holders"),
                ("show", xdp), ("on", self.links.facts["device"]),
                ("on", self.links.facts["cgroup"]), ("holders", xdp), ("tree",),
                ("teardown", xdp), ("gc", self.links.facts["bpffs"]), ("features",), ("doctor",),
                ("explain", "EBUSY", "xdp"), ("metrics", "--type", "xdp"), ("pin", xdp, pin),
                ("unpin", pin))

    def test_nothing_is_wider_than_the_terminal_where_it_is_cut(self):
        widths = 20, 40, 80, 160
        for at_each_width in zip(*(self.commands(width) for width in widths)):
            pictures = [self.draw(width, *arguments)
                        for width, arguments in zip(widths, at_each_width)]  # side by side
            for width, arguments, picture in zip(widths, at_each_width, pictures):
                with self.subTest(arguments, width=width):
                    lines, status = picture.see()
                    self.assertIn(status, (0, 1) if arguments[0] == "doctor" else (0,))
                    for line in lines:
                        plain = COLOURS.sub("", line)
                        self.assertTrue(plain.isprintable(), repr(plain))
                        if plain.startswith("bpflink: "):  # a complaint is for a log, too
                            continue
                        if arguments[0] in CUT:
                            self.assertLessEqual(columns(plain), width, plain)
                        if arguments[0] in FILLED and columns(plain) > min(width, 100):
                            self.assertRegex(plain, r"\A *([A-Z]+ +|kernel +)?\S+\Z")  # nothing to break it at

    def test_lines_of_a_stream_fit_too(self):
        watch = self.draw(40, "watch", "--existing", "--type", "xdp", "--period", "100")
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(watch.control, 1 << 16)
        watch.process.terminate()
        for each in line.decode().split("\r\n"):
            self.assertLessEqual(columns(each), 40, each)
        self.assertIn("created", line.decode())
        watch.see()

    def test_sentences_are_broken_for_a_terminal_alone(self):
        path = self.links.pin_path("two  blanks")
        self.links.tool("pin", str(self.links.ids["xdp"]), path)
        self.addCleanup(self.links.tool, "unpin", path)
        piped = self.links.tool("explain", "EINVAL", "xdp").stdout.decode()
        narrow, _ = self.see(60, "explain", "EINVAL", "xdp")
        self.assertEqual(piped.split(), "\n".join(narrow).split())
        self.assertGreater(len(narrow), piped.count("\n"))
        self.assertGreater(max(map(len, piped.splitlines())), 60)
        shown = self.links.tool("show", str(self.links.ids["xdp"])).stdout.decode()
        self.assertIn(f"  {path}\n", shown)
        narrow, _ = self.see(80, "show", str(self.links.ids["xdp"]))
        self.assertIn(f"  {path}", "\n".join(narrow))

    def test_a_narrow_terminal_shows_the_target(self):
        device = self.links.facts["device"]
        for width in 20, 40:
            lines, _ = self.see(width, "list", "--type", "xdp", "--interface", device)
            self.assertIn(device[:6], "\n".join(lines))
        lines, _ = self.see(40, "top", "--count", "1", "--period", "0.1", "--interface", device, NO_COLOR="1")
        self.assertEqual(["RUNS/S", "CPU%", "TARGET"], lines[0].split()[1:])
        self.assertIn(f" {device} ", lines[1])

    def test_of_a_path_the_end_is_shown(self):
        cgroup = self.links.facts["cgroup"]
        for width, arguments in ((40, ("list", "--cgroup", cgroup)), (80, ("on", cgroup)),
                                 (40, ("holders", str(self.links.ids["xdp"])))):
            lines, _ = self.see(width, *arguments)
            name = "xdp" if arguments[0] == "holders" else os.path.basename(cgroup)
            self.assertIn(f"/{name}"[:13], "".join(lines), arguments)

    def test_a_wanted_column_is_not_pushed_out_by_wide_ones(self):
        lines, _ = self.see(80, "list", "-o", "ID,TARGET,PINNED,STATE", NO_COLOR="1")
        heading = lines[0].split()
        self.assertEqual(["ID", "TARGET", "PINNED", "STATE"], heading)
        states = {line.split()[-1] for line in lines[1:]}
        self.assertLessEqual(states, {"attached", "defunct", "unknown"})

    def test_colours_are_for_those_who_want_them(self):
        wanted = "list", "--interface", self.links.facts["device"]
        plain, _ = self.see(80, *wanted, NO_COLOR="1")
        self.assertNotIn("\x1b", "\n".join(plain))
        coloured, _ = self.see(80, *wanted)
        self.assertIn("\x1b[1m", coloured[0])
        self.assertEqual(plain, [COLOURS.sub("", line) for line in coloured])


if __name__ == "__main__":
    support.main()
