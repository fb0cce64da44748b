# SPDX-License-Identifier: Apache-2.0
"""The service from end to end: a real interface with traffic, signals, and an HTTP client."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import unittest

import support
from support import (Bpffs, Here, Namespace, Service, Traffic, all_links, connect, count_xdp,
                     eventually, link_ids, run)

PROMTOOL = os.environ["PROMTOOL"]
SWAPS = 1000


class ServiceTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.links_before = link_ids()
        cls.other = Namespace()
        cls.addClassCleanup(cls.other.close)

    def setUp(self):
        self.bpffs = Bpffs()
        self.addCleanup(self.bpffs.close)
        self.add_interface()
        self.addCleanup(lambda: run("ip", "link", "del", "eth0"))

    def tearDown(self):
        self.doCleanups()
        # A link whose last reference was a pin goes in the background.
        eventually(lambda: link_ids() <= self.links_before, "no link is left")

    def add_interface(self, name="eth0", peer="far0"):
        connect(Here, name, self.other, peer)

    def service(self, **configuration):
        made = Service(self.bpffs, **configuration)
        self.addCleanup(made.close)
        return made

    def send(self, interface="far0"):
        """Sends some frames, and says how many."""
        return Traffic(self.other, interface).end()

    def assert_sees_frames(self):
        before = sum(self.bpffs.frames())
        sent = self.send()
        self.assertEqual(sent, sum(self.bpffs.frames()) - before)

    def assert_no_more_descriptors(self, service, before):
        # A wait and a connection have descriptors for a moment.
        eventually(lambda: service.descriptors() <= before, f"there are {before} descriptors again")

    def test_it_serves_links_and_metrics(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        status, kind, text = service.get("/links")
        self.assertEqual((200, "application/json"), (status, kind))
        # Others may come and go meanwhile.
        self.assertLessEqual(self.links_before & link_ids(), {link["id"] for link in json.loads(text)})
        link = service.link()
        self.assertEqual(("xdp", "eth0", "attached"), (link["type"], link["devname"], link["state"]))
        shown = all_links()[link["id"]]
        for key in "id", "type", "prog_id", "devname", "ifindex":
            self.assertEqual(shown[key], link[key])

        status, kind, text = service.get("/metrics")
        self.assertEqual(200, status)
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"))
        eventually(lambda: service.metric('bpf_links{type="xdp",state="attached"}') == count_xdp(),
                   "its count of links is right")
        self.assertIsNotNone(service.metric("bpf_defunct_links"))
        self.assertEqual(0, service.metric("bpflink_service_unreadable"))
        self.assertEqual(1, service.metric('bpf_link_pins{type="xdp"}'))
        self.assertEqual(link["prog_id"],
                         service.metric('bpflink_service_program_id{interface="eth0"}'))
        self.assertEqual(1, service.metric('bpflink_service_links_total{how="attached"}'))
        self.assert_sees_frames()

    @unittest.skipUnless(os.access(PROMTOOL, os.X_OK),
                         "there is no promtool: scripts/setup --service unpacks it")
    def test_its_metrics_are_as_prometheus_wants_them(self):
        service = self.service().start()
        _, _, text = service.get("/metrics")
        said = subprocess.run([PROMTOOL, "check", "metrics"], input=text.encode(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual((0, b""), (said.returncode, said.stdout))

    def test_other_requests_are_refused_in_order(self):
        service = self.service().start()
        self.assertEqual(404, service.get("/")[0])
        self.assertEqual(404, service.get("/links/1")[0])
        self.assertEqual(405, service.get("/links", method="POST")[0])
        self.assertEqual(200, service.get("/metrics?format=text")[0])
        with socket.create_connection(("127.0.0.1", 9435), timeout=10) as client:
            client.sendall(b"HEAD /links HTTP/1.1\r\nHost: here\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 405 "))
        self.assertTrue(answer.endswith(b"\r\n\r\n"), "there is no body")
        with socket.create_connection(("127.0.0.1", 9435), timeout=10) as client:
            client.sendall(b"GET /links HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                client.sendall(b"x" * 99999)
                self.assertNotIn(b" 200 ", client.recv(4096))
        self.assertEqual(200, service.get("/links")[0])

    def test_many_connections_leave_it_descriptors_and_do_not_keep_it(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        with contextlib.ExitStack() as opened:
            clients = [opened.enter_context(socket.create_connection(("127.0.0.1", 9435), timeout=10))
                       for _ in range(100)]

            def is_closed(client):
                client.setblocking(False)
                try:
                    return client.recv(1) == b""
                except BlockingIOError:
                    return False
                except ConnectionError:
                    return True
            eventually(lambda: sum(map(is_closed, clients)) >= 36, "those over 64 are closed")
            self.assertLess(service.descriptors(), 64 + 30)
            self.assert_sees_frames()
            service.terminate()

    def test_a_thousand_swaps_miss_no_frame(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        link = service.link()["id"]
        service.swap(1)
        descriptors = service.descriptors()
        traffic = Traffic(self.other, "far0")
        for number in range(1, SWAPS):
            service.swap((number + 1) % 2)
        sent = traffic.end()
        seen = self.bpffs.frames()
        self.assertEqual(sent, sum(seen))
        self.assertTrue(all(seen), seen)
        self.assertEqual(SWAPS, service.counts("bpflink_service_swaps_total"))
        self.assertEqual(0, service.counts("bpflink_service_failures_total"))
        self.assertEqual(link, service.link()["id"])
        self.assert_no_more_descriptors(service, descriptors)
        print(f"{SWAPS} swaps, {sent} frames, {seen} seen by each version", flush=True)

    def test_it_is_killed_and_its_successor_adopts_the_link(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        link = service.link()["id"]
        traffic = Traffic(self.other, "far0")
        service.kill()
        service.configure(object=support.OBJECTS[1])
        before = sum(self.bpffs.frames())
        eventually(lambda: sum(self.bpffs.frames()) > before, "the program works on by itself")
        service.start()
        eventually(service.attached, "it is attached")
        eventually(lambda: self.bpffs.frames()[1], "the new program works")
        sent = traffic.end()
        self.assertEqual(sent, sum(self.bpffs.frames()))
        self.assertEqual(link, service.link()["id"])
        self.assertEqual(1, service.counts('bpflink_service_links_total{how="adopted"}'))
        self.assertEqual(0, service.counts('bpflink_service_links_total{how="attached"}'))

    def test_an_interface_disappears_and_comes_back(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        first = service.link()["id"]
        run("ip", "link", "del", "eth0")
        eventually(lambda: not service.attached(), "it is not attached")
        eventually(lambda: first not in link_ids(), "its link is gone")
        self.assertFalse(os.path.exists(service.configuration["pin"]))
        service.configure(object=support.OBJECTS[1])  # what is reloaded meanwhile is what will run
        service.signal(signal.SIGHUP)
        eventually(lambda: "reloaded\n" in service.log(), "it is reloaded")
        self.add_interface()
        eventually(service.attached, "it is attached again")
        self.assertNotEqual(first, service.link()["id"])
        self.assert_sees_frames()
        self.assertEqual(0, self.bpffs.frames()[0])

    def test_it_starts_before_its_interface_is_there(self):
        service = self.service(interface="eth1").start()
        self.assertFalse(service.attached())
        self.add_interface("eth1", "far1")
        self.addCleanup(lambda: run("ip", "link", "del", "eth1"))
        eventually(service.attached, "it is attached")
        run("ip", "link", "set", "eth1", "down")
        run("ip", "link", "set", "eth1", "name", "eth2")  # the name is what counts
        eventually(lambda: not service.attached(), "it has let go")
        run("ip", "link", "set", "eth2", "name", "eth1")
        eventually(service.attached, "it is attached again")

    def test_a_link_that_somebody_detached_is_attached_again(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        first = service.link()["id"]
        run("bpftool", "link", "detach", "id", str(first))
        eventually(lambda: service.link() and service.link()["id"] != first and service.attached(),
                   "it is attached again")
        self.assert_sees_frames()

    def test_a_pin_that_somebody_removed_is_pinned_again(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        link = service.link()["id"]
        os.unlink(service.configuration["pin"])
        eventually(service.link, "it is pinned again")
        self.assertEqual(link, service.link()["id"])

    def test_a_reload_that_fails_changes_nothing(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        link = service.link()
        right = dict(service.configuration)
        # What the library loads when it is asked for first, it keeps.
        self.refuse_reloads(service, right, link)
        descriptors = service.descriptors()
        self.refuse_reloads(service, right, link)
        self.assert_no_more_descriptors(service, descriptors)
        self.assert_sees_frames()
        service.swap(1)  # and the next one works
        self.assert_sees_frames()
        self.assertTrue(all(self.bpffs.frames()))

    def refuse_reloads(self, service, right, link):
        for changes, words in (
                ({"object": "/nowhere.bpf.o"}, ["/nowhere.bpf.o", "ENOENT"]),
                ({"object": support.SERVICE}, [support.SERVICE]),
                ({"program": "nothing"}, ["nothing", "ENOENT"]),
                ({"interface": "eth9"}, ["eth9"]),
                ({"pin": f"{self.bpffs.path}/nowhere/link"}, ["nowhere/link", "ENOENT"]),
                ({"pin": f"{self.bpffs.path}/frames"}, ["frames", "EEXIST"]),
                ({"interfce": "eth0"}, ["interfce is not a key"]),
                ({"interface": ""}, ["interface is empty"]),
                ({"keep": "yes"}, ["keep has another type"]),
                ({"port": 65536}, ["port is out of range"]),
                ({"address": "localhost"}, ["address is no IP address"])):
            with self.subTest(changes=changes):
                service.configuration = right | changes
                service.configure()
                service.refuse(*words)
                service.configuration = dict(right)
                self.assertEqual(link, service.link())
        service.configure(text="interface = eth0\n")
        service.refuse("in line 1")
        service.configure(text="")
        service.refuse("interface is missing", "object is missing", "program is missing",
                       "pin is missing")

    def test_a_reload_moves_to_another_interface(self):
        self.add_interface("eth1", "far1")
        self.addCleanup(lambda: run("ip", "link", "del", "eth1"))
        service = self.service().start()
        eventually(service.attached, "it is attached")
        for pin in "service", "moved":
            interface = "eth1" if service.configuration["interface"] == "eth0" else "eth0"
            with self.subTest(interface=interface, pin=pin):
                old = service.link()
                service.configure(interface=interface, pin=f"{self.bpffs.path}/{pin}")
                service.signal(signal.SIGHUP)
                eventually(lambda: service.link() and service.link()["devname"] == interface,
                           "the link is on the other interface")
                eventually(lambda: old["id"] not in link_ids(), "the old link is gone")
                self.assertEqual({"frames", pin}, self.bpffs.names())
        before = sum(self.bpffs.frames())
        sent = self.send("far0")
        self.send("far1")
        self.assertEqual(sent, sum(self.bpffs.frames()) - before)

    def busy_interface(self, pin):
        """Another service, on an interface of its own."""
        self.add_interface("eth1", "far1")
        self.addCleanup(lambda: run("ip", "link", "del", "eth1"))
        other = self.service(interface="eth1", port=9437, pin=f"{self.bpffs.path}/{pin}").start()
        eventually(other.attached, "the other is attached")
        return other

    def test_a_move_to_an_interface_that_is_taken_changes_nothing(self):
        other = self.busy_interface("other")
        service = self.service().start()
        eventually(service.attached, "it is attached")
        before = service.link()["id"], other.link()["id"]
        for pin in "service", "elsewhere":
            with self.subTest(pin=pin):
                service.configure(interface="eth1", pin=f"{self.bpffs.path}/{pin}")
                service.refuse("EBUSY")
                service.configuration["interface"] = "eth0"
                self.assertEqual({"frames", "other", "service"}, self.bpffs.names())
        service.kill()  # the pin is there at every moment: nothing is lost
        self.assert_sees_frames()
        service.configure(pin=f"{self.bpffs.path}/service")
        service.start()
        eventually(service.attached, "it is attached")
        self.assertEqual(before, (service.link()["id"], other.link()["id"]))

    def test_another_services_pin_is_left_alone(self):
        other = self.busy_interface("service")
        link = other.link()
        other.terminate()  # and its program works on
        service = self.service().start()
        eventually(lambda: "EEXIST" in service.log(), "it says so")
        self.assertFalse(service.attached())
        self.assertGreater(service.counts("bpflink_service_failures_total"), 0)
        self.assertIn(link["id"], link_ids())
        self.assertEqual(link, service.link())
        os.unlink(service.configuration["pin"])
        eventually(service.attached, "it is attached")
        self.assertTrue(service.log().endswith("all is well again\n"))

    # E4
    def test_a_neighbours_link_on_an_interface_of_the_same_index_is_left_alone(self):
        index = json.loads(run("ip", "-j", "link", "show", "eth0"))[0]["ifindex"]
        neighbour = Namespace()
        self.addCleanup(neighbour.close)
        neighbour.run("ip", "link", "add", "eth0", "index", str(index),
                      "type", "veth", "peer", "name", "far9", "index", "1000")
        neighbour.run("ip", "link", "set", "eth0", "up")
        theirs = Service(self.bpffs, neighbour)
        self.addCleanup(theirs.close)
        theirs.spawn()
        eventually(lambda: os.path.exists(theirs.configuration["pin"]), "their link is pinned")
        theirs.kill()
        before = {number: link["prog_id"] for number, link in all_links().items()}
        service = self.service(object=support.OBJECTS[1]).start()
        eventually(lambda: "EEXIST" in service.log(), "it says so")
        self.assertIn("network namespace", service.log())
        self.assertFalse(service.attached())
        link = service.link()
        self.assertEqual(index, link["ifindex"])
        self.assertNotIn("devname", link)
        self.assertEqual(0, service.counts('bpflink_service_links_total{how="adopted"}'))
        self.assertEqual(before[link["id"]], link["prog_id"])
        os.unlink(service.configuration["pin"])
        eventually(service.attached, "it is attached")
        self.assertEqual("eth0", service.link()["devname"])

    def test_a_defunct_pin_is_removed_where_its_interface_is_not_there(self):
        self.add_interface("eth1", "far1")
        service = self.service(interface="eth1", keep=False).start()
        eventually(service.attached, "it is attached")
        service.kill()
        run("ip", "link", "del", "eth1")
        service.start()
        eventually(lambda: self.bpffs.names() == {"frames"}, "the pin is gone")
        self.assertEqual(["attached to eth1", "waiting for interface eth1"],
                         service.log().splitlines())
        service.terminate()

    def test_it_ends_and_its_program_works_on(self):
        service = self.service().start()
        eventually(service.attached, "it is attached")
        link = service.link()["id"]
        service.terminate()
        self.assertIn(link, link_ids())
        self.assert_sees_frames()
        self.assertEqual("attached to eth0\n", service.log())

    def test_it_ends_and_takes_its_program_off(self):
        service = self.service(keep=False).start()
        eventually(service.attached, "it is attached")
        link = service.link()["id"]
        with socket.create_connection(("127.0.0.1", 9435)):  # one that says nothing delays nothing
            service.terminate()
        eventually(lambda: link not in link_ids(), "its link is gone")
        self.assertEqual({"frames"}, self.bpffs.names())
        before = sum(self.bpffs.frames())
        self.send()
        self.assertEqual(before, sum(self.bpffs.frames()))

    def test_what_keeps_it_from_starting_is_said_in_a_line(self):
        with socket.create_server(("127.0.0.1", 9436)):
            for changes, word in (
                    ({"port": 9436}, "Address already in use"),
                    ({"address": "192.0.2.1"}, "Cannot assign requested address"),
                    ({"object": "/nowhere.bpf.o"}, "/nowhere.bpf.o"),
                    ({"interfce": "eth0"}, "interfce is not a key")):
                with self.subTest(changes=changes):
                    service = self.service(**changes)
                    service.spawn()
                    self.assertEqual(1, service.wait())
                    self.assertRegex(service.log(), r"\A([^\n]*libbpf: [^\n]*\n)*[^\n]+\n\Z")
                    self.assertIn(word, service.log())


if __name__ == "__main__":
    support.enter_own_namespaces()
    support.main()
