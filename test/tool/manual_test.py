# SPDX-License-Identifier: Apache-2.0
"""The man page and the completions: they say what --help says, and their readers take them."""

import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from support import PATIENCE, TOOL, run

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
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES",
                        "EXAMPLES", "NOTES", "SEE ALSO"):
            self.assertRegex(text, rf"(?m)^{heading}$")
        self.assertRegex(text, r"EXIT STATUS\n +0 +if all went well\n\n +1 +if something failed\n")
        self.assertIn("bpflink list --type cgroup --program 35", text)
        self.assertIn("--columns [+]COLUMN,...", text)

    def test_the_page_says_of_each_option_what_help_says(self):
        page = printed("man").replace("\\-", "-").replace("\n", " ")
        self.assertIn("The program: its id, or the path of a pin. Required.", page)
        self.assertIn("It does not go with --last, --before, --after.", page)
        self.assertIn("It means nothing without --cgroup.", page)
        self.assertEqual(1, page.count("fB-h, --help"))  # not with each command

    def test_the_formatters_have_nothing_to_complain_of(self):
        for command in (("groff", "-ww", "-man", "-Tutf8"), ("mandoc", "-Tlint", "-Wwarning")):
            if not shutil.which(command[0]):
                print(f"SKIP: there is no {command[0]}", flush=True)
                continue
            done = run(*command, stdin=None, input=printed("man").encode())
            said = (done.stderr + (done.stdout if command[0] == "mandoc" else b"")).decode()
            # The page's text has no date of its own.
            self.assertEqual([], [line for line in said.splitlines() if "missing date" not in line], command)

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


@contextlib.contextmanager
def program_of_two_links():
    """The environment of a shell that finds a bpflink which lists two links."""
    with tempfile.TemporaryDirectory() as place:
        program = pathlib.Path(place) / "bpflink"
        program.write_text("""#!/bin/sh
case "$*" in
*ID,*) printf '17   xdp     count:2  eth0\\n170  cgroup  egress   /a/b\\n' ;;
*PROGRAM*) printf '35 count:2\\n36 egress\\n36 egress\\n' ;;
esac
""", encoding="utf-8")
        program.chmod(0o755)
        yield os.environ | {"PATH": f"{place}:{os.environ['PATH']}", "HOME": place}


class Places:
    """Tests of a shell that tells by `offered` the words at the end of a line."""

    samples = {"list", "xdp", "EPERM", "17", "--json"}  # one of each kind

    def assert_offers(self, wanted, *lines):
        for line in lines:
            with self.subTest(line):
                self.assertEqual(wanted, self.samples & set(self.offered(line)))

    def test_each_place_has_the_words_of_its_own_positional(self):
        self.assert_offers({"list"}, "help ")
        self.assert_offers({"EPERM"}, "explain ")
        self.assert_offers({"xdp"}, "explain EPERM ")
        self.assert_offers({"17"}, "show ", "pin ", "update ")
        self.assert_offers(set(), "pin 17 ", "explain EPERM xdp ", "show 17 ", "show 18 ", "attach xdp ")

    def test_a_hook_is_helped_with_behind_attach_alone(self):
        self.assert_offers({"xdp"}, "help attach ")
        self.assert_offers(set(), "help list ", "help explain ", "help attach tcx ")

    def test_options_and_their_values_are_not_in_a_place(self):
        self.assert_offers({"list"}, "help --print man ", "help --print=man ")
        self.assert_offers({"xdp"}, "explain --json EPERM ", "help --print man attach ", "help attach --print=man ")
        self.assert_offers({"17"}, "update --program 35 --expect=36 ", "teardown --yes --wait 3 ")
        self.assert_offers(set(), "update --program 35 17 ", "pin --expect-program 3 17 --replace ")

    def test_dashes_may_end_the_options(self):
        self.assert_offers({"17"}, "show -- ", "update --program -- ")  # there they are a value
        self.assert_offers({"xdp"}, "help -- attach ", "explain --json -- EPERM ")
        self.assert_offers({"--json"}, "show --", "show 17 --")
        self.assert_offers(set(), "show -- --", "show -- 17 ")


@unittest.skipUnless(shutil.which("bash"), "there is no bash")
class Bash(Places, unittest.TestCase):
    def complete_lines(self, *words, shows=False):
        """What bash offers for the last word; `shows`: to be read, after the second Tab."""
        script = printed("bash") + f"""
COMP_TYPE={63 if shows else 9}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bpflink
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        with program_of_two_links() as environment:
            done = subprocess.run(["bash", "-c", script, "bash", "bpflink", *words], check=True,
                                  capture_output=True, timeout=60, env=environment)
        return done.stdout.decode().splitlines()

    def complete(self, *words):
        return " ".join(self.complete_lines(*words)).split()

    def offered(self, line):
        """Of the line as readline splits it."""
        return self.complete(*(word for word in re.split("([=:]+)| ", line) if word is not None))

    def test_a_word_with_a_colon_is_one(self):
        self.assert_offers(set(), "on blue:eth0 ")
        self.assert_offers({"17"}, "update --program /sys/fs/bpf/a:b ")
        self.assertEqual(["/proc"], self.offered("pin /sys/fs/bpf/a:b /pro"))

    def test_links_and_programs_are_described_while_they_are_listed(self):
        self.assertEqual(["17", "170"], self.complete_lines("show", "17"))
        self.assertEqual(["17   xdp     count:2  eth0", "170  cgroup  egress   /a/b"],
                         self.complete_lines("show", "17", shows=True))
        self.assertEqual(["35", "36"], self.complete_lines("list", "--program", "3"))
        self.assertEqual(["36 egress"], self.complete_lines("update", "17", "--program", "36",
                                                            shows=True))

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

    def test_words_of_a_list(self):
        for typed, wanted in (("ID,TA", ["ID,TAG", "ID,TARGET"]), ("+TA", ["+TAG", "+TARGET"]),
                              ("+ID,PINN", ["+ID,PINNED"])):
            self.assertEqual(wanted, sorted(self.complete("list", "-o", typed)))
        self.assertEqual(["xdp,tcx"], self.complete("list", "--type", "xdp,tc"))
        self.assertEqual(["xdp,tcx"], self.complete("list", "--type", "=", "xdp,tc"))
        self.assertEqual(["35,36"], self.complete_lines("list", "--program", "35,36"))
        self.assertEqual([], self.complete("list", "--sort", "ID,TA"))  # it takes one

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


@unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
class Zsh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        environment = cls.enterClassContext(program_of_two_links())
        place = cls.enterClassContext(tempfile.TemporaryDirectory())
        pathlib.Path(place, "_bpflink").write_text(printed("zsh"), encoding="utf-8")
        process, cls.terminal = pty.fork()
        if process == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment | {"TERM": "vt100"})
        cls.addClassCleanup(os.waitpid, process, 0)
        cls.addClassCleanup(os.close, cls.terminal)  # a hangup ends it
        os.write(cls.terminal, f"fpath=({place} $fpath); autoload -Uz compinit; compinit -u -D; "
                 "PROMPT=; LISTMAX=1000; stty cols 100; print rea''dy\n".encode())
        cls.wait_for("ready")

    def complete(self, typed, wanted):
        """What is on the terminal when Tab was pressed behind the text, and `wanted` came."""
        os.write(self.terminal, typed.encode() + b"\t")
        text = self.wait_for(wanted)
        os.write(self.terminal, b"\x15print d''one\n")  # what was typed goes
        self.wait_for("done")
        return text

    @classmethod
    def wait_for(cls, wanted):
        said, text, deadline = b"", "", time.monotonic() + PATIENCE
        while wanted not in text:
            if time.monotonic() > deadline:
                raise AssertionError(f"there is no {wanted} in: {text}")
            if select.select([cls.terminal], [], [], 1)[0]:
                said += os.read(cls.terminal, 65536)
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode(errors="replace"))
        return text

    def test_commands_options_and_values(self):
        for typed, wanted in (("bpflink li", "list"), ("bpflink show --js", "--json"),
                              ("bpflink list --type xd", "xdp"),
                              ("bpflink list -o ID,RUNT", "ID,RUNTIME"),
                              ("bpflink list -o +ID,PI", "+ID,PINNED"),
                              ("bpflink list --type xdp,netf", "xdp,netfilter"),
                              ("bpflink list --type=xd", "--type=xdp"),
                              ("bpflink list --type=xdp,netf", "--type=xdp,netfilter"),
                              ("bpflink list --state=att", "--state=attached"),
                              ("bpflink attach uprobe_", "uprobe_multi"),
                              ("bpflink attach xdp --mo", "--mode"),
                              ("bpflink attach tcx --direction e", "egress")):
            self.complete(typed, wanted)

    def test_a_hook_is_helped_with_behind_attach_alone(self):
        self.complete("bpflink help attach usd", "usdt")
        os.write(self.terminal, b"bpflink help list usd\t\x15print d''one\n")
        self.assertNotIn("usdt", self.wait_for("done"))

    def test_links_and_programs_are_described(self):
        text = self.complete("bpflink show 17", "/a/b")
        self.assertRegex(text, r"17 +-- xdp count:2 eth0")
        self.assertRegex(text, r"170 +-- cgroup egress /a/b")
        self.assertRegex(self.complete("bpflink list --program 3", "egress"), r"35 +-- count:2")


@unittest.skipUnless(shutil.which("fish"), "there is no fish")
class Fish(Places, unittest.TestCase):
    def complete(self, line):
        """The words that fish offers at the end of the line, with the text beside each."""
        script = printed("fish") + "\ncomplete -C $LINE\n"
        with program_of_two_links() as environment:
            done = subprocess.run(["fish", "--no-config", "-c", script], check=True,
                                  capture_output=True, timeout=60,
                                  env=environment | {"LINE": "bpflink " + line})
        self.assertEqual(b"", done.stderr)
        return dict((text + "\t").split("\t")[:2] for text in done.stdout.decode().splitlines())

    offered = complete

    def test_commands(self):
        self.assertEqual({"list": "List links"}, self.complete("li"))
        self.assertLessEqual({"list", "show", "pin"}, self.complete("").keys())
        self.assertEqual({"--help", "--version"}, self.complete("--").keys())

    def test_options_of_the_command(self):
        self.assertEqual(["--json"], list(self.complete("list --j")))
        self.assertEqual({"--help", "--json"}, self.complete("show --").keys())

    def test_a_command_s_name_elsewhere_is_not_the_command(self):
        for line in "show list --", "attach xdp --pin list --", "on tree --":
            self.assertNotIn("--type", self.complete(line), line)
        self.assertIn("--type", self.complete("list --name show --"))

    def test_values(self):
        self.assertEqual(["xdp"], list(self.complete("list --type x")))
        self.assertEqual(["attached"], list(self.complete("list --state att")))
        self.assertEqual(["TAG", "TARGET"], sorted(self.complete("list -o TA")))
        self.assertIn("lo", self.complete("list --interface "))
        self.assertIn("/proc/", self.complete("pin /pro"))
        self.assertEqual(["holders"], list(self.complete("help hol")))

    def test_words_of_a_list(self):
        self.assertEqual(["ID,TAG", "ID,TARGET"], sorted(self.complete("list -o ID,TA")))
        self.assertEqual(["+TAG", "+TARGET"], sorted(self.complete("list -o +TA")))
        self.assertEqual(["--type=xdp,tcx"], list(self.complete("list --type=xdp,tc")))
        self.assertEqual({"35,36": "egress"}, self.complete("list --program 35,36"))
        self.assertEqual({}, self.complete("list --sort ID,TA"))  # it takes one

    def test_paths_in_a_list(self):
        self.assertEqual(["/proc/"], list(self.complete("list --cgroup /pro")))
        self.assertEqual(["/sys,/proc/"], list(self.complete("list --cgroup /sys,/pro")))
        self.assertEqual(["--program=35,/proc/"], list(self.complete("list --program=35,/pro")))
        self.assertEqual({"35,36": "egress"}, self.complete("list --program 35,36"))

    def test_the_hooks_of_attach_and_their_options(self):
        self.assertEqual(["uprobe", "uprobe_multi"], sorted(self.complete("attach up")))
        self.assertEqual(["--mode"], list(self.complete("attach xdp --mo")))
        self.assertEqual({}, self.complete("attach tcx --mo"))
        self.assertEqual(["egress"], list(self.complete("attach tcx --direction e")))

    def test_links_and_programs_are_described(self):
        self.assertEqual({"17": "xdp     count:2  eth0", "170": "cgroup  egress   /a/b"},
                         self.complete("show 17"))
        self.assertEqual({"36": "egress"}, self.complete("list --program 36"))


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
