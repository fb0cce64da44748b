#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a doctest binary on other kernels, in qemu. No root, no network in the guest.

  matrix.py all BINARY                      on every kernel of kernels.json
  matrix.py run 6.1 -- BINARY -tc='*xdp*'   on one, only some cases, with the test's output
  matrix.py run 6.1 -v -- BINARY            with the kernel's messages and the output as they come
  matrix.py run 6.1 --gdb -- BINARY         under gdb, which runs here
  matrix.py shell 6.1 BINARY                a shell there, with the binary at hand
  matrix.py page                            write docs/kernels.md from the results (--check: compare)
  matrix.py lock                            take the newest packages into kernels.lock
  matrix.py fetch                           fill the cache; run and all do so by themselves

Exit status: 0 pass, 1 fail, 2 no verdict, 77 something is not installed.
"""

import argparse
import asyncio
import json
import os
import pathlib
import shutil
import signal
import sys

sys.dont_write_bytecode = True  # leaves nothing in the source tree

import initramfs  # noqa: E402
from machines import MACHINES  # noqa: E402
import packages  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import vm  # noqa: E402

ROOT = packages.HERE.parents[1]
EXIT_STATUS = {results.PASS: 0, results.FAIL: 1, results.NO_VERDICT: 2}
# These reach the guest.
VARIABLES = "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "BPFLINK_TEST_WALKS", "BPFLINK_RACES"


def require(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"SKIP: {program} is not installed: scripts/setup --matrix")
            sys.exit(77)


def fetch(name):
    """The kernel, if its machine can be emulated here."""
    require(MACHINES[packages.architecture(name)].qemu)
    return packages.fetch(name)


def test_command(options, *wrapper):
    variables = [f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ]
    return ["env", *variables, *wrapper, options.binary, *results.DOCTEST_ARGUMENTS,
            *options.arguments]


async def run(name, options):
    """Runs the test on a kernel, leaves what it brought back in the results, tells what it was."""
    kernel = fetch(name)
    image = initramfs.build(kernel, test_command(options), [options.binary])
    report = await vm.boot(kernel, image, limit=options.limit, parameters=options.append,
                           cpus=options.cpus, watch=(0, 1) if options.verbose else ())
    log = report.test.decode(errors="replace")
    status = results.status_lines(report.status.decode(errors="replace"))
    found = results.cases(log)
    skips = options.skips / f"{name}.txt"
    if options.write_skips:
        results.write_skips(skips, found)
    differences = list(results.skip_differences(found, results.read_skips(skips),
                                                all_ran=not options.arguments))
    differences += results.not_run(found, options.cases)
    verdict, reasons = results.judge(report, status, log, found, differences)

    home = options.results / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "test.log").write_text(results.condensed(log))
    (home / "kernel.log").write_bytes(report.console)
    (home / "junit.xml").write_bytes(results.junit(name, found, verdict, reasons, report.seconds))
    if report.artifacts:
        (home / "artifacts.tar").write_bytes(report.artifacts)
    (home / "result.json").write_text(json.dumps(
        {"kernel": name, "verdict": verdict, "reasons": reasons, "seconds": report.seconds,
         "complete": verdict == results.PASS and not options.arguments, "status": status,
         "cases": [{"name": case.name, "file": case.file, "skips": case.skips} for case in found]},
        indent=1))

    skipped = sum(bool(case.skips) for case in found)
    print(f"{name:>10}  {verdict:<10}  {len(found):3} cases, {skipped:3} with skips  "
          f"{report.seconds:6.1f} s  {status.get('release', '')}")
    for reason in reasons:
        print(f"        {reason}")
    if verdict != results.PASS:
        for case in found:
            if case.failed:
                print(f"\n{case.name}\n{case.output.rstrip()}")
        print(f"        see {home}")
    sys.stdout.flush()
    return EXIT_STATUS[verdict]


async def run_all(names, options):
    """One virtual machine for each core at a time. A signal ends them all."""
    for signo in signal.SIGTERM, signal.SIGHUP:
        asyncio.get_running_loop().add_signal_handler(signo, asyncio.current_task().cancel)
    free = asyncio.Semaphore(len(os.sched_getaffinity(0)))

    async def one(name):
        async with free:
            return await run(name, options)

    statuses = await asyncio.gather(*map(one, names))
    return 1 if 1 in statuses else max(statuses)


def command_run(options, names):
    if options.skipped_in:
        cases = results.skipped(options.skipped_in.read_text(errors="replace"))
        if not cases:
            print(f"No case skipped anything: {options.skipped_in}")
            return 0
        options.arguments = [results.filter_of(cases), *options.arguments]
        options.cases = cases
    for name in names:
        fetch(name)  # here, where a signal ends it at once
    return asyncio.run(run_all(names, options))


def command_gdb(options):
    require("gdb", "gdbserver")
    server = shutil.which("gdbserver")
    kernel = fetch(options.kernel)
    command = test_command(options, server, "--once", "/dev/ttyS3")
    image = initramfs.build(kernel, command, [server, options.binary])
    return vm.debug(kernel, image, options.binary, parameters=options.append, cpus=options.cpus)


def command_shell(options):
    programs = [options.binary] if options.binary else []
    image = initramfs.build(kernel := fetch(options.kernel), programs=programs)
    return vm.shell(kernel, image, programs, parameters=options.append, cpus=options.cpus)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    names = list(packages.kernels())

    boot = argparse.ArgumentParser(add_help=False)
    boot.add_argument("--append", default="", metavar="PARAMETERS",
                      help="more for the kernel's command line, e.g. 'ignore_loglevel'")
    boot.add_argument("--cpus", type=int, default=1)
    test = argparse.ArgumentParser(add_help=False, parents=[boot])
    test.add_argument("--limit", type=int, default=3600, metavar="SECONDS", help="for each kernel")
    test.add_argument("--results", type=pathlib.Path, default=ROOT / "build/matrix", metavar="DIR")
    test.add_argument("--skips", type=pathlib.Path, default=packages.HERE / "skips", metavar="DIR",
                      help="with a list of the expected skips for each kernel")
    test.set_defaults(cases=[])
    test.add_argument("--write-skips", action="store_true", help="make what is skipped the list")
    test.add_argument("--skipped-in", type=pathlib.Path, metavar="LOG",
                      help="only the cases that skipped something in this log of the test (--duration=true)")
    test.add_argument("-v", "--verbose", action="store_true",
                      help="show the kernel's messages and the test's output as they come")

    added = commands.add_parser("all", parents=[test], help="run a test on every kernel")
    added.add_argument("--only", action="append", choices=names, metavar="KERNEL",
                       help="on this one, and on others that are named so")
    added.add_argument("binary")
    added.add_argument("arguments", nargs=argparse.REMAINDER, help="doctest's")
    added = commands.add_parser("run", parents=[test], help="run a test on one kernel")
    added.add_argument("kernel", choices=names)
    added.add_argument("--gdb", action="store_true", help="under gdb")
    added.add_argument("binary")
    added.add_argument("arguments", nargs=argparse.REMAINDER, help="doctest's")
    added = commands.add_parser("shell", parents=[boot], help="a shell on one kernel")
    added.add_argument("kernel", choices=names)
    added.add_argument("binary", nargs="?", help="to have there")
    added = commands.add_parser("page", help="write docs/kernels.md from the results")
    added.add_argument("--check", action="store_true", help="only tell whether it is current")
    added.add_argument("--results", type=pathlib.Path, default=ROOT / "build/matrix", metavar="DIR")
    commands.add_parser("lock", help="take the newest packages into kernels.lock")
    added = commands.add_parser("fetch", help="fill the cache")
    added.add_argument("kernels", nargs="*", choices=[[], *names], metavar="KERNEL")
    return parser.parse_args()


def main():
    options = parse()
    if options.command != "lock":
        require("busybox", "dpkg-deb", "ldd", "setpriv")
    if "binary" in options and options.binary:
        options.binary = os.path.abspath(options.binary)
    match options.command:
        case "all":
            return command_run(options, options.only or packages.native())
        case "run" if options.gdb:
            return command_gdb(options)
        case "run":
            return command_run(options, [options.kernel])
        case "shell":
            return command_shell(options)
        case "page":
            return page.write(options.results, ROOT / "docs/kernels.md", options.check)
        case "lock":
            return packages.lock()
        case "fetch":
            for name in options.kernels or packages.native():
                print(name, fetch(name).release)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except packages.Trouble as trouble:
        sys.exit(f"matrix.py: {trouble}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
