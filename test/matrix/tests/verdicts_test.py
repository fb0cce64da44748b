#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the runner makes of the ways a test can end.

usage: verdicts_test.py ENDINGS [unittest's arguments]

ENDINGS is the binary of endings.cpp; the kernel is BPFLINK_VERDICTS_KERNEL, or 5.10, which boots
in the shortest time.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

MATRIX = pathlib.Path(__file__).resolve().parents[1] / "matrix.py"
KERNEL = os.environ.get("BPFLINK_VERDICTS_KERNEL", "5.10")
ENDINGS = ""  # main() sets it
PATIENCE = 60  # seconds, for what has to come: beside busy processes it takes ten times as long


def qemus_of(pid):
    """Process ids of the virtual machines below a process."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def is_alive(pid):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


class Verdicts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bpflink-verdicts.")
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        self.temporary = self.home / "temporary"
        self.temporary.mkdir()
        (self.home / "skips").mkdir()

    def start(self, case, *, limit=10 * PATIENCE, listed="", arguments=()):
        (self.home / "skips" / f"{KERNEL}.txt").write_text(listed)
        command = [sys.executable, MATRIX, "run", KERNEL, "--limit", str(limit),
                   "--results", self.home / "results", "--skips", self.home / "skips", "--",
                   ENDINGS, f"--test-case={case}", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "TMPDIR": str(self.temporary)})

    def run_case(self, case, **how):
        process = self.start(case, **how)
        output = process.communicate()[0]
        if process.returncode == 77:
            self.skipTest(output)
        self.assertEqual(list(self.temporary.iterdir()), [], "something is left behind")
        return process.returncode, output

    def result(self, name):
        return (self.home / "results" / KERNEL / name).read_text()

    def check(self, case, status, *words, **how):
        found, output = self.run_case(case, **how)
        self.assertEqual(found, status, output)
        for word in (("PASS", "FAIL", "NO VERDICT")[status], *words):
            self.assertIn(word, output)
        suite = xml.fromstring(self.result("junit.xml"))
        self.assertEqual(suite.find("testcase[@name='verdict']/failure") is None, status == 0)
        return suite

    def test_a_pass_with_a_listed_skip_and_an_artifact(self):
        suite = self.check("pass,skip,leave*", 0,
                           listed="# why\nskip: this kernel cannot: it says so\n")
        self.assertIsNone(suite.find("testcase[@name='pass']/failure"))
        self.assertEqual(suite.find("testcase[@name='skip']/skipped").get("message"),
                         "this kernel cannot: it says so")
        self.assertIn("s: pass\n", self.result("test.log"))
        self.assertIn("Linux version", self.result("kernel.log"))
        self.assertEqual(json.loads(self.result("result.json"))["status"]["tainted"], "0")
        with tarfile.open(self.home / "results" / KERNEL / "artifacts.tar") as archive:
            self.assertEqual(archive.extractfile("./trace").read(), b"what the test found")

    def test_cases_that_fail_and_an_unlisted_skip(self):
        suite = self.check("*fail*,skip", 1, "exit status is 1", "failed: fail\n", "as asked",
                           "not on the list: skip: this kernel cannot: it says so")
        failures = suite.findall("testcase/failure")
        self.assertEqual(len(failures), 3)  # the verdict's too
        self.assertIn("1 + 1 == 3", failures[0].text)
        self.assertIn("as asked", failures[1].text)

    def test_a_listed_case_that_ran(self):
        self.check("pass", 1, "and not skipped: pass: it once did", listed="pass: it once did\n")

    def test_a_panic(self):
        self.check("panic", 2, "Kernel panic - not syncing: sysrq triggered crash")
        self.assertIn("sysrq_handle_crash", self.result("kernel.log"))

    def test_a_tainted_kernel(self):
        self.check("oops", 1, "tainted (512)")

    def test_a_hang(self):
        # It has to be there ten seconds before, for its stack to be shown.
        self.check("hang", 2, f"still running after {PATIENCE} s", limit=PATIENCE)
        self.assertIn("task:bpflink-matrix", self.result("kernel.log"), "no stack of what hangs")

    def test_a_crash(self):
        suite = self.check("crash", 1, "exit status is 139 (SIGSEGV)", "failed: crash")
        self.assertIn("CRASHED", suite.find("testcase[@name='crash']/failure").text)

    def test_a_kill(self):
        self.check("kill", 1, "exit status is 137 (SIGKILL)")

    def test_a_lost_machine(self):
        self.check("lose the machine", 2, "the guest went away")

    def test_lost_results(self):
        self.check("lose the results", 2, "output is lost")

    def test_a_full_disk(self):
        suite = self.check("fill the disk", 1, "exit status is 1", "no space left in /tmp")
        self.assertIsNotNone(suite.find("testcase[@name='fill the disk']/failure"))

    def interrupt(self, signo):
        process = self.start("hang")
        while process.poll() is None and not qemus_of(process.pid):
            time.sleep(0.1)
        if process.poll() == 77:
            self.skipTest(process.communicate()[0])
        time.sleep(2)
        machines = qemus_of(process.pid)
        self.assertEqual(len(machines), 1)
        process.send_signal(signo)
        process.communicate(timeout=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while is_alive(machines[0]):
            self.assertLess(time.monotonic(), deadline, "the virtual machine goes on")
            time.sleep(0.1)
        self.assertEqual(list(self.temporary.iterdir()), [], "something is left behind")
        return process.returncode

    def test_an_interrupt(self):
        self.assertEqual(self.interrupt(signal.SIGINT), 130)

    def test_a_termination(self):
        self.assertEqual(self.interrupt(signal.SIGTERM), 130)

    def test_a_killed_runner(self):
        self.assertEqual(self.interrupt(signal.SIGKILL), -signal.SIGKILL)


if __name__ == "__main__":
    ENDINGS = os.path.abspath(sys.argv.pop(1))
    result = unittest.main(verbosity=2, exit=False).result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
