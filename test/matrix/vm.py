# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel in qemu and brings back what its serial ports said."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from machines import MACHINES
from packages import Trouble

# KVM is no default: where machines are nested, it may be there and not work.
ACCELERATOR = os.environ.get("BPFLINK_MATRIX_ACCEL", "tcg")
# 5.10 loads and attaches LSM programs without "bpf" here, and never runs them. Names that a kernel
# does not have are ignored.
# Mitigations cost a tenth of an emulator's time. The kernel waits so briefly for its first timer interrupts
# that a host with much to do seems to have none: a panic. What such a guest does for half a minute is not
# stuck: its watchdogs wait as long as they can.
PARAMETERS = ("panic=-1 oops=panic rdinit=/init mitigations=off init_on_alloc=0 no_timer_check "
              "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300 "
              "sysctl.kernel.hung_task_timeout_secs=600 "
              "lsm=landlock,lockdown,yama,integrity,bpf")


@dataclass(frozen=True)
class Report:
    seconds: float
    ended: bool      # by itself, within the limit
    qemu: str        # what qemu itself had to say
    console: bytes
    test: bytes
    status: bytes
    artifacts: bytes


class Memory:
    """A file without a name, which qemu opens by its number: nothing of it stays on a disk, however
    the run ends."""

    def __init__(self, content=b""):
        self.fd = os.memfd_create("bpflink-matrix")
        with open(self.fd, "wb", closefd=False) as file:
            file.write(content)

    @property
    def path(self):
        return f"/dev/fd/{self.fd}"

    def read(self, start=0):
        return os.pread(self.fd, os.fstat(self.fd).st_size, start)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def command_line(kernel, initramfs, ports, parameters, cpus):
    machine = MACHINES[kernel.architecture]
    # setpriv: qemu ends when this process does, whatever ended it.
    return ["setpriv", "--pdeathsig", "KILL", machine.qemu, "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-accel", ACCELERATOR, *machine.options, "-smp", str(cpus),
            "-m", "1G", "-kernel", str(kernel.vmlinuz), "-initrd", initramfs.path,
            "-append", f"console={machine.console} {PARAMETERS} {parameters}",
            *(argument for port in ports for argument in ("-serial", port))]


@contextlib.asynccontextmanager
async def running(command, files, **streams):
    # Not in this session: Ctrl-C is for this process to see.
    process = await asyncio.create_subprocess_exec(
        *command, pass_fds=[file.fd for file in files], start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, **streams)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def boot(kernel, initramfs, *, limit, parameters="", cpus=1, watch=()):
    """Runs a guest to its end, or to the limit. `watch`: serial ports to show meanwhile (0: the
    console, 1: the test's output)."""
    with contextlib.ExitStack() as stack:
        image, errors, *ports = (stack.enter_context(Memory(content))
                                 for content in (initramfs, b"", b"", b"", b"", b""))
        command = command_line(kernel, image, [f"file:{port.path}" for port in ports],
                               f"MATRIX_STUCK={limit - 10} {parameters}", cpus)
        start = time.monotonic()
        async with running(command, [image, *ports], stdout=errors.fd, stderr=errors.fd) as qemu:
            shown = dict.fromkeys(watch, 0)
            ended = False
            while not ended and time.monotonic() - start < limit:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(qemu.wait(), 0.2 if watch else start + limit - time.monotonic())
                    ended = True
                for number in watch:
                    data = ports[number].read(shown[number])
                    shown[number] += len(data)
                    sys.stdout.buffer.write(data)
                    sys.stdout.buffer.flush()
        console, test, status, artifacts = (port.read() for port in ports)
        return Report(time.monotonic() - start, ended, errors.read().decode(errors="replace"),
                      console.replace(b"\r\n", b"\n"), test, status, artifacts)


def shell(kernel, initramfs, programs, *, parameters, cpus):
    """A shell on this terminal."""
    size = shutil.get_terminal_size()
    parameters += f" quiet MATRIX_MODE=shell MATRIX_ROWS={size.lines} MATRIX_COLUMNS={size.columns}"
    if programs:
        parameters += f" MATRIX_TEST={programs[0]}"
    ports = ["mon:stdio", "null", "null", "null"]
    with Memory(initramfs) as image:
        return subprocess.run(command_line(kernel, image, ports, parameters, cpus),
                              pass_fds=[image.fd]).returncode


def debug(kernel, initramfs, binary, *, parameters, cpus):
    """gdb on this terminal, on the test as gdbserver holds it in the guest, through a serial port."""
    with contextlib.ExitStack() as stack:
        image, output = (stack.enter_context(Memory(content)) for content in (initramfs, b""))
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bpflink-matrix.")))
        ports = ["null", f"file:{output.path}", "null", f"unix:{home}/gdb,server=on,wait=off"]
        command = command_line(kernel, image, ports, f"MATRIX_MODE=gdb {parameters}", cpus)
        qemu = subprocess.Popen(command, pass_fds=[image.fd, output.fd], start_new_session=True,
                                stdin=subprocess.DEVNULL)
        stack.callback(qemu.wait)
        stack.callback(qemu.kill)
        while b"Remote debugging using" not in output.read():
            if qemu.poll() is not None:
                raise Trouble(f"the guest did not get to gdbserver: {output.read().decode()}")
            time.sleep(0.1)
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for gdb
        stack.callback(signal.signal, signal.SIGINT, previous)
        subprocess.run(["gdb", "-q", "-ex", "set sysroot /", "-ex", f"target remote {home}/gdb", binary])
        print(output.read().decode(errors="replace"))
        return 0
