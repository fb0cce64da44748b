# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line program share: running it, and links to run it on."""

import ctypes
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import time
import unittest

TOOL = os.environ["BPFLINK"]
LINKS = os.environ["LINKS"]

# The locale, the width, the colours and the pager are what a test says, not what the caller has.
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LC_ALL": "C.UTF-8",
               "PAGER": ""}
ENVIRONMENT |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}

PATIENCE = 60  # seconds, for what has to come: beside busy processes it takes ten times as long
SKIPPED = 77  # what ctest takes for a test that could not be run


def skip_all(reason):
    print(f"SKIP: {reason}", flush=True)
    sys.exit(SKIPPED)


def run(*command, **options):
    """Runs a command to its end; what it prints is bytes."""
    environment = ENVIRONMENT | options.pop("env", {})
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "timeout": PATIENCE} | options
    return subprocess.run(command, env=environment, check=False, **options)


BPF_PROG_LOAD, BPF_LINK_GET_FD_BY_ID = 5, 30


def refused(command, error):
    """For preexec_fn: bpf(2) fails with this command from there on, as by a security module."""
    def refuse():
        bpf = {"x86_64": 321, "aarch64": 280}[platform.machine()]
        load, equal, answer = 0x20, 0x15, 0x06
        code = [(load, 0, 0, 0), (equal, 0, 3, bpf), (load, 0, 0, 16), (equal, 0, 1, command),
                (answer, 0, 0, 0x00050000 | error), (answer, 0, 0, 0x7fff0000)]
        text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(text)))
        libc = ctypes.CDLL(None, use_errno=True)
        no_new_privileges, seccomp, by_filter = 38, 22, 2
        libc.prctl(no_new_privileges, 1, 0, 0, 0)
        if libc.prctl(seccomp, by_filter, program, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    return refuse


class Links:
    """The links of links.cpp: they are there until close(), in namespaces of their own."""

    program = LINKS

    def __init__(self, crowd=0):
        """@param crowd  how many other links are made before"""
        self.ids, self.programs, self.facts, self.missing = {}, {}, {}, {}
        self.process = subprocess.Popen([self.program, str(crowd)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=ENVIRONMENT)
        for line in self.process.stdout:
            if line == b"ready\n":
                break
            said = json.loads(line)
            if "link" in said:
                self.ids[said["link"]] = said["id"]
                self.programs[said["link"]] = said["program"]
            elif "fact" in said:
                self.facts[said["fact"]] = said["value"]
            else:
                self.missing[said["missing"]] = said["why"]
        else:
            self.process.communicate()
            raise RuntimeError(f"{self.program} ended before it was ready: {self.process.returncode}")
        for kind, why in self.missing.items():
            print(f"SKIP: no {kind} link: {why}", flush=True)

    def close(self):
        """Ends the links, and sees to it that nothing is left of them."""
        self.process.stdout.close()
        self.process.stdin.close()
        try:
            outcome = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if outcome != 0:
            raise RuntimeError(f"{self.program} exited with {outcome}")
        for place in self.facts["cgroup"], self.facts["bpffs"]:
            if os.path.exists(place):
                raise RuntimeError(f"{place} is left over")
        deadline = time.monotonic() + PATIENCE  # links go in the background with their last pin
        while left := set(self.ids.values()) & {link["id"] for link in all_links()}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"links are left over: {left}")
            time.sleep(0.01)

    def enter(self, *command):
        """A command line that runs in the namespaces of the links. Their directories are named, for
        they may be a chroot's, which entering a mount namespace leaves."""
        return ("nsenter", f"--target={self.process.pid}", "--mount", "--root", "--wd", "--net",
                *command)

    def run(self, *command, **options):
        return run(*self.enter(*command), **options)

    def tool(self, *arguments, **options):
        return self.run(TOOL, *arguments, **options)

    def run_in_cgroup(self, script, mounts=True):
        """Runs a shell's script, of which $1 is the tool, in a cgroup below that of the links and in
        a cgroup namespace of its own.
        @param mounts  cgroup2 is mounted anew, as in a container, and shows this cgroup alone"""
        inner, mount = self.facts["cgroup"] + "/inner", os.path.dirname(self.facts["cgroup"])
        enter = 'echo $$ >"$1/cgroup.procs" && shift && exec unshare --cgroup --mount sh -c "$@"'
        if mounts:
            script = 'umount "$0" && mount -t cgroup2 none "$0" && ' + script
        os.mkdir(inner)
        try:
            return self.run("sh", "-c", enter, "sh", inner, script, mount, TOOL)
        finally:
            os.rmdir(inner)

    def read(self, *arguments, **options):
        """The tool's JSON; it must have nothing to complain of."""
        return json_of(self.tool(*arguments, **options))

    def list(self, *arguments):
        return {link["id"]: link for link in self.read("list", "--json", *arguments)}

    def pin_path(self, name):
        return f"{self.facts['bpffs']}/{name}"


def json_of(done):
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


def all_links():
    return json_of(run(TOOL, "list", "--json"))


class LinksTest(unittest.TestCase):
    """Tests on links that are there for the whole class."""

    crowd = 0

    @classmethod
    def setUpClass(cls):
        cls.links = Links(cls.crowd)
        cls.addClassCleanup(cls.links.close)

    def assert_fails(self, done, *words, code=1):
        """It ends with `code`, prints nothing, and says each of `words` in one line on stderr."""
        self.assertEqual(code, done.returncode, done)
        self.assertEqual(b"", done.stdout)
        said = done.stderr.decode()
        self.assertRegex(said, r"\Abpflink: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, said)

    def assert_quiet(self, done):
        self.assertEqual((0, b"", b""), (done.returncode, done.stdout, done.stderr))


def main():
    """Runs the tests of the script that calls it; they need root."""
    if os.geteuid() != 0:
        skip_all("links need root")
    if not shutil.which("nsenter"):
        skip_all("there is no nsenter (util-linux)")
    unittest.main(verbosity=2)
