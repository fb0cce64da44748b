# SPDX-License-Identifier: Apache-2.0
"""The guest's file system: busybox, a program with its shared libraries, and kernel modules."""

import pathlib
import shlex
import stat

from machines import MACHINES
from packages import HERE


class Archive:
    """A cpio archive in the "newc" format. Everything in it belongs to root."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def _add(self, name, mode, content=b"", device=(0, 0)):
        self.names.add(name)
        encoded = name.encode() + b"\0"
        fields = (len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
        for part in b"070701" + b"%08x" * 13 % fields + encoded, content:
            self.data += part + b"\0" * (-len(self.data + part) % 4)

    def _entry(self, path, *rest):
        name = str(path).strip("/")
        if name in self.names:
            return
        for parent in reversed(pathlib.PurePath(name).parents[:-1]):
            if str(parent) not in self.names:
                self._add(str(parent), stat.S_IFDIR | 0o755)
        self._add(name, *rest)

    def device(self, path, major, minor):
        self._entry(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def content(self, path, content, mode=0o644):
        self._entry(path, stat.S_IFREG | mode, content)

    def file(self, path, source=None):
        source = pathlib.Path(source or path)
        self.content(path, source.read_bytes(), stat.S_IMODE(source.stat().st_mode))

    def libraries(self, machine, program):
        for path, source in machine.libraries(program).items():
            self.file(path, source)

    def program(self, machine, path, source=None):
        self.file(path, source)
        self.libraries(machine, source or path)

    def finished(self):
        self._add("TRAILER!!!", 0)
        return self.data


def build(kernel, command=(), programs=()):
    """An initramfs in which /init runs `command`; its program and `programs` keep their paths."""
    archive = Archive()
    machine = MACHINES[kernel.architecture]
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3)
    archive.program(machine, "bin/busybox", machine.busybox)
    archive.file("init", HERE / "init")
    archive.content("etc/passwd", b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    archive.content("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    archive.file(f"boot/config-{kernel.release}", kernel.config)
    for module in kernel.modules:
        archive.file(f"modules/{module.name}", module)
    for program in programs:
        archive.program(machine, program)
    # There for a static program too: a case is then the same in every build.
    archive.libraries(machine, machine.any_program)
    archive.content("command", f"exec {shlex.join(command)}\n".encode())
    return archive.finished()
