# SPDX-License-Identifier: Apache-2.0
"""The alerts for Prometheus are as promtool wants them, and tell what they are to tell."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

PROMTOOL, EXAMPLE = os.environ["PROMTOOL"], os.environ["EXAMPLE"]
HERE = os.path.dirname(os.path.abspath(__file__))


def promtool(*arguments):
    """@return exit status, and what it says"""
    ended = subprocess.run([PROMTOOL, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=60, check=False)
    return ended.returncode, ended.stdout.decode()


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class AlertsTest(unittest.TestCase):

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="bpflink-alerts.")
        self.addCleanup(shutil.rmtree, self.directory)

    def result_of_rules(self, change=lambda rules: rules):
        """Their test beside them, where that looks for them."""
        shutil.copy(f"{HERE}/alerts_test.yml", self.directory)
        with open(f"{self.directory}/alerts.yml", "w", encoding="utf-8") as file:
            file.write(change(read(f"{EXAMPLE}/alerts.yml")))
        return promtool("test", "rules", f"{self.directory}/alerts_test.yml")

    def test_promtool_takes_the_rules(self):
        status, said = promtool("check", "rules", f"{EXAMPLE}/alerts.yml")
        self.assertEqual(0, status, said)
        self.assertIn("5 rules found", said)

    def test_each_alert_is_told_when_it_is_to_be(self):
        status, said = self.result_of_rules()
        self.assertEqual(0, status, said)

    def test_each_rule_is_tried(self):
        rules = read(f"{EXAMPLE}/alerts.yml")
        names = re.findall(r"alert: (\w+)", rules)
        self.assertEqual(5, len(names))
        for expression in re.findall(r"expr: (.*)", rules):
            with self.subTest(expression=expression):
                status, _ = self.result_of_rules(lambda text, gone=expression: text.replace(gone, "vector(0) > 1"))
                self.assertNotEqual(0, status, "without the rule the test fails")


if __name__ == "__main__":
    if not os.access(PROMTOOL, os.X_OK):
        print("SKIP: there is no promtool: scripts/setup --service unpacks it", flush=True)
        raise SystemExit(77)
    unittest.main(verbosity=2)
