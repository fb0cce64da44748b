# SPDX-License-Identifier: Apache-2.0
"""features: as the links that are there, and bpftool, tell of the same kernel."""

import json
import shutil

import support
from support import LinksTest, run, TOOL

# Those whose programs bpftool loads without a target in the kernel.
PROGRAM_TYPES = {"xdp": "xdp", "tcx": "sched_cls", "cgroup": "cgroup_skb", "netns": "sk_lookup",
                 "kprobe": "kprobe", "uprobe": "kprobe", "uprobe_multi": "kprobe",
                 "tracepoint": "tracepoint", "perf_event": "perf_event",
                 "raw_tracepoint": "raw_tracepoint", "sockmap": "sk_skb"}


class Features(LinksTest):
    def features(self):
        return {each["hook"]: each for each in support.json_of(run(TOOL, "features", "--json"))}

    def test_hooks_that_have_links_are_there(self):
        all_of_them = self.features()
        for hook in self.links.ids.keys() & all_of_them.keys():
            with self.subTest(hook):
                self.assertEqual("yes", all_of_them[hook]["support"], all_of_them[hook])

    def test_every_hook_has_an_answer_with_a_reason(self):
        for hook, each in self.features().items():
            with self.subTest(hook):
                self.assertIn(each["support"], ("yes", "no", "unknown"))
                self.assertTrue(each["why"])
                self.assertRegex(each["since"], r"^\d+\.\d+$")

    def test_a_hook_is_not_there_without_its_program_type(self):
        if not shutil.which("bpftool"):
            self.skipTest("there is no bpftool")
        done = run("bpftool", "--json", "feature", "probe", "kernel")
        theirs = json.loads(done.stdout)["program_types"]
        ours = self.features()
        for hook, kind in PROGRAM_TYPES.items():
            with self.subTest(hook):
                if ours[hook]["support"] == "yes":
                    self.assertTrue(theirs[f"have_{kind}_prog_type"])

    def test_the_table_has_a_line_for_each(self):
        done = run(TOOL, "features")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^HOOK +SUPPORT +SINCE +WHY$")
        self.assertEqual(list(self.features()), [line.split()[0] for line in lines[1:]])


if __name__ == "__main__":
    support.main()
