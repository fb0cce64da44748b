# SPDX-License-Identifier: Apache-2.0
"""Where the output goes, or does not."""

import os
import signal

import support
from support import TOOL, LinksTest, run


class Output(LinksTest):
    def test_without_the_privilege_listing_fails(self):
        for options, output in ((), b""), (("--json",), b"[]\n"):
            done = run("setpriv", "--bounding-set=-sys_admin", TOOL, "list", *options)
            self.assertEqual((1, output), (done.returncode, done.stdout))
            self.assertRegex(done.stderr.decode(), r"\Abpflink: .*EPERM.*CAP_SYS_ADMIN.*\n\Z")

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
