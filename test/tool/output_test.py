# SPDX-License-Identifier: Apache-2.0
"""Where the output goes, or does not."""

import errno
import json
import os
import pathlib
import signal
import unittest

import support
from support import BPF_LINK_GET_FD_BY_ID, TOOL, LinksTest, refused, run


class Output(LinksTest):
    def test_without_the_privilege_listing_fails(self):
        for options, output in ((), b""), (("--json",), b"[]\n"):
            done = run("setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", TOOL, "list", *options)
            self.assertEqual((1, output), (done.returncode, done.stdout))
            self.assertRegex(done.stderr.decode(), r"\Abpflink: .*EPERM.*CAP_SYS_ADMIN.*\n\Z")

    def test_json_is_json_where_a_command_fails_too(self):
        for words, output in ((("list", "--interface", "frob"), []), (("tree", "--cgroup", "/frob"), []),
                              (("holders", "4294967295"), []), (("show", "4294967295"), None),
                              (("on", "/frob"), []), (("on", "frob"), []), (("on", "map:999999999"), [])):
            with self.subTest(words):
                done = self.links.tool(*words, "--json")
                self.assertEqual((1, output), (done.returncode, json.loads(done.stdout)))
                self.assertRegex(done.stderr.decode(), r"\Abpflink: [^\n]+\n\Z")

    def test_output_that_cannot_be_written_is_a_failure(self):
        for words in ("list",), ("list", "--json"), ("tree",), ("metrics",), ("help",):
            with self.subTest(words), open("/dev/full", "wb") as full:
                self.assert_says_why(self.links.tool(*words, stdout=full), "No space left on device")
            self.assert_says_why(self.links.run("sh", "-c", '"$0" "$@" >&-', TOOL, *words), "Bad file descriptor")

    def assert_says_why(self, done, why):
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr.decode(), rf"\Abpflink: writing to standard output: {why}\n\Z")

    @unittest.skipIf(b"__asan_init" in pathlib.Path(TOOL).read_bytes(), "the address sanitizer reads /proc itself")
    def test_without_proc_the_reason_is_said_and_not_another(self):
        away = "unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$0" "$@"', TOOL
        done = run(*away, "list", "--json")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertLessEqual(set(self.links.ids.values()), {link["id"] for link in json.loads(done.stdout)})
        for words in ("on", "1"), ("list", "--pinned"):
            done = run(*away, *words)
            self.assertEqual(1, done.returncode)
            self.assertIn(b"/proc is not mounted", done.stderr)

    # F21
    def test_links_that_are_being_attached_are_not_there_yet(self):
        for words, output in (("list", "-q"), b""), (("list", "--json"), b"[]"), (("tree", "--json"), b"[]"):
            with self.subTest(words):
                done = self.links.tool(*words, preexec_fn=refused(BPF_LINK_GET_FD_BY_ID, errno.EAGAIN))
                self.assertEqual((0, output, b""), (done.returncode, done.stdout.strip(), done.stderr))

    def test_links_that_may_not_be_opened_are_listed_by_what_a_snapshot_tells(self):
        done = self.links.tool("list", "--json", preexec_fn=refused(BPF_LINK_GET_FD_BY_ID, errno.EPERM))
        self.compare(done, "security module")

    # F21
    def test_where_no_link_may_be_found_by_id_a_snapshot_tells(self):
        self.compare(self.links.run("setpriv", "--bounding-set=-sys_admin", TOOL, "list", "--json"),
                     "CAP_SYS_ADMIN")

    def compare(self, done, reason):
        """With what the list has where all is allowed."""
        self.assertEqual(0, done.returncode)
        self.assertRegex(done.stderr.decode(), rf"\Abpflink: note: .* a snapshot .*{reason}.*\n\Z")
        kept = {link["id"]: link for link in json.loads(done.stdout)}
        listed = self.links.list()
        for number in self.links.ids.values():  # others come and go
            link = listed[number]
            with self.subTest(link["type"]):
                told = kept[number]
                self.assertEqual(link["type"], told["type"])
                self.assertEqual(link.get("prog_id"), told.get("prog_id"))
        self.assertEqual(sorted(kept), list(kept))

    def test_a_reader_that_goes_away_is_no_failure(self):
        for action in signal.SIG_DFL, signal.SIG_IGN:
            for arguments in ("list",), ("list", "--json"), ("--help",), ("list", "--help"):
                with self.subTest(arguments, action=action):
                    reader, writer = os.pipe()
                    os.close(reader)
                    done = self.links.tool(*arguments, stdout=writer, restore_signals=False,
                                           preexec_fn=lambda: signal.signal(signal.SIGPIPE, action))
                    os.close(writer)
                    self.assertEqual((0, b""), (done.returncode, done.stderr))

    def test_head_gets_its_line(self):
        shell = 'for i in 1 2 3 4 5 6 7 8 9; do "$0" list || echo $? >&2; done | head -1'
        done = self.links.run("sh", "-c", shell, TOOL)
        self.assertRegex(done.stdout, rb"\AID +TYPE +PROGRAM +STATE +TARGET\n\Z")
        self.assertEqual((0, b""), (done.returncode, done.stderr))

    def test_a_full_or_closed_output_is_a_failure(self):
        for redirection, error in (">/dev/full", "No space left"), (">&-", "Bad file descriptor"):
            for arguments in "list", "list --json", "--help", f"show {self.links.ids['xdp']}":
                with self.subTest(arguments + redirection):
                    shell = f'exec "$0" {arguments} {redirection}'
                    self.assert_fails(self.links.run("sh", "-c", shell, TOOL), error)

    def test_a_file_that_a_command_opens_is_not_its_closed_output(self):
        done = self.links.run("sh", "-c", 'exec "$0" watch --existing >&-', TOOL)
        self.assertEqual(1, done.returncode)
        self.assertIn(b"Bad file descriptor", done.stderr)

    def test_commands_that_print_nothing_work_with_all_of_the_standard_streams_closed(self):
        path = self.links.pin_path("in_the_dark")
        for arguments in f"pin {self.links.ids['cgroup']} {path}", f"unpin {path}":
            shell = f'exec "$0" {arguments} <&- >&- 2>&-'
            self.assert_quiet(self.links.run("sh", "-c", shell, TOOL))

    def test_a_closed_standard_error_does_not_get_the_complaint_into_a_file(self):
        done = self.links.run("sh", "-c", 'exec "$0" show 4294967295 2>&-', TOOL)
        self.assertEqual((1, b"", b""), (done.returncode, done.stdout, done.stderr))


if __name__ == "__main__":
    support.main()
