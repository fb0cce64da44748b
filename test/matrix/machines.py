# SPDX-License-Identifier: Apache-2.0
"""The architectures: how qemu emulates each, and where the programs of a guest come from."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from packages import HERE, Trouble


@dataclass(frozen=True)
class Machine:
    qemu: str
    options: tuple[str, ...]
    console: str
    busybox: str
    ldd: tuple[str, ...]
    any_program: str  # with shared libraries
    root: str = ""

    def libraries(self, program):
        """{its path in a guest: its path here} of the shared libraries that a program is started with,
        its loader included."""
        ldd = subprocess.run([*self.ldd, program], capture_output=True, text=True,
                             env={**os.environ, "LC_ALL": "C"})
        if missing := re.findall(r"(\S+) => not found", ldd.stdout):
            raise Trouble(f"{program} needs {', '.join(missing)}, not found here either")
        # Nothing for a static one. The loader, where it is called by its path, tells that.
        paths = [path.removeprefix(self.root) for path in re.findall(r"(/\S+) \(0x", ldd.stdout)]
        return {path: self.root + path for path in paths}


# As scripts/setup --aarch64 unpacks it.
ARM64 = str(HERE.parents[1] / "build/aarch64/root")

MACHINES = {
    # Emulated, fast string instructions are slow ones (the kernel clears pages by bytes then), and so are the
    # checks of its accesses to user memory. Without these, the tests take half the processor time.
    "amd64": Machine("qemu-system-x86_64", ("-cpu", "max,-erms,-fsrm,-smap,-smep,-la57"), "ttyS0", shutil.which("busybox"),
                     ("ldd",), "/bin/sh"),
    # It has one serial port of its own, which is no ttyS.
    "arm64": Machine("qemu-system-aarch64", (
        "-machine", "virt", "-cpu", "cortex-a76",
        "-device", "pci-serial-4x,chardev2=serial1,chardev3=serial2,chardev4=serial3"),
        "ttyAMA0", f"{ARM64}/bin/busybox",
        ("qemu-aarch64", "-L", ARM64, f"{ARM64}/lib/ld-linux-aarch64.so.1", "--list"),
        f"{ARM64}/usr/bin/gencat", ARM64),
}
