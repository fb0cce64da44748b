# SPDX-License-Identifier: Apache-2.0
"""explain: what the rows of refusals say; nothing here asks the kernel for anything."""

import json
import pathlib
import re
import unittest

from support import TOOL, run

ERRORS = pathlib.Path(__file__).parents[2] / "docs/errors.md"


def documented(hook):
    """(errno, cause) of each row that docs/errors.md has below a hook's heading."""
    text = ERRORS.read_text()
    part = re.search(rf"\n### {hook}\n(.*?)(?=\n### |\n<!-- to here)", text, re.S).group(1)
    name = None
    for line in part.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5 or cells[0] in ("errno", "---"):
            continue
        name = cells[0] or name
        yield name, cells[2].replace("&lt;", "<").replace("\\|", "|").replace("…", "...")


class Explain(unittest.TestCase):
    def explain(self, *arguments, code=0):
        done = run(TOOL, "explain", *arguments)
        self.assertEqual(code, done.returncode, done)
        return done.stdout.decode()

    def test_cause_and_remedy_are_told(self):
        text = self.explain("EBUSY", "xdp")
        self.assertIn("attach: hook_busy\n  cause   ..., which has no link, is there\n"
                      "  remedy  ip link set DEV xdp off", text)

    def test_an_errno_may_be_a_number_or_in_small_letters(self):
        self.assertEqual(self.explain("EBUSY", "xdp"), self.explain("16", "xdp"))
        self.assertEqual(self.explain("EBUSY", "xdp"), self.explain("ebusy", "xdp"))
        self.assertEqual(self.explain("ENOTSUPP", "tracing"), self.explain("524", "tracing"))

    def test_every_cause_that_is_documented_is_told(self):
        hooks = re.findall(r"\n### (\w+)\n", ERRORS.read_text())
        self.assertIn("uprobe_multi", hooks)
        for hook in hooks:
            told = {}
            for errno, cause in documented(hook):
                if errno not in told:
                    told[errno] = {each["cause"] for each in
                                   json.loads(self.explain(errno, hook, "--json"))}
                with self.subTest(f"{errno} {hook}"):
                    self.assertIn(cause, told[errno])

    def test_what_every_hook_has_comes_last(self):
        steps = [(each["step"], each["condition"])
                 for each in json.loads(self.explain("EPERM", "tcx", "--json"))]
        self.assertIn(("attach", "permission_denied"), steps)

    def test_nothing_known_is_a_failure(self):
        self.assertEqual("", self.explain("ELOOP", "tcx", code=1))
        self.assertEqual([], json.loads(self.explain("ELOOP", "tcx", "--json", code=1)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
