# SPDX-License-Identifier: Apache-2.0
"""What an operator of the service relies on: exit statuses, --check, systemd, health, the lock of the pins."""

import configparser
import json
import os
import signal
import shutil
import socket
import subprocess
import tempfile
import unittest

import support
from support import ServiceCase, Traffic, eventually, link_at, link_ids, link_shown, run

EXAMPLE = os.environ["EXAMPLE"]
TOOL = os.environ["TOOL"]


class Systemd:
    """Receives what a service tells systemd."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(support.PATIENCE)
        self.socket.bind(address)
        self.stored = []

    def close(self):
        self.socket.close()
        self.forget()

    def hears(self, start):
        """The next of its messages that starts so; WATCHDOG=1 comes in between. Descriptors with one are stored."""
        while True:
            text, descriptors, _, _ = socket.recv_fds(self.socket, 4096, 8)
            said = text.decode().splitlines()
            if "FDSTOREREMOVE=1" in said:
                self.forget()
            self.stored += descriptors
            if text.decode().startswith(start):
                return said

    def forget(self):
        """Lets go of what is stored."""
        while self.stored:
            os.close(self.stored.pop())


def unit():
    """The unit of the service, as sections of settings."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read(f"{EXAMPLE}/bpflink-service.service")
    return read


class OperatorTest(ServiceCase):

    def assert_ends(self, status, word, changes=None, options=(), service=None):
        """It ends with this status, after one line that has the word in it."""
        service = service or self.service(**changes or {})
        ended, said = service.ends(*options)
        self.assertEqual((status, 1), (ended, said.count("\n")), said)
        self.assertIn(word, said)

    def assert_ends_and_check_tells(self, status, word, **changes):
        with self.subTest(changes=changes):
            before = self.bpffs.tree()
            self.assert_ends(status, word, changes, ("--check",))
            self.assertEqual(before, self.bpffs.tree())
            self.assert_ends(status, word, changes)

    def test_what_is_wrong_ends_it_with_a_line_and_a_status_and_check_tells_before(self):
        text = f"{self.service().directory}/text"
        with open(text, "w", encoding="utf-8") as file:
            file.write("no object")
        for status, word, changes in (
                (65, support.REFUSED, {"object": support.REFUSED, "counters": None}),
                (66, "/nowhere.bpf.o", {"object": "/nowhere.bpf.o"}),
                (66, text, {"object": text}),
                (66, "no program nothing", {"program": "nothing"}),
                (66, "no array nothing", {"counters": "nothing"}),
                (69, "eth9", {"interface": "eth9"}),
                (73, "not on a bpffs", {"pins": "/tmp/bpflink-service-nowhere/below"}),
                (73, "the root of a bpffs", {"pins": self.bpffs.path}),
                (73, "takes no dot in a name", {"pins": f"{self.bpffs.path}/a.b"}),
                (78, "interfce", {"interfce": "eth0"}),
                (78, "address: is not an IP address", {"address": "localhost"}),
                (78, "interface: cannot be", {"interface": "an-interface-of-16"}),
                (78, "pins: is empty", {"pins": ""})):
            self.assert_ends_and_check_tells(status, word, **changes)

    def test_an_interface_with_another_program_ends_it_and_check_tells_before(self):
        other = self.attached_service(pins=f"{self.bpffs.path}/other", port=9437)
        self.assert_ends_and_check_tells(69, f"program {other.link()['prog_id']}")
        self.assert_ends(69, f"link {other.link()['id']}")

    def test_what_is_pinned_in_its_place_ends_it_and_check_tells_before(self):
        other = self.attached_service()
        other.terminate()
        os.rename(f"{self.bpffs.path}/service/frames", f"{self.bpffs.path}/service/eth1")
        self.add_interface("eth1", "far1")
        self.assert_ends_and_check_tells(73, "not a BPF link", interface="eth1")

    def test_an_address_that_cannot_be_listened_on_ends_it(self):
        with socket.create_server(("127.0.0.1", 9436)):
            self.assert_ends(71, "Address already in use", {"port": 9436})
        self.assert_ends(71, "Cannot assign requested address", {"address": "192.0.2.1"})
        self.assertEqual({"frames"}, self.bpffs.names())

    def test_a_configuration_that_is_not_there_ends_it(self):
        service = self.service()
        os.unlink(service.path)
        self.assert_ends(78, service.path, service=service)

    def test_a_wrong_command_line_ends_it(self):
        self.assert_ends(64, "--chek", options=("--chek",))
        for command in ((), ("one", "two")):
            ended = subprocess.run([support.SERVICE, *command], stderr=subprocess.PIPE, check=False)
            self.assertEqual((64, 1), (ended.returncode, ended.stderr.count(b"\n")), ended.stderr)

    def test_its_statuses_are_in_its_help(self):
        said = run(support.SERVICE, "--help").decode()
        for status in 64, 65, 66, 69, 71, 73, 75, 77, 78:
            self.assertRegex(said, rf"\n  {status}  ")
        self.assertRegex(run(support.SERVICE, "--version").decode(), r"\Abpflink-service \d+\.\d+\.\d+\n\Z")

    def test_check_tells_what_would_be_done_and_changes_nothing(self):
        service = self.service()
        service.ends("--check")
        self.assertEqual([], self.bpffs.tree())
        self.assertEqual("create eth0\n", service.log())
        service.start()
        eventually(service.attached, "it is attached")
        link, tree = link_shown(service.link()["id"]), self.bpffs.tree()
        status, said = service.ends_beside("--check")
        self.assertEqual(0, status)
        self.assertRegex(said, r"\Aupdate eth0: link \d+ runs program \d+\n\Z")
        self.assertEqual((link, tree), (link_shown(service.link()["id"]), self.bpffs.tree()))

    def test_two_on_one_directory_of_pins_notice_each_other(self):
        first = self.attached_service()
        self.add_interface("eth1", "far1")
        second = self.service(interface="eth1", port=9437)
        link = first.link()
        self.assert_ends(75, "another instance", service=second)
        self.assert_ends(75, "another instance", service=self.service(namespace=self.other, interface="far1"))
        self.assertEqual((link, {"frames", "eth0"}), (first.link(), self.bpffs.names()))
        first.kill()  # the kernel lets go of the lock
        first.start()
        eventually(first.attached, "it is attached")
        self.assert_ends(75, "another instance", service=second)

    def test_without_privileges_it_ends(self):
        service = self.service()
        for kept in "-all", "-all,+net_admin", "-all,+bpf":
            with self.subTest(kept=kept):
                before = len(service.log())
                service.spawn(through=("setpriv", "--inh-caps=-all", f"--bounding-set={kept}"))
                self.assertEqual(77, service.wait(), service.log())
                self.assertEqual(1, service.log()[before:].count("\n"), service.log())

    def test_health_is_whether_the_program_is_on_the_interface(self):
        service = self.attached_service()
        self.assertEqual((200, "ok\n"), service.get("/healthz")[::2])
        self.assertEqual((200, ""), service.get("/healthz", method="HEAD")[::2])
        self.remove_interface()
        eventually(lambda: service.get("/healthz")[::2] == (503, "waiting for interface eth0\n"),
                   "it is not well")
        self.add_interface()
        eventually(lambda: service.get("/healthz")[0] == 200, "it is well again")

    def test_an_answer_to_head_has_the_length_and_no_body(self):
        self.attached_service()
        with socket.create_connection(("127.0.0.1", 9435), timeout=support.PATIENCE) as client:
            client.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertIn(b"\r\nContent-Length: 3\r\n", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_systemd_is_told(self):
        directory = tempfile.mkdtemp(prefix="bpflink-service.")
        self.addCleanup(shutil.rmtree, directory)
        for address, name in (f"{directory}/notify", f"{directory}/notify"), ("\0bpflink-test", "@bpflink-test"):
            with self.subTest(name=name):
                systemd = Systemd(address)
                self.addCleanup(systemd.close)
                service = self.service()
                service.spawn(NOTIFY_SOCKET=name)
                self.assertEqual(["READY=1", "STATUS=the program is on eth0"], systemd.hears("READY"))
                self.assertTrue(service.attached(), "it is ready after that")
                for _ in range(2):
                    systemd.hears("WATCHDOG=1")
                service.signal(signal.SIGHUP)
                self.assertRegex(systemd.hears("RELOADING=1")[1], r"\AMONOTONIC_USEC=\d+\Z")
                systemd.hears("READY")
                self.remove_interface()
                self.assertEqual("STATUS=waiting for interface eth0", systemd.hears("READY")[1])
                self.add_interface()
                self.assertEqual("STATUS=the program is on eth0", systemd.hears("READY")[1])
                service.signal(signal.SIGTERM)
                systemd.hears("STOPPING=1")
                self.assertEqual(0, service.wait())

    def test_systemd_stores_the_link_so_that_it_outlives_its_pin(self):
        systemd = Systemd("\0bpflink-stored")
        self.addCleanup(systemd.close)
        service = self.service()
        service.spawn(NOTIFY_SOCKET="@bpflink-stored")
        self.assertEqual(["FDSTORE=1", "FDNAME=link"], systemd.hears("FDSTORE=1"))
        self.assertEqual(1, len(systemd.stored))
        link = service.link()["id"]
        traffic = Traffic(self.other, "far0")
        service.kill()
        os.unlink(service.pin)
        before = sum(self.bpffs.frames())
        eventually(lambda: sum(self.bpffs.frames()) > before, "the program works on by itself")
        service.configure(object=support.OBJECTS[1])
        service.spawn(stored=systemd.stored, NOTIFY_SOCKET="@bpflink-stored")
        systemd.hears("READY=1")
        self.assertEqual(link, service.link()["id"], "and it is pinned again")
        eventually(lambda: self.bpffs.frames()[1], "the new program works")
        self.assertEqual(traffic.end(), sum(self.bpffs.frames()))
        run("bpftool", "link", "detach", "id", str(link))  # another link, to be stored instead
        eventually(lambda: service.link() and service.link()["id"] != link, "it is attached again")
        while not systemd.hears("FDSTORE")[0] == "FDSTORE=1" or link in link_ids():
            pass
        self.assertEqual(1, len(systemd.stored))
        service.terminate()
        systemd.forget()
        self.assertIn(link_at(service.pin), link_ids())  # a stopped service's store is emptied: the pin has it

    def test_a_stored_link_does_not_keep_the_program_that_is_to_go(self):
        systemd = Systemd("\0bpflink-stored")
        self.addCleanup(systemd.close)
        service = self.service(keep=False)
        service.spawn(NOTIFY_SOCKET="@bpflink-stored")
        systemd.hears("FDSTORE=1")
        link = service.link()["id"]
        service.signal(signal.SIGTERM)
        systemd.hears("FDSTOREREMOVE=1")
        self.assertEqual([], systemd.stored)
        self.assertEqual(0, service.wait())
        eventually(lambda: link not in link_ids(), "its link is gone")

    def test_a_stored_link_of_another_interface_is_let_go(self):
        systemd = Systemd("\0bpflink-stored")
        self.addCleanup(systemd.close)
        service = self.service()
        service.spawn(NOTIFY_SOCKET="@bpflink-stored")
        systemd.hears("FDSTORE=1")
        link = service.link()["id"]
        service.kill()
        os.unlink(service.pin)
        self.add_interface("eth1", "far1")
        service.configure(interface="eth1")
        service.spawn(stored=systemd.stored, NOTIFY_SOCKET="@bpflink-stored")
        systemd.hears("FDSTORE=1")
        self.assertEqual("eth1", service.link()["devname"])
        eventually(lambda: link not in link_ids(), "the other link is gone")

    def test_the_capabilities_of_its_unit_are_enough(self):
        wanted = unit()["Service"]["CapabilityBoundingSet"].split()
        self.assertEqual({"CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"}, set(wanted))
        names = ",".join("+" + each.removeprefix("CAP_").lower() for each in wanted)
        through = "setpriv", "--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all,{names}"
        service = self.service(keep=False).start(through=through)
        link = service.link()["id"]
        service.swap(1)
        self.assert_sees_frames()
        service.kill()
        service.start(through=through)
        self.assertEqual(link, service.link()["id"])
        run("bpftool", "link", "detach", "id", str(link))
        eventually(lambda: service.attached() and service.link()["id"] != link, "it is attached again")
        self.remove_interface()
        eventually(lambda: not service.attached(), "it is gone")
        self.add_interface()
        eventually(service.attached, "it is there again")
        self.assert_sees_frames()
        link = service.link()["id"]
        service.terminate()
        eventually(lambda: link not in link_ids(), "its link is gone")
        self.assertEqual(0, service.log().count("EPERM"), service.log())

    def test_its_unit_has_no_mounts_of_its_own(self):
        settings = unit()["Service"]
        for name in settings:
            self.assertNotRegex(name, r"Private(Mounts|Tmp|Devices|Users)|Protect|ReadOnly|Inaccessible|"
                                      r"Mount|RootDirectory|RootImage|DynamicUser|ReadWrite|Bind")
        self.assertEqual("notify", settings["Type"])
        self.assertIn("WatchdogSec", settings)
        self.assertEqual("1", settings["FileDescriptorStoreMax"])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_takes_its_unit(self):
        directory = tempfile.mkdtemp(prefix="bpflink-service.")
        self.addCleanup(shutil.rmtree, directory)
        with open(f"{EXAMPLE}/bpflink-service.service", encoding="utf-8") as file:
            text = file.read()
        start = unit()["Service"]["ExecStart"].split()[0]
        with open(f"{directory}/tried.service", "w", encoding="utf-8") as file:
            file.write(text.replace(start, support.SERVICE))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", f"{directory}/tried.service"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        mine = [line for line in said.stdout.decode().splitlines() if "tried.service" in line]
        self.assertEqual([], mine)

    @unittest.skipUnless(os.access(TOOL, os.X_OK), "the command bpflink is not built")
    def test_its_json_of_a_link_has_the_keys_and_values_of_the_command(self):
        service = self.attached_service()
        link = service.link()
        shown = json.loads(run(TOOL, "show", str(link["id"]), "--json"))
        self.check_is_part(link, shown)

    @unittest.skipUnless(os.access(TOOL, os.X_OK), "the command bpflink is not built")
    def test_its_json_of_every_link_has_the_keys_and_values_of_the_command(self):
        service = self.attached_service()
        links = service.links()
        shown = {link["id"]: link for link in json.loads(run(TOOL, "list", "--json"))}
        after = service.links()
        met = 0
        for link in links:
            is_as_it_was = link in after  # others come, change and go
            link.pop("pinned", None)  # is told with --pinned
            if is_as_it_was and link["id"] in shown:
                self.check_is_part(link, shown[link["id"]])
                met += 1
        self.assertGreater(met, 0)

    def check_is_part(self, link, shown):
        """The command tells more, and nothing otherwise."""
        self.assertEqual(link, {key: shown.get(key) for key in link})
        self.assertEqual(list(link), [key for key in shown if key in link])


if __name__ == "__main__":
    support.enter_own_namespaces("setpriv")
    support.main()
