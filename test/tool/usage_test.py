# SPDX-License-Identifier: Apache-2.0
"""The command line itself: nothing here asks the kernel for anything."""

import re
import unittest

from support import TOOL, run


def commands():
    """All that --help names."""
    text = run(TOOL, "--help").stdout.decode()
    listed = text.partition("\nOptions:\n")[2].partition("\nExit status")[0]
    return re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)


COMMANDS = commands()


def valued_options(*command):
    """The options of a command that take a value, with its name, as --help tells them."""
    listed = run(TOOL, *command, "--help").stdout.decode().partition("\nOptions:\n")[2]
    found = re.findall(r"^  (?:-\w,)?(--[a-z-]+) ([^ \n]+)(?: |$)", listed, re.MULTILINE)
    return [(option, value) for option, value in found if not value.endswith(":")]  # Excludes: of a flag


def required_options(*command, but):
    """The options that it cannot do without, but one. CLI11's versions differ in which mistake comes first."""
    values = {"--program": "1", "--interface": "lo", "--binary": "/bin/sh", "--protocol-family": "ipv4"}
    text = run(TOOL, *command, "--help").stdout.decode()
    names = re.findall(r"^  (--[a-z-]+) \S+ REQUIRED", text, re.MULTILINE)
    return [word for name in names if name != but for word in (name, values[name])]


class Usage(unittest.TestCase):
    def assert_usage_error(self, *arguments, says, see="([a-z]+ ([a-z_]+ )?)?"):
        """@param see  the words of the command whose --help it points to, with a blank behind them"""
        done = run(TOOL, *arguments)
        self.assertEqual(2, done.returncode, done)
        self.assertEqual(b"", done.stdout)
        self.assertTrue(done.stderr.startswith(b"bpflink: "), done.stderr)
        self.assertIn(says, done.stderr.decode())
        self.assertRegex(done.stderr.decode(), rf"\nbpflink: see bpflink {see}--help\n\Z")

    def test_help_names_every_command_and_has_examples(self):
        done = run(TOOL, "--help")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        text = done.stdout.decode()
        self.assertIn("\nExamples:\n  bpflink list", text)
        self.assertIn("Exit status", text)
        self.assertLessEqual({"list", "show", "on", "pin", "detach"}, set(COMMANDS))

    def test_help_of_every_command_has_an_example_of_it(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = run(TOOL, command, "--help")
                self.assertEqual((0, b""), (done.returncode, done.stderr))
                self.assertRegex(done.stdout.decode(), rf"\nExamples?:\n  bpflink {command}\b")

    def test_help_lines_fit(self):
        hooks = re.findall(r"^  (\w+) +Since", run(TOOL, "attach", "--help").stdout.decode(), re.MULTILINE)
        self.assertIn("xdp", hooks)
        for command in (), *((c,) for c in COMMANDS), *(("attach", hook) for hook in hooks):
            for line in run(TOOL, *command, "--help").stdout.decode().splitlines():
                self.assertLessEqual(len(line), 80, line)
        for width in 30, 40, 60:
            narrow = run(TOOL, "top", "--help", env={"COLUMNS": str(width)}).stdout.decode()
            for line in narrow.partition("Examples:")[0].splitlines():
                self.assertLessEqual(len(line), width, line)

    def test_help_of_a_command_is_what_its_help_option_prints(self):
        for command in COMMANDS:
            self.assertEqual(run(TOOL, command, "--help").stdout, run(TOOL, "help", command).stdout)
        self.assertEqual(run(TOOL, "--help").stdout, run(TOOL, "help").stdout)

    def test_help_of_a_hook_is_what_its_help_option_prints(self):
        for hook in "xdp", "uprobe_multi", "struct_ops":
            self.assertEqual(run(TOOL, "attach", hook, "--help").stdout, run(TOOL, "help", "attach", hook).stdout)
            self.assertIn(f"Usage: bpflink attach {hook} [".encode(), run(TOOL, "help", "attach", hook).stdout)
        self.assert_usage_error("help", "attach", "xpd", says="attach does not know 'xpd'; did you mean 'xdp'?")
        self.assert_usage_error("help", "list", "xdp", says="list takes fewer words: 'xdp' is one too many")
        self.assert_usage_error("help", "attach", "xdp", "tcx", says="'tcx' is one too many")

    def test_a_mistake_points_to_the_help_of_the_command_that_it_is_in(self):
        for words, see in (((), ""), (("frob",), ""), (("list", "--frob"), "list "), (("attach", "xpd"), "attach "),
                           (("attach", "xdp"), "attach xdp "), (("attach", "xdp", "--mode", "x"), "attach xdp "),
                           (("attach", "xdp", "--program", "1", "--interface", "lo"), "attach xdp ")):
            self.assert_usage_error(*words, says="", see=see)

    def test_a_word_behind_two_dashes_is_not_an_option(self):
        self.assert_usage_error("list", "--", "--json", says="there is no command or option '--json'")
        self.assert_usage_error("show", "--", "-1", says="'-1' is not a link")

    def test_a_near_name_is_suggested_and_a_far_one_is_not(self):
        self.assert_usage_error("lsit", says="'lsit'; did you mean 'list'?")
        self.assert_usage_error("help", "shwo", says="did you mean 'show'?")
        self.assert_usage_error("list", "--jsn", says="'--jsn'; did you mean '--json'?")
        for arguments in ("frobnicate",), ("list", "--frobnicate"), ("list", "x"):
            self.assertNotIn(b"did you mean", run(TOOL, *arguments).stderr)

    def test_version(self):
        done = run(TOOL, "--version")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertRegex(done.stdout.decode(), r"\Abpflink \d+\.\d+\.\d+\n\Z")

    def test_wrong_command_lines_exit_with_2_and_say_why(self):
        self.assert_usage_error(says="COMMAND is missing")
        self.assert_usage_error("frob", says="'frob'")
        self.assert_usage_error("--frob", says="'--frob'")
        self.assert_usage_error("list", "extra", says="extra")
        self.assert_usage_error("list", "--frob", says="--frob")
        self.assert_usage_error("list", "--type", says="--type")
        self.assert_usage_error("list", "--program", "0", says="'0'")
        self.assert_usage_error("list", "--netns", "4294967296", says="'4294967296'")
        self.assert_usage_error("show", says="ID")
        self.assert_usage_error("pin", "1", says="PATH")
        self.assert_usage_error("unpin", says="PATH")
        self.assert_usage_error("detach", says="ID")
        self.assert_usage_error("update", "1", says="--program")
        self.assert_usage_error("update", "1", "--program", "2", "--map", "3", says="--program")
        self.assert_usage_error("update", "1", "--program", "2", "--expect", "x", says="'x'")
        self.assert_usage_error("update", "1", "--map", "2", "--expect", "x", says="'x'")
        self.assert_usage_error("teardown", "1", "--wait", "x", says="--wait")
        for command in ("teardown", "1"), ("detach", "1"), ("unpin", "/p"), ("pin", "1", "/p"):
            self.assert_usage_error(*command, "--expect-program", "x", says="'x'")
        self.assert_usage_error("gc", says="DIR")
        self.assert_usage_error("explain", "EPERM", says="HOOK")
        self.assert_usage_error("explain", "EFROB", "xdp", says="'EFROB'")
        self.assert_usage_error("explain", "4096", "xdp", says="'4096'")
        self.assert_usage_error("explain", "EPERM", "frob", says="tracing_multi, uprobe")
        self.assert_usage_error("attach", "xpd", says="attach does not know 'xpd'; did you mean 'xdp'?")
        self.assert_usage_error("list", "--json", "-q", says="--quiet and --json do not go together")

    def test_a_file_without_a_name_does_not_print(self):
        for words in ("--output", ""), ("--output=",):
            self.assert_usage_error("metrics", *words, says="--output: an empty word")

    def test_an_empty_value_does_not_take_the_next_word(self):
        self.assert_usage_error("list", "--interface=", "--json", says="--interface: an empty word")
        self.assert_usage_error("list", "--name=", "extra", says="--name: an empty word")

    def test_a_list_has_no_empty_word(self):
        for words in "xdp,,tcx", "xdp,", ",", ",xdp":
            self.assert_usage_error("list", "--type", words, "--json", says="--type: an empty word")

    def test_a_mistake_names_the_option_and_what_would_do(self):
        whole = "give a whole number from {} to {}, without a unit"
        for command, option, words, says in (
                (("teardown", "1"), "--wait", ("-1", "3s", "x", "1.5", "99999999999"), whole.format(0, 86400)),
                (("watch",), "--period", ("0", "-1", "1s", "x", "3600001"), whole.format(1, 3600000)),
                (("top",), "--count", ("-1", "x", "4294967296"), whole.format(0, 4294967295)),
                (("top",), "--rows", ("-1", "x", "1k"), whole.format(0, 4294967295)),
                (("top",), "--period", ("0", "-1", "nan", "inf", "1s", "1e9"), "give a number from 0.01 to 3600"),
                (("list",), "--sort", ("FOO",), "ID, TYPE, PROGRAM"),
                (("list",), "--columns", ("FOO", "ID,FOO", "+"), "ID, TYPE, PROGRAM"),
                (("list",), "--state", ("gone",), "attached, defunct or unknown"),
                (("list",), "--process", ("x", "-1", "0"), "a decimal number from 1 on"),
                (("list",), "--program", ("x", "-1", "0"), "the path of a pin"),
                (("help",), "--print", ("csh",), "man, bash, zsh or fish"),
                (("attach", "xdp"), "--mode", ("fast",), "automatic|generic|driver|offload"),
                (("attach", "netfilter"), "--priority", ("high", "5000000000"), "a number from -2147483648"),
                (("attach", "kprobe"), "--cookie", ("-1", "1k", "x"), "a number from 0 to"),
                (("attach", "tcx"), "--before", ("17", "map:3"), "link:ID or program:ID")):
            for word in words:
                with self.subTest(command + (option, word)):
                    line = *command, *required_options(*command, but=option), option, word
                    self.assert_usage_error(*line, says=f"bpflink: {option}: '")
                    self.assertIn(says, run(TOOL, *line).stderr.decode())

    def test_an_option_without_its_value_or_given_twice_is_named(self):
        for command in (("list",), ("attach", "xdp"), ("teardown", "1")):
            for option, value in valued_options(*command):
                with self.subTest(command + (option,)):
                    self.assert_usage_error(*command, option, says=f"the value is missing: give {option} {value}")
        for words in (("list", "--sort", "ID", "--sort", "ID"), ("teardown", "1", "--wait", "1", "--wait", "2"),
                      ("attach", "xdp", "--interface", "lo", "--program", "1", "--program", "1")):
            self.assert_usage_error(*words, says=f"{words[-2]} was given more than once: give it once")

    def test_an_empty_word_is_a_mistake_of_the_option(self):
        for command in (("list",), ("attach", "xdp"), ("attach", "uprobe"), ("metrics",), ("top",)):
            for option, _ in valued_options(*command):
                with self.subTest(command + (option,)):
                    line = *command, *required_options(*command, but=option), option, ""
                    self.assert_usage_error(*line, says=f"bpflink: {option}: ")

    def test_a_flag_takes_no_value(self):
        self.assert_usage_error("list", "--json=maybe", says="--json takes no value")
        self.assert_usage_error("gc", "/x", "--yes=no", says="--yes takes no value")

    def test_options_that_belong_together_or_exclude_each_other_say_so(self):
        self.assert_usage_error("attach", "tcx", "--program", "1", "--interface", "lo", "--first", "--last", "--wait",
                                says="do not go together: give one of them")
        self.assert_usage_error("attach", "iter", "--program", "1", "--cgroup-order", "children", "--wait",
                                says="--cgroup-order means nothing alone: give --cgroup DIR too")

    def test_the_program_of_an_attach_is_asked_for_by_name(self):
        self.assert_usage_error("attach", "xdp", "--interface", "lo", "--wait", says="--program PROGRAM is missing")

    def test_an_id_is_a_decimal_number_from_1_on(self):
        for word in "", "0", "-1", "+1", "1x", "x", "0x10", " 1", "1.0", "4294967296":
            for command in ("show",), ("detach",), ("list", "--program"):
                with self.subTest(command + (word,)):
                    self.assert_usage_error(*command, word, says="")

    def test_an_unknown_type_is_refused_with_the_names_of_all(self):
        self.assert_usage_error("list", "--type", "frob", says="raw_tracepoint, tracing, cgroup")

    def test_a_hostile_argument_reaches_stderr_without_its_control_characters(self):
        done = run(TOOL, "list", "--type", b"\x1b[31m\xff\n")
        self.assertEqual(2, done.returncode)
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertIn(rb"\x1b[31m\xff\x0a", done.stderr)

    def test_what_the_library_escaped_is_not_escaped_again(self):  # E25
        done = run(TOOL, "unpin", b"/nowhere/a\x1bb\nc\xff")
        self.assertEqual(1, done.stderr.count(b"\n"), done.stderr)
        self.assertIn(rb"/nowhere/a\x1bb\nc\xff: ", done.stderr)

    def test_help_tells_of_short_attach_types_where_there_are_some(self):
        for hook, are_some in ("tcx", True), ("cgroup", True), ("sockmap", False), ("netns", False):
            text = run(TOOL, "attach", hook, "--help").stdout
            self.assertIn(b"ATTACH is one of these", text)
            self.assertEqual(are_some, b"with or without the hook's name in front" in text, hook)


if __name__ == "__main__":
    unittest.main(verbosity=2)
