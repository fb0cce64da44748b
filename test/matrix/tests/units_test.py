#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of the runner that need no virtual machine."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import packages  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import vm  # noqa: E402

LINE = "=" * 79
LOG = f"""\
{LINE}
/src/test/kernel/hook/xdp.test.cpp:12:
TEST CASE:  XDP runs: on lo

DEEPEST SUBCASE STACK REACHED (DIFFERENT FROM THE CURRENT ONE):
  in both modes

0.250000 s: XDP runs: on lo
SKIP: no veth driver: Operation not supported
SKIP: no veth driver: Operation not supported
{LINE}
/src/test/kernel/hook/xdp.test.cpp:40:
TEST CASE:  XDP runs on a veth

1.000000 s: XDP runs on a veth
{LINE}
/src/test/kernel/pin.test.cpp:7:
TEST CASE:  a pin stays

/src/test/kernel/pin.test.cpp:9: FATAL ERROR: it went

0.000100 s: a pin stays
{LINE}
[doctest] test cases:   3 |   2 passed |   1 failed | 0 skipped
[doctest] assertions:  10 |   9 passed |   1 failed |
"""
SKIPPED = "XDP runs on a veth: no veth driver: Operation not supported"


def report(**what):
    return vm.Report(**{"seconds": 3.0, "ended": True, "qemu": "", "console": b"", "test": b"",
                        "status": b"", "artifacts": b""} | what)


class Results(unittest.TestCase):
    def setUp(self):
        self.found = results.cases(LOG)
        self.ended = {"exit": "0", "tainted": "0", "problem": [], "end": ""}

    def judge(self, log, *differences, found=None, **status):
        found = results.cases(log) if found is None else found
        return results.judge(report(), self.ended | status, log, found, differences)

    def test_cases_are_read_with_their_file_skips_and_failures(self):
        self.assertEqual([case.name for case in self.found],
                         ["XDP runs: on lo", "XDP runs on a veth", "a pin stays"])
        self.assertEqual([case.failed for case in self.found], [False, False, True])
        self.assertEqual([line for case in self.found for line in case.skip_lines()], [SKIPPED])
        self.assertEqual(self.found[0].file, "/src/test/kernel/hook/xdp.test.cpp")
        self.assertTrue(results.complete(LOG, self.found))

    def test_the_cases_that_skipped_are_asked_for_by_name(self):
        self.assertEqual(results.skipped(f"1/9 Test: kernel\n{LOG}\n<end of output>"),
                         [case.name for case in self.found if case.skips])
        self.assertEqual(results.filter_of(["XDP runs: on lo", "a, and a\\b"]),
                         r"--test-case=XDP runs: on lo,a\, and a\\b")
        self.assertEqual(results.not_run(self.found, ["XDP runs: on lo", "a gone case"]),
                         ["asked for, and did not run: a gone case"])
        with self.assertRaisesRegex(ValueError, "--duration"):
            results.skipped("SKIP: no veth\n")

    def test_the_condensed_log_has_heads_only_where_something_went_wrong(self):
        text = results.condensed(LOG)
        self.assertNotIn("TEST CASE:  XDP", text)
        self.assertIn("TEST CASE:  a pin stays\n\n/src", text)
        self.assertIn("0.250000 s: XDP runs: on lo\nSKIP: no veth", text)

    def test_skips_have_to_be_those_of_the_list(self):
        def differences(expected, all_ran=True):
            return list(results.skip_differences(self.found, expected, all_ran))

        self.assertEqual(differences([SKIPPED]), [])
        self.assertEqual(differences([]), [f"skipped, and not on the list: {SKIPPED}"])
        self.assertEqual(len(differences(["XDP runs on a veth: another reason"])), 2)
        self.assertIn("not skipped: a pin stays: why",
                      "".join(differences([SKIPPED, "a pin stays: why"])))
        self.assertIn("no case of that name", "".join(differences([SKIPPED, "a gone case: why"])))
        self.assertEqual(differences([SKIPPED, "a gone case: why"], all_ran=False), [])

    def test_a_list_that_is_written_is_read_back_and_keeps_its_comments(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "skips", "6.1.txt")
            self.assertEqual(results.read_skips(path), {})
            results.write_skips(path, self.found)
            path.write_text(f"# reviewed\n{path.read_text()}an old one: why\n")
            results.write_skips(path, self.found)
            self.assertEqual(path.read_text(), f"# reviewed\n{SKIPPED}\n")
            self.assertEqual(results.read_skips(path), {SKIPPED: "# reviewed\n"})

    def test_verdicts(self):
        passing = LOG.replace("FATAL ERROR", "MESSAGE").replace("2 passed |   1", "3 passed |   0")
        self.assertEqual(self.judge(passing), (results.PASS, []))
        self.assertEqual(self.judge(passing, "a skip"), (results.FAIL, ["a skip"]))
        self.assertEqual(self.judge(passing, exit="3")[0], results.FAIL)
        self.assertEqual(self.judge(passing, tainted="512")[0], results.FAIL)
        self.assertEqual(self.judge(passing, problem=["insmod"])[0], results.FAIL)
        self.assertEqual(self.judge(LOG)[0], results.FAIL)
        self.assertEqual(self.judge(passing, found=self.found[:2])[0], results.NO_VERDICT)
        self.assertEqual(self.judge(passing[:600])[0], results.NO_VERDICT)
        self.assertEqual(self.judge("")[0], results.NO_VERDICT)

    def test_without_the_last_status_line_there_is_no_verdict(self):
        del self.ended["end"]
        for words, what in (("Kernel panic - oh", {"console": b"[ 1.2] Kernel panic - oh\n"}),
                            ("still running", {"ended": False}), ("no KVM", {"qemu": "no KVM"}),
                            ("went away", {})):
            verdict, reasons = results.judge(report(**what), self.ended, LOG, self.found, [])
            self.assertEqual(verdict, results.NO_VERDICT)
            self.assertIn(words, reasons[0])

    def test_no_character_of_a_log_breaks_junit(self):
        log = LOG.replace("it went", "it\x1b went\x00 \udcff\ufffe")
        found = results.cases(log)
        suite = results.xml.fromstring(results.junit("6.1", found, results.FAIL, ["\x07"], 1.0))
        self.assertIn("it? went? ??", suite.find("testcase[@name='a pin stays']/failure").text)


@unittest.skipUnless(shutil.which("dpkg-deb"), "dpkg-deb is not installed")
class Cache(unittest.TestCase):
    """With a mirror of one kernel, made here."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        home = pathlib.Path(directory.name)
        self.mirror, self.cache, self.here = home / "mirror", home / "cache", home / "here"
        self.here.mkdir()
        for name, value in ("CACHE", self.cache), ("HERE", self.here):
            patch = mock.patch.object(packages, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.dict(os.environ, BPFLINK_DEBIAN_MIRROR=f"file://{self.mirror}/")
        patch.start()
        self.addCleanup(patch.stop)

        root = home / "root"
        for path, data in {"DEBIAN/control": b"Package: linux-image-9.9\nVersion: 1\nArchitecture: all"
                                             b"\nMaintainer: n\nDescription: d\n",
                           "boot/vmlinuz-9.9": b"kernel", "boot/config-9.9": b"CONFIG_X=y",
                           "lib/modules/9.9/kernel/veth.ko": b"\0depends=\0license=GPL\0",
                           "lib/modules/9.9/kernel/nf_conntrack.ko": b"\0depends=nf_defrag_ipv4,a-b\0",
                           "lib/modules/9.9/kernel/nf_defrag_ipv4.ko": b"\0depends=a-b\0",
                           "lib/modules/9.9/kernel/a-b.ko": b"\0depends=\0",
                           "lib/modules/9.9/kernel/other.ko": b"\0depends=\0"}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        self.package = self.mirror / "debian/pool/k.deb"
        self.package.parent.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, self.package], check=True,
                       stdout=subprocess.DEVNULL)
        data = self.package.read_bytes()
        (self.here / "kernels.json").write_text('{"9.9": {}}')
        (self.here / "kernels.lock").write_text(json.dumps(
            {"9.9": [{"path": "debian/pool/k.deb", "sha256": hashlib.sha256(data).hexdigest(),
                      "size": len(data)}]}))

    def test_a_fetched_kernel_has_its_modules_in_the_order_to_load_them(self):
        kernel = packages.fetch("9.9")
        self.assertEqual(kernel.release, "9.9")
        self.assertEqual(kernel.vmlinuz.read_bytes(), b"kernel")
        self.assertEqual([path.name for path in kernel.modules],
                         ["00_veth.ko", "01_a_b.ko", "02_nf_defrag_ipv4.ko", "03_nf_conntrack.ko"])

    def test_a_warm_cache_needs_no_mirror(self):
        first = packages.fetch("9.9")
        self.package.unlink()
        self.assertEqual(packages.fetch("9.9"), first)

    def test_a_package_that_is_not_the_locked_one_is_refused_and_not_kept(self):
        genuine = self.package.read_bytes()
        for wrong in genuine[:-1], genuine + b"x", bytes(len(genuine)):
            self.package.write_bytes(wrong)
            with self.assertRaisesRegex(packages.Trouble, "SHA-256"):
                packages.fetch("9.9")
            self.assertEqual([p for p in self.cache.glob("packages/*")], [])
        self.package.write_bytes(genuine)
        self.assertEqual(packages.fetch("9.9").release, "9.9")

    def test_a_package_that_went_is_reported_by_its_address(self):
        self.package.unlink()
        with mock.patch("time.sleep"), self.assertRaisesRegex(packages.Trouble, "pool/k.deb"):
            packages.fetch("9.9")

    @unittest.skipUnless(shutil.which("gpgv"), "gpgv is not installed")
    def test_an_index_that_debian_did_not_sign_is_refused(self):
        (self.here / "kernels.json").write_text('{"9.9": {"suite": "debian/sid", "packages": "k"}}')
        release = self.mirror / "debian/dists/sid/InRelease"
        release.parent.mkdir(parents=True)
        release.write_text("Origin: Debian\n")
        with self.assertRaisesRegex(packages.Trouble, "not signed by Debian"):
            packages.lock()


class Page(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        patch = mock.patch.object(page, "native", lambda: ["5.10", "6.1"])
        patch.start()
        self.addCleanup(patch.stop)
        for kernel, skips in ("5.10", ["no veth driver"]), ("6.1", []):
            self.leave(kernel, cases=[
                {"name": "XDP runs", "file": "/src/test/kernel/hook/xdp.test.cpp", "skips": []},
                {"name": "on a veth", "file": "/src/test/kernel/hook/xdp.test.cpp", "skips": skips},
                {"name": "it attaches", "file": "/src/test/kernel/hook/tcx.test.cpp", "skips": skips},
                {"name": "a pin stays", "file": "/src/test/kernel/pin.test.cpp", "skips": []}])

    def leave(self, kernel, **what):
        path = self.home / kernel / "result.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"kernel": kernel, "complete": True, "cases": [],
                                    "status": {"release": kernel, "version": "#1"}} | what))

    def test_a_page_says_what_works_and_why_not(self):
        text = page.page(page.load(self.home))
        self.assertRegex(text, r"\| xdp \| 5\.9 \| part \| yes \|")
        self.assertRegex(text, r"\| tcx \| [0-9.–]+ \| no \| yes \|")
        self.assertIn("| pin | yes | yes |", text)
        self.assertIn("| hook/xdp | on a veth | no veth driver | 5.10 |", text)

    def test_a_page_is_current_until_the_results_change(self):
        path = self.home / "kernels.md"
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(page.write(self.home, path, True), 1)
            self.assertEqual(page.write(self.home, path, False), 0)
            self.assertEqual(page.write(self.home, path, True), 0)
            self.leave("5.10")
            self.assertEqual(page.write(self.home, path, True), 1)

    def test_a_part_of_the_cases_makes_no_page(self):
        self.leave("6.1", complete=False)
        with self.assertRaisesRegex(packages.Trouble, "6.1"):
            page.load(self.home)


if __name__ == "__main__":
    unittest.main(verbosity=2)
