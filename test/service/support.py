# SPDX-License-Identifier: Apache-2.0
"""What the tests of the service share: namespaces, an interface with traffic, and running the service."""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SERVICE = os.environ["SERVICE"]
*OBJECTS, REFUSED = os.environ["OBJECTS"].split(":")  # two versions of one program, and one that never ends
LIBBPF = ctypes.CDLL("libbpf.so.1")
PATIENCE = 60  # seconds, for what has to come: beside busy processes it takes ten times as long
SKIPPED = 77  # what ctest takes for a test that could not be run
HERE = os.path.dirname(os.path.abspath(__file__))


def skip_all(reason):
    print(f"SKIP: {reason}", flush=True)
    sys.exit(SKIPPED)


def enter_own_namespaces(*tools):
    """Runs the script again, in namespaces that go away with it, and so does all that it started."""
    if os.geteuid() != 0:
        skip_all("links need root")
    for tool in "unshare", "nsenter", "ip", "bpftool", *tools:
        if not shutil.which(tool):
            skip_all(f"there is no {tool}")
    if os.environ.get("IN_OWN_NAMESPACES") != "yes":
        os.environ["IN_OWN_NAMESPACES"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
                               "--mount-proc", sys.executable, "-B", *sys.argv])
    run("ip", "link", "set", "lo", "up")


def run(*command):
    """@return what it prints; it must succeed"""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def eventually(condition, what, seconds=PATIENCE):
    """Waits until the condition is true, and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        if outcome := condition():
            return outcome
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come to pass within {seconds} s that {what}")
        time.sleep(0.01)


class Namespace:
    """Another network namespace, that a process holds."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        eventually(lambda: os.readlink(f"/proc/{self.process.pid}/ns/net") != own,
                   "the namespace is there")
        self.run("ip", "link", "set", "lo", "up")

    def enter(self, *command):
        return ("nsenter", f"--target={self.process.pid}", "--net", *command)

    def run(self, *command):
        return run(*self.enter(*command))

    def close(self):
        self.process.kill()
        self.process.wait()


class Here:
    """This process's network namespace, as one of the others."""

    process = type("Own", (), {"pid": os.getpid()})

    @staticmethod
    def enter(*command):
        return command

    @staticmethod
    def run(*command):
        return run(*command)


def connect(one, name, other, peer):
    """A pair of interfaces in two namespaces, both up."""
    one.run("ip", "link", "add", name, "type", "veth", "peer", "name", peer,
            "netns", str(other.process.pid))
    for namespace, interface in (one, name), (other, peer):
        namespace.run("ip", "link", "set", interface, "up")


class Traffic:
    """Frames that the program counts, sent until end() says how many there were."""

    def __init__(self, namespace, interface):
        self.process = subprocess.Popen(
            namespace.enter(sys.executable, "-B", f"{HERE}/traffic.py", interface),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()  # it has begun

    def end(self):
        said, _ = self.process.communicate(timeout=PATIENCE)
        if self.process.returncode != 0:
            raise RuntimeError("the sender of frames failed")
        return int(said)


class Bpffs:
    """A BPF file system of the test's own, in its mount namespace."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="bpflink-service.")
        run("mount", "-t", "bpf", "bpf", self.path)

    def close(self):
        def is_unmounted():
            return subprocess.run(["umount", self.path], stderr=subprocess.DEVNULL, check=False).returncode == 0
        eventually(is_unmounted, f"{self.path} is unmounted: who looks for holders of links keeps it busy")
        os.rmdir(self.path)

    def tree(self):
        """All names below it."""
        return sorted(os.path.join(path, name) for path, directories, files in os.walk(self.path)
                      for name in (*directories, *files) if not name.endswith(".debug"))

    def names(self, pins="service"):
        """What is pinned in a directory."""
        return set(os.listdir(f"{self.path}/{pins}")) - {"%lock"}

    def frames(self, pins="service"):
        """How many frames each version of the program has counted."""
        dumped = json.loads(run("bpftool", "-j", "map", "dump", "pinned", f"{self.path}/{pins}/frames"))
        return [entry["formatted"]["value"] for entry in dumped]


class Service:
    """The service with a configuration file of its own; it runs between start() and its end."""

    def __init__(self, bpffs, namespace=None, **configuration):
        self.bpffs = bpffs
        self.directory = tempfile.mkdtemp(prefix="bpflink-service.")
        self.path = f"{self.directory}/service.toml"
        self.log_path = f"{self.directory}/log"
        self.namespace = namespace
        self.process = None
        self.configuration = {
            "interface": "eth0", "object": OBJECTS[0], "program": "count", "counters": "frames",
            "pins": f"{bpffs.path}/service"} | configuration
        self.configure()

    @property
    def pin(self):
        return f"{self.configuration['pins']}/{self.configuration['interface']}"

    def configure(self, text=None, **changes):
        """Writes the file, as an editor does: over the old one at once."""
        self.configuration |= changes
        if text is None:
            text = "".join(f"{key} = {json.dumps(value)}\n"
                           for key, value in self.configuration.items() if value is not None)
        with open(f"{self.path}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(f"{self.path}.new", self.path)

    def spawn(self, *options, through=(), stored=(), **environment):
        """Runs it, by another command where one is named.
        @param stored  descriptors of links, handed over as systemd does"""
        command = (*through, SERVICE, *options, self.path)
        if self.namespace:
            command = self.namespace.enter(*command)
        if stored:
            moves = " ".join(f"{3 + number}<&{fd}" for number, fd in enumerate(stored))
            moves += "".join(f" {fd}<&-" for fd in stored if fd >= 3 + len(stored))
            command = ("bash", "-c", f'exec {moves}; LISTEN_PID=$$ exec "$@"', "bash", *command)
            environment |= {"LISTEN_FDS": str(len(stored)), "LISTEN_FDNAMES": ":".join("link" for _ in stored)}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | environment, pass_fds=stored)

    def ends(self, *options):
        """Runs it to its end.
        @return exit status, and what it says"""
        before = len(self.log())
        self.spawn(*options)
        return self.wait(), self.log()[before:]

    def ends_beside(self, *options):
        """The same, beside one that runs."""
        ended = subprocess.run([SERVICE, *options, self.path], stdin=subprocess.DEVNULL, timeout=PATIENCE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return ended.returncode, ended.stdout.decode()

    def start(self, **how):
        self.spawn(**how)

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended: {self.log()}")
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                return self.get("/links")
            return None
        eventually(answers, "the service answers")
        return self

    def get(self, path, method="GET"):
        """@return status, content type and body"""
        address = self.configuration.get("address", "127.0.0.1")
        port = self.configuration.get("port", 9435)
        request = urllib.request.Request(f"http://{address}:{port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers["Content-Type"], refused.read().decode()

    def metric(self, name):
        """The value of a metric, spelt with its labels; None where it is not there."""
        status, _, text = self.get("/metrics")
        if status != 200:
            raise AssertionError(text)
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None

    def counts(self, name):
        return int(self.metric(name) or 0)

    def attached(self):
        return self.metric(f"bpflink_service_attached{{interface=\"{self.configuration['interface']}\"}}") == 1

    def steps(self, what):
        return self.counts(f'bpflink_service_steps_total{{step="{what}"}}')

    def links(self):
        status, _, text = self.get("/links")
        if status != 200:
            raise AssertionError(text)
        return json.loads(text)

    def link(self):
        """The service's own link."""
        return next((link for link in self.links()
                     if self.pin in link.get("pinned", [])), None)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def signal(self, number):
        self.process.send_signal(number)

    def swap(self, version):
        """Has the service take a version of the program, and waits until it runs."""
        before = self.steps("update")
        self.configure(object=OBJECTS[version])
        self.signal(signal.SIGHUP)
        eventually(lambda: self.steps("update") == before + 1, "it is swapped")

    def refuse(self, *words):
        """Has the service read its configuration again, which fails and says each of the words."""
        before = len(self.log())
        self.signal(signal.SIGHUP)
        said = eventually(lambda: "all stays as it is\n" in self.log()[before:] and self.log()[before:],
                          "the reload is refused")
        for word in words:
            if word not in said:
                raise AssertionError(f"{word!r} is not in {said!r}")

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.signal(signal.SIGTERM)
        outcome = self.wait()
        if outcome != 0:
            raise AssertionError(f"exit code {outcome}: {self.log()}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory)


def link_shown(number):
    """A link by its id, as bpftool shows it, and fails then."""
    done = subprocess.run(["bpftool", "-j", "link", "show", "id", str(number)], timeout=PATIENCE,
                          stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)


def fact_of(opened, name):
    """What the kernel tells of an open link, and closes it; None of what it does not tell."""
    if opened < 0:
        return None
    with open(f"/proc/self/fdinfo/{opened}", encoding="utf-8") as facts:
        fact = re.search(rf"^{name}:\s*(\S+)$", facts.read(), re.MULTILINE)
    os.close(opened)
    return fact and fact[1]


def link_at(pin):
    """The id of a pinned link, None of what is none; bpftool shows none of another network namespace."""
    number = fact_of(LIBBPF.bpf_obj_get(pin.encode()), "link_id")
    return number and int(number)


def link_ids():
    """Those of XDP: links of other kinds are not the service's. bpftool lists none behind a link that
    goes meanwhile, or is being attached."""
    found, number = set(), ctypes.c_uint32(0)
    while LIBBPF.bpf_link_get_next_id(number, ctypes.byref(number)) == 0:
        if fact_of(LIBBPF.bpf_link_get_fd_by_id(number), "link_type") == "xdp":
            found.add(number.value)
    return found


class ServiceCase(unittest.TestCase):
    """A pair of interfaces, eth0 here and far0 in another network namespace, and a BPF file system."""

    @classmethod
    def setUpClass(cls):
        cls.links_before = link_ids()
        cls.other = Namespace()
        cls.addClassCleanup(cls.other.close)

    def setUp(self):
        self.bpffs = Bpffs()
        self.addCleanup(self.bpffs.close)
        self.add_interface()

    def tearDown(self):
        mine = {link_at(pin) for pin in self.bpffs.tree()} - {None}  # other links are other people's
        self.doCleanups()
        # A link whose last reference was a pin goes in the background.
        eventually(lambda: not mine & link_ids(), "no link is left")

    def add_interface(self, name="eth0", peer="far0"):
        connect(Here, name, self.other, peer)
        self.addCleanup(self.remove_interface, peer)

    def remove_interface(self, peer="far0"):
        """And the other one of the pair, whatever it is called by now."""
        with contextlib.suppress(RuntimeError):
            self.other.run("ip", "link", "del", peer)

    def service(self, **configuration):
        made = Service(self.bpffs, **configuration)
        self.addCleanup(made.close)
        return made

    def attached_service(self, **configuration):
        made = self.service(**configuration).start()
        eventually(made.attached, "it is attached")
        return made

    def send(self, interface="far0"):
        """Sends some frames, and says how many."""
        return Traffic(self.other, interface).end()

    def assert_sees_frames(self):
        before = sum(self.bpffs.frames())
        self.assert_seen(self.send(), before)

    def assert_seen(self, sent, before=0):
        """So many frames have been counted: the last ones may be on their way yet."""
        eventually(lambda: sum(self.bpffs.frames()) - before >= sent, f"{sent} frames are seen")
        self.assertEqual(sent, sum(self.bpffs.frames()) - before)


def main():
    unittest.main(verbosity=2)
