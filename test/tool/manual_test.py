# SPDX-License-Identifier: Apache-2.0
"""The man page and the completions: they say what --help says, and their readers take them."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import TOOL, run

FORMS = "man", "bash", "zsh", "fish"


def printed(form):
    done = run(TOOL, "help", "--print", form)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode()


def commands():
    """All commands with their options, as --help tells them."""
    listed = run(TOOL, "--help").stdout.decode().partition("\nOptions:\n")[2]
    for command in re.findall(r"^  ([a-z]+) ", listed.partition("\nExit status")[0], re.MULTILINE):
        text = run(TOOL, command, "--help").stdout.decode().partition("\nOptions:\n")[2]
        yield command, set(re.findall(r"(--[a-z-]+)", "".join(
            line.split("  ")[1] + "\n" for line in text.splitlines() if line.startswith("  -"))))


class Manual(unittest.TestCase):
    def test_every_command_and_option_is_in_each_form(self):
        for form in FORMS:
            text = printed(form).replace("\\-", "-")
            for command, options in commands():
                self.assertRegex(text, rf"\b{command}\b")
                for option in options | {"--help"}:
                    name = f"-l {option[2:]} " if form == "fish" else option
                    self.assertIn(name, text, form)

    def test_man_has_nothing_to_complain_of(self):
        if not shutil.which("man") or not shutil.which("groff"):
            self.skipTest("there is no man or no groff")
        with tempfile.TemporaryDirectory() as place:
            page = pathlib.Path(place) / "bpflink.8"
            page.write_text(printed("man"), encoding="utf-8")
            done = run("man", "--warnings", "--local-file", str(page), env={"MANWIDTH": "100"})
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        text = done.stdout.decode()
        for heading in "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "SEE ALSO":
            self.assertRegex(text, rf"(?m)^{heading}$")
        self.assertIn("bpflink list --type cgroup --program 35", text)

    def test_shells_can_read_their_completions(self):
        for shell in "bash", "zsh", "fish":
            if not shutil.which(shell):
                print(f"SKIP: there is no {shell}", flush=True)
                continue
            done = run(shell, "-n", stdin=None, input=printed(shell).encode())
            self.assertEqual((0, b""), (done.returncode, done.stderr), shell)

    def test_an_unknown_form_is_a_usage_error(self):
        done = run(TOOL, "help", "--print", "csh")
        self.assertEqual(2, done.returncode)
        self.assertIn(b"'csh'", done.stderr)


@unittest.skipUnless(shutil.which("bash"), "there is no bash")
class Bash(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = printed("bash") + """
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bpflink; printf '%s\\n' "${COMPREPLY[@]}"
"""
        done = subprocess.run(["bash", "-c", script, "bash", "bpflink", *words], check=True,
                              capture_output=True, timeout=60)
        return done.stdout.decode().split()

    def test_commands(self):
        self.assertEqual(["list"], self.complete("li"))
        self.assertLessEqual({"list", "show", "pin", "--version"}, set(self.complete("")))

    def test_options_of_the_command(self):
        self.assertEqual(["--json"], self.complete("list", "--j"))
        self.assertNotIn("--type", self.complete("show", "--"))

    def test_values(self):
        self.assertEqual(["xdp"], self.complete("list", "--type", "x"))
        self.assertEqual(["attached"], self.complete("list", "--state", "att"))
        self.assertEqual(["TAG", "TARGET"], sorted(self.complete("list", "-o", "TA")))
        self.assertIn("lo", self.complete("list", "--interface", ""))
        self.assertIn("/proc", self.complete("pin", "/pro"))
        self.assertEqual(["holders"], self.complete("help", "hol"))

    def test_the_hooks_of_attach_and_their_options(self):
        self.assertEqual(["uprobe", "uprobe_multi"], sorted(self.complete("attach", "up")))
        self.assertEqual(["--mode"], self.complete("attach", "xdp", "--mo"))
        self.assertEqual([], self.complete("attach", "tcx", "--mo"))
        self.assertEqual(["egress"], self.complete("attach", "tcx", "--direction", "e"))
        self.assertIn("lo", self.complete("attach", "xdp", "--interface", ""))

    def test_the_hooks_of_attach_are_in_the_man_page(self):
        page = printed("man").replace("\\-", "-")
        self.assertIn('.SS "attach netfilter - ', page)
        self.assertIn("--protocol-family", page)


class Installed(unittest.TestCase):
    def test_the_man_page_and_the_completions_are_installed_with_the_program(self):
        with tempfile.TemporaryDirectory() as place:
            done = run(os.environ["CMAKE"], "--install", os.environ["BUILD"], "--prefix", place,
                       "--component", "bpflink-tool", env=dict(os.environ))
            self.assertEqual(0, done.returncode, done)
            for form, path in (("man", "man/man8/bpflink.8"),
                               ("bash", "bash-completion/completions/bpflink"),
                               ("zsh", "zsh/site-functions/_bpflink"),
                               ("fish", "fish/vendor_completions.d/bpflink.fish")):
                text = pathlib.Path(place, "share", path).read_text(encoding="utf-8")
                self.assertEqual(printed(form), text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
