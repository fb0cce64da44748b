# SPDX-License-Identifier: Apache-2.0
"""The service from end to end: a real interface with traffic, signals, and an HTTP client."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import unittest

import support
from support import LIBBPF, Namespace, Service, ServiceCase, Traffic, eventually, link_ids, link_shown, run

PROMTOOL = os.environ["PROMTOOL"]
SWAPS = 1000


class ServiceTest(ServiceCase):

    def assert_no_more_descriptors(self, service, before):
        # A wait and a connection have descriptors for a moment.
        eventually(lambda: service.descriptors() <= before, f"there are {before} descriptors again")

    def test_it_serves_links_and_metrics(self):
        service = self.attached_service()
        status, kind, text = service.get("/links")
        self.assertEqual((200, "application/json"), (status, kind))
        # Others may come and go meanwhile.
        self.assertLessEqual(self.links_before & link_ids(), {link["id"] for link in json.loads(text)})
        link = service.link()
        self.assertEqual(("xdp", "eth0", "attached"), (link["type"], link["devname"], link["state"]))
        shown = link_shown(link["id"])
        for key in "id", "type", "prog_id", "devname", "ifindex":
            self.assertEqual(shown[key], link[key])

        status, kind, text = service.get("/metrics")
        self.assertEqual(200, status)
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"))
        def shown():
            """Links and pins of XDP, as the page of links has them."""
            links = [link for link in service.links() if link["type"] == "xdp"]
            return (sum(link["state"] == "attached" for link in links),
                    sum(len(link.get("pinned", [])) for link in links))

        def counted():
            return (service.metric('bpflink_service_links{state="attached",type="xdp"}'),
                    service.metric('bpflink_service_link_pins{type="xdp"}'))
        # Other people's may come and go between two looks.
        eventually(lambda: shown() == counted() == shown(), "its counts are right")
        self.assertGreater(shown(), (0, 0))
        self.assertIsNotNone(service.metric("bpflink_service_defunct_links"))
        self.assertEqual(0, service.metric("bpflink_service_unreadable"))
        self.assertEqual(1, service.metric('bpflink_service_pinned{interface="eth0"}'))
        self.assertEqual(link["prog_id"],
                         service.metric('bpflink_service_program_id{interface="eth0"}'))
        self.assertEqual(1, service.steps("create"))
        self.assertEqual(1, service.metric("bpflink_service_last_reload_successful"))
        self.assertLess(abs(service.metric("bpflink_service_last_reload_success_timestamp_seconds")
                            - time.time()), 2 * support.PATIENCE)
        self.assertRegex(service.get("/metrics")[2], r'\nbpflink_service_build_info{libbpf="[^"]*",version="\d')
        self.assert_sees_frames()
        self.assertEqual(self.bpffs.frames(),
                         [service.metric(f'bpflink_service_packets_total{{counter="{each}"}}')
                          for each in range(2)])
        for line in service.get("/metrics")[2].splitlines():
            self.assertRegex(line, r"^(# \w+ )?bpflink_service_")

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
        self.assertEqual((200, "application/json", ""), service.get("/links", method="HEAD"))
        self.assertEqual((404, ""), service.get("/", method="HEAD")[::2])
        with socket.create_connection(("127.0.0.1", 9435), timeout=support.PATIENCE) as client:
            client.sendall(b"GET /links HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                client.sendall(b"x" * 99999)
                self.assertNotIn(b" 200 ", client.recv(4096))
        self.assertEqual(200, service.get("/links")[0])

    def test_many_connections_leave_it_descriptors_and_do_not_keep_it(self):
        service = self.attached_service()
        with contextlib.ExitStack() as opened:
            clients = [opened.enter_context(socket.create_connection(("127.0.0.1", 9435), timeout=support.PATIENCE))
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
        service = self.attached_service()
        link = service.link()["id"]
        service.swap(1)
        descriptors = service.descriptors()
        traffic = Traffic(self.other, "far0")
        for number in range(1, SWAPS):
            service.swap((number + 1) % 2)
        sent = traffic.end()
        self.assert_seen(sent)
        seen = self.bpffs.frames()
        self.assertTrue(all(seen), seen)
        self.assertEqual(SWAPS, service.steps("update"))
        self.assertEqual(0, service.counts("bpflink_service_failures_total"))
        self.assertEqual(link, service.link()["id"])
        self.assert_no_more_descriptors(service, descriptors)
        print(f"{SWAPS} swaps, {sent} frames, {seen} seen by each version", flush=True)

    def test_it_is_killed_and_its_successor_adopts_the_link(self):
        service = self.attached_service()
        link = service.link()["id"]
        traffic = Traffic(self.other, "far0")
        service.kill()
        service.configure(object=support.OBJECTS[1])
        before = sum(self.bpffs.frames())
        eventually(lambda: sum(self.bpffs.frames()) > before, "the program works on by itself")
        service.start()
        eventually(service.attached, "it is attached")
        eventually(lambda: self.bpffs.frames()[1], "the new program works")
        self.assert_seen(traffic.end())
        self.assertEqual(link, service.link()["id"])
        self.assertEqual((1, 0), (service.steps("update"), service.steps("create")))

    def test_an_interface_disappears_and_comes_back(self):
        service = self.attached_service()
        first = service.link()["id"]
        run("ip", "link", "del", "eth0")
        eventually(lambda: not service.attached(), "it is not attached")
        eventually(lambda: first not in link_ids(), "its link is gone")
        eventually(lambda: not os.path.exists(service.pin), "its pin is gone")
        self.assertIn("interface eth0 is gone\n", service.log())
        service.configure(object=support.OBJECTS[1])  # what is reloaded meanwhile is what will run
        service.signal(signal.SIGHUP)
        eventually(lambda: "reloaded\n" in service.log(), "it is reloaded")
        self.add_interface()
        eventually(service.attached, "it is attached again")
        self.assertNotEqual(first, service.link()["id"])
        self.assert_sees_frames()
        self.assertEqual(0, self.bpffs.frames()[0])

    def test_it_waits_for_an_interface_that_is_not_there(self):
        service = self.service(interface="eth1", wait=True).start()
        self.assertFalse(service.attached())
        self.add_interface("eth1", "far1")
        eventually(service.attached, "it is attached")
        told = ["waiting for interface eth1", "create eth1", "all is well again"]
        eventually(lambda: service.log().splitlines() == told, "it says so")

    def test_an_interface_that_is_renamed_keeps_its_program(self):
        service = self.attached_service()
        link = service.link()["id"]

        def assert_stays():
            self.assertEqual((link, "lan0"), (service.link()["id"], service.link()["devname"]))
            self.assertTrue(service.attached())
            self.assert_sees_frames()
        run("ip", "link", "set", "eth0", "name", "lan0")
        eventually(lambda: "eth0 is called lan0 now, and keeps its program\n" in service.log(),
                   "it says so")
        assert_stays()
        service.swap(1)
        assert_stays()
        service.terminate()
        service.start()
        eventually(service.attached, "it is attached")
        assert_stays()
        self.add_interface("eth0", "far1")  # the name is another's now
        time.sleep(1.5)
        assert_stays()
        service.configure()  # and is looked up again
        service.signal(signal.SIGHUP)
        eventually(lambda: service.link() and service.link()["devname"] == "eth0", "it moves")
        before = sum(self.bpffs.frames())
        sent = self.send("far1")
        self.send("far0")
        self.assert_seen(sent, before)

    def test_an_interface_may_be_configured_by_another_of_its_names(self):
        run("ip", "link", "property", "add", "dev", "eth0", "altname", "uplink")
        service = self.service(interface="uplink").start()
        self.assertTrue(service.attached())
        self.assertEqual(("eth0", "create uplink\n"), (service.link()["devname"], service.log()))

    def test_an_interface_that_is_taken_to_another_namespace_loses_its_program(self):
        service = self.attached_service()
        link = service.link()["id"]
        run("ip", "link", "set", "eth0", "netns", str(self.other.process.pid))
        eventually(lambda: link not in link_ids(), "its link is gone")
        self.assertEqual({"frames"}, self.bpffs.names())
        told = ["create eth0", "eth0 is in another network namespace", "waiting for interface eth0"]
        eventually(lambda: service.log().splitlines() == told, "it says so")
        self.add_interface("eth0", "far1")
        eventually(service.attached, "it is attached again")

    def test_a_link_that_somebody_detached_is_attached_again(self):
        service = self.attached_service()
        first = service.link()["id"]
        run("bpftool", "link", "detach", "id", str(first))
        eventually(lambda: service.link() and service.link()["id"] != first and service.attached(),
                   "it is attached again")
        self.assert_sees_frames()
        self.assertIn("the link on eth0 was detached\n", service.log())

    def test_a_program_that_somebody_swapped_in_is_swapped_out(self):
        other = self.busy_interface()
        service = self.attached_service()
        link = service.link()
        pin = LIBBPF.bpf_obj_get(service.pin.encode())
        theirs = LIBBPF.bpf_prog_get_fd_by_id(other.link()["prog_id"])
        self.assertEqual(0, LIBBPF.bpf_link_update(pin, theirs, None))
        os.close(pin)
        os.close(theirs)
        eventually(lambda: service.steps("update") == 1, "it sees that")
        self.assertEqual(link, service.link())

    def test_a_pin_that_somebody_removed_is_pinned_again(self):
        service = self.attached_service()
        link = service.link()["id"]
        os.unlink(service.pin)
        eventually(service.link, "it is pinned again")
        self.assertEqual(link, service.link()["id"])
        said = f"keep eth0: link {link} has lost its pin, and is pinned again\n"
        eventually(lambda: said in service.log(), "it says so")

    def test_a_reload_that_fails_changes_nothing(self):
        service = self.attached_service()
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
                ({"counters": "count"}, ["array count"]),
                ({"interface": "eth0/1"}, ["interface: cannot be"]),
                ({"interfce": "eth0"}, ["interfce"]),
                ({"object": ""}, ["object: is empty"]),
                ({"keep": "perhaps"}, ["keep", "perhaps"]),
                ({"port": 65536}, ["port", "65536"]),
                ({"address": "localhost"}, ["address: is not an IP address"])):
            with self.subTest(changes=changes):
                service.configuration = right | changes
                service.configure()
                service.refuse(*words)
                service.configuration = dict(right)
                self.assertEqual(link, service.link())
        for text, words in (("", "interface is required"), ("interface = eth0\n", "object is required")):
            service.configure(text=text)
            service.refuse(words)

    def test_a_reload_moves_to_another_interface(self):
        self.add_interface("eth1", "far1")
        service = self.attached_service()
        for interface in "eth1", "eth0":
            with self.subTest(interface=interface):
                old = service.link()
                service.configure(interface=interface)
                service.signal(signal.SIGHUP)
                eventually(lambda: service.link() and service.link()["devname"] == interface,
                           "the link is on the other interface")
                eventually(lambda: old["id"] not in link_ids(), "the old link is gone")
                self.assertEqual({"frames", interface}, self.bpffs.names())
        before = sum(self.bpffs.frames())
        sent = self.send("far0")
        self.send("far1")
        self.assert_seen(sent, before)

    def test_pins_and_address_are_read_at_the_start_alone(self):
        service = self.attached_service()
        pins = service.configuration["pins"]
        service.configure(pins=f"{self.bpffs.path}/elsewhere", port=9438)
        service.signal(signal.SIGHUP)
        service.configuration |= {"pins": pins, "port": 9435}
        eventually(lambda: "reloaded\n" in service.log(), "it is reloaded")
        self.assertIn("pins, address and port are read at the start alone\n", service.log())
        self.assertTrue(service.attached())
        self.assertFalse(os.path.exists(f"{self.bpffs.path}/elsewhere"))

    def busy_interface(self):
        """Another service, on an interface of its own."""
        self.add_interface("eth1", "far1")
        return self.attached_service(interface="eth1", port=9437, pins=f"{self.bpffs.path}/other")

    def test_a_move_to_an_interface_that_is_taken_changes_nothing(self):
        other = self.busy_interface()
        service = self.attached_service()
        before = service.link()["id"], other.link()["id"]
        service.configure(interface="eth1")
        service.refuse("EBUSY", f"link {before[1]}")
        service.configuration["interface"] = "eth0"
        self.assertEqual({"frames", "eth0"}, self.bpffs.names())
        self.assertEqual({"frames", "eth1"}, self.bpffs.names("other"))
        service.kill()  # the pin is there at every moment: nothing is lost
        self.assert_sees_frames()
        service.configure()
        service.start()
        eventually(service.attached, "it is attached")
        self.assertEqual(before, (service.link()["id"], other.link()["id"]))

    def test_a_pin_of_a_link_elsewhere_is_left_alone(self):
        other = self.busy_interface()
        link = other.link()["id"]
        other.terminate()  # and its program works on
        os.mkdir(f"{self.bpffs.path}/service")
        service = self.service()
        os.rename(other.pin, service.pin)
        for options in ("--check",), ():
            status, said = service.ends(*options)
            self.assertEqual((73, 1), (status, said.count("\n")), said)
            self.assertIn("EEXIST", said)
            self.assertIn(link, link_ids())
        os.unlink(service.pin)
        service.start()
        self.assertTrue(service.attached())

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
        eventually(lambda: os.path.exists(theirs.pin), "their link is pinned")
        theirs.kill()
        link = support.link_at(theirs.pin)
        before = link_shown(link)
        service = self.service(object=support.OBJECTS[1])
        for options in ("--check",), ():
            status, said = service.ends(*options)
            self.assertEqual((73, 1), (status, said.count("\n")), said)
            self.assertIn("EEXIST", said)
            self.assertIn("network namespace", said)
            self.assertEqual(before, link_shown(link))
        os.unlink(service.pin)
        service.start()
        self.assertTrue(service.attached())
        self.assertEqual(("eth0", index), (service.link()["devname"], service.link()["ifindex"]))

    def test_a_defunct_pin_is_removed_where_its_interface_is_not_there(self):
        self.add_interface("eth1", "far1")
        service = self.service(interface="eth1", wait=True, keep=False).start()
        eventually(service.attached, "it is attached")
        service.kill()
        run("ip", "link", "del", "eth1")
        service.start()
        eventually(lambda: self.bpffs.names() == {"frames"}, "the pin is gone")
        self.assertRegex(service.log(), r"\Acreate eth1\nremove eth1: link \d+ is wanted by no member\n"
                                        r"waiting for interface eth1\n\Z")
        service.terminate()

    def test_it_ends_and_its_program_works_on(self):
        service = self.attached_service()
        link = service.link()["id"]
        service.terminate()
        self.assertIn(link, link_ids())
        self.assert_sees_frames()
        self.assertEqual("create eth0\n", service.log())

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


if __name__ == "__main__":
    support.enter_own_namespaces()
    support.main()
