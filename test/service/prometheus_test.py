# SPDX-License-Identifier: Apache-2.0
"""A Prometheus server scrapes two services, each in a network namespace of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import support
from support import Bpffs, Here, Namespace, Service, Traffic, connect, eventually, run

PROMETHEUS = os.environ["PROMETHEUS"]
EXAMPLE = os.environ["EXAMPLE"]
CONFIGURATION = """\
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
  evaluation_interval: 250ms
rule_files: ["{rules}"]
scrape_configs:
  - job_name: {job}
    static_configs:
      - targets: [{targets}]
"""


class Prometheus:
    """A server on loopback in this process's network namespace."""

    def __init__(self, targets, rules=f"{EXAMPLE}/alerts.yml", job="bpflink-service"):
        self.directory = tempfile.mkdtemp(prefix="bpflink-prometheus.")
        with open(f"{self.directory}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(
                rules=rules, job=job, targets=", ".join(f"'{each}'" for each in targets)))
        with open(f"{self.directory}/log", "wb") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={self.directory}/prometheus.yml",
                 f"--storage.tsdb.path={self.directory}/data", "--web.listen-address=127.0.0.1:9090"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, path, **parameters):
        """What its API answers; None while the server is not ready."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:9090/api/v1/{path}?{query}", timeout=support.PATIENCE) as said:
                return json.load(said)["data"]
        except (urllib.error.URLError, ConnectionError) as failed:
            if isinstance(failed, urllib.error.HTTPError) and failed.code == 400:
                raise AssertionError(f"{parameters}: {failed.read().decode()}") from None
            if self.process.poll() is not None:
                with open(f"{self.directory}/log", encoding="utf-8") as log:
                    raise RuntimeError(f"Prometheus ended: {log.read()}") from None
            return None

    def query(self, text):
        """The values of a query by their instances."""
        found = (self.ask("query", query=text) or {"result": []})["result"]
        return {each["metric"]["instance"]: float(each["value"][1]) for each in found}

    def comes_to(self, query, expected):
        """Waits until a query has these values."""
        last = {}

        def holds():
            last.update(now=self.query(query))
            return last["now"] == expected
        try:
            eventually(holds, f"{query} is {expected}", seconds=2 * support.PATIENCE)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {last['now']}") from None

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=support.PATIENCE)
        shutil.rmtree(self.directory)


class PrometheusTest(unittest.TestCase):

    def test_two_services_in_two_namespaces_are_scraped(self):
        services, instances = [], []
        for number in 1, 2:
            namespace, bpffs = Namespace(), Bpffs()
            self.addCleanup(namespace.close)
            self.addCleanup(bpffs.close)
            # The program is on the interface by which the pages are asked for.
            connect(namespace, "eth0", Here, f"far{number}")
            namespace.run("ip", "address", "add", f"10.77.{number}.2/24", "dev", "eth0")
            run("ip", "address", "add", f"10.77.{number}.1/24", "dev", f"far{number}")
            service = Service(bpffs, namespace, address=f"10.77.{number}.2")
            self.addCleanup(service.close)
            services.append(service.start())
            instances.append(f"10.77.{number}.2:9435")
        one, two = instances
        prometheus = Prometheus(instances)
        self.addCleanup(prometheus.close)

        prometheus.comes_to("up", {one: 1, two: 1})
        prometheus.comes_to("bpflink_service_attached", {one: 1, two: 1})
        # Links are the kernel's: both services see both, and those of other people, which come and go.
        prometheus.comes_to('bpflink_service_links{type="xdp",state="attached"} >= bool 2', {one: 1, two: 1})
        links = [service.link()["id"] for service in services]
        for service in services:
            self.assertLessEqual(set(links), {link["id"] for link in service.links()})
        prometheus.comes_to('bpflink_service_pinned', {one: 1, two: 1})  # pins are each one's own

        self.assert_dashboard_shows(prometheus)
        self.assert_alerts_are_of_what_is_scraped(prometheus)

        sent = Traffic(Here, "far1").end()
        eventually(lambda: services[0].bpffs.frames() == [sent, 0], f"{sent} frames are seen")
        for number in range(3):
            services[0].swap((number + 1) % 2)
        prometheus.comes_to('bpflink_service_steps_total{step="update"}', {one: 3, two: 0})
        prometheus.comes_to('increase(bpflink_service_steps_total{step="update"}[1h]) > bool 0', {one: 1, two: 0})

        # One's interface goes, and with it the way to its pages: its link is defunct, as the other tells.
        services[0].signal(signal.SIGSTOP)  # so that it does not clean up
        run("ip", "link", "del", "far1")
        prometheus.comes_to("up", {one: 0, two: 1})

        def state():
            return next((link["state"] for link in services[1].links() if link["id"] == links[0]), None)
        self.assertEqual("defunct", state())
        prometheus.comes_to("bpflink_service_defunct_links >= bool 1", {two: 1})
        services[0].signal(signal.SIGCONT)
        eventually(lambda: state() is None, "its link is gone")

        services[1].terminate()
        prometheus.comes_to("up", {one: 0, two: 0})
        self.assertEqual(["create eth0\n"], [services[1].log()])

    def assert_dashboard_shows(self, prometheus):
        with open(f"{EXAMPLE}/dashboard.json", encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        self.assertEqual(len(panels), len({panel["id"] for panel in panels}))
        for target in (target for panel in panels for target in panel["targets"]):
            with self.subTest(query=target["expr"]):
                # As Grafana fills in what stands for a choice of the user's.
                text = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "5s")
                self.assertNotIn("$", text)
                # A rate wants two scrapes.
                shown = eventually(lambda query=text: prometheus.ask("query", query=query)["result"],
                                   "there is something to show")
                labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                for each in shown:
                    self.assertLessEqual(labels, set(each["metric"]))
        with self.subTest(query="instance"):
            self.assertEqual(2, len(prometheus.ask("label/instance/values")))

    def assert_alerts_are_of_what_is_scraped(self, prometheus):
        def evaluated():
            rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
            return rules and all(rule["health"] != "unknown" for rule in rules) and rules
        rules = eventually(evaluated, "the alerts are evaluated")
        self.assertEqual(5, len(rules))
        for rule in rules:
            with self.subTest(alert=rule["name"]):
                self.assertEqual("ok", rule["health"])
                for name in set(re.findall(r"bpflink_service_\w+", rule["query"])) or {"up"}:
                    self.assertEqual(2, len(prometheus.ask("query", query=name)["result"]), name)


if __name__ == "__main__":
    support.enter_own_namespaces()
    if not os.access(PROMETHEUS, os.X_OK):
        support.skip_all("there is no Prometheus: scripts/setup --service unpacks it")
    support.main()
