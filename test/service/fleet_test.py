# SPDX-License-Identifier: Apache-2.0
"""Two machines' links by the tool's metrics, node_exporter and Prometheus: one query over both."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support
from prometheus_test import PROMETHEUS, Prometheus
from support import Bpffs, Here, Namespace, connect, eventually, run

TOOL, FLEET, NODE_EXPORTER = os.environ["TOOL"], os.environ["FLEET"], os.environ["NODE_EXPORTER"]
OBJECT = os.environ["OBJECTS"].split(":")[0]
ATTACHED = 'sum by (instance) (bpflink_links{type="xdp",state="attached"})'
DEFUNCT = 'sum by (instance) (bpflink_links{state="defunct"})'


def command_of_unit():
    """What the timer has done."""
    with open(f"{FLEET}/bpflink-metrics.service", encoding="utf-8") as unit:
        return re.search(r"^ExecStart=(.*)", unit.read(), re.MULTILINE)[1].split()


class Machine:
    """A network namespace with an XDP link on its interface, and a node_exporter."""

    def __init__(self, number, case):
        self.namespace, self.bpffs = Namespace(), Bpffs()
        case.addCleanup(self.namespace.close)
        case.addCleanup(self.bpffs.close)
        connect(self.namespace, "eth0", Here, f"far{number}")
        self.namespace.run("ip", "address", "add", f"10.78.{number}.2/24", "dev", "eth0")
        run("ip", "address", "add", f"10.78.{number}.1/24", "dev", f"far{number}")
        self.program, self.link = f"{self.bpffs.path}/program", f"{self.bpffs.path}/link"
        # Maps that an object pins by name come to /sys/fs/bpf.
        run("unshare", "--mount", "sh", "-ec",
            'mount --bind "$0" /sys/fs/bpf; bpftool prog load "$1" /sys/fs/bpf/program type xdp',
            self.bpffs.path, OBJECT)
        self.namespace.run(TOOL, "attach", "xdp", "--program", self.program, "--interface", "eth0",
                           "--pin", self.link)
        self.texts = tempfile.mkdtemp(prefix="bpflink-fleet.")
        case.addCleanup(shutil.rmtree, self.texts)
        self.write()
        self.instance = f"10.78.{number}.2:9100"
        self.exporter = subprocess.Popen(
            self.namespace.enter(NODE_EXPORTER, "--collector.disable-defaults",
                                 "--collector.textfile",
                                 f"--collector.textfile.directory={self.texts}",
                                 f"--web.listen-address={self.instance}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        case.addCleanup(self.exporter.wait)
        case.addCleanup(self.exporter.kill)

    def write(self):
        """As the unit does, of this machine's program alone: the kernel is everybody's."""
        _, *arguments, path = command_of_unit()
        path = f"{self.texts}/{os.path.basename(path)}"
        self.namespace.run(TOOL, *arguments, path, "--program", self.program)


class FleetTest(unittest.TestCase):

    def test_one_query_tells_of_two_machines(self):
        machines = [Machine(number, self) for number in (1, 2)]
        one, two = (machine.instance for machine in machines)
        prometheus = Prometheus([one, two], f"{FLEET}/alerts.yml", "node")
        self.addCleanup(prometheus.close)
        prometheus.comes_to(ATTACHED, {one: 1, two: 1})
        prometheus.comes_to(DEFUNCT, {})

        self.assertEqual(b"", subprocess.run([TOOL, "detach", machines[0].link], check=True,
                                             stdout=subprocess.PIPE).stdout)
        machines[0].write()
        prometheus.comes_to(DEFUNCT, {one: 1})
        prometheus.comes_to(ATTACHED, {two: 1})

        def states():
            groups = prometheus.ask("rules")["groups"]
            found = {rule["name"]: (rule["health"], rule["state"])
                     for group in groups for rule in group["rules"]}
            return found == {"BpflinkMetricsStale": ("ok", "inactive"),
                             "BpflinkDefunctLinks": ("ok", "pending"),
                             "BpflinkProgramMisses": ("ok", "inactive")}
        eventually(states, "the alert of the defunct link is on its way")
        self.assert_dashboard_is_of_what_is_scraped(prometheus)

    def assert_dashboard_is_of_what_is_scraped(self, prometheus):
        names = set(prometheus.ask("label/__name__/values"))
        with open(f"{FLEET}/dashboard.json", encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        for text in (target["expr"] for panel in panels for target in panel["targets"]):
            with self.subTest(query=text):
                text = text.replace("$instance", ".*").replace("$__rate_interval", "5s")
                self.assertNotIn("$", text)
                shown = prometheus.ask("query", query=text)["result"]
                # Runs are counted while kernel.bpf_stats_enabled is 1.
                metric = re.search(r"(?:bpflink|node)_\w+", text)[0]
                self.assertTrue(shown or metric not in names or "rate" in text, metric)
                self.assertTrue(metric in names or "_run" in metric, metric)


if __name__ == "__main__":
    for program, what in ((PROMETHEUS, "Prometheus"), (NODE_EXPORTER, "node_exporter")):
        if not os.access(program, os.X_OK):
            support.skip_all(f"there is no {what}: scripts/setup --service unpacks it")
    if not TOOL:
        support.skip_all("the tool is not built")
    support.enter_own_namespaces()
    support.main()
