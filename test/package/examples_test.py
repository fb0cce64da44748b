#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each example is a folder that can be copied: one NAME.cpp, one CMakeLists.txt, at most one NAME.bpf.c, and
headers of its own; nothing includes a file from elsewhere in the tree. Each is built, run by a test, and in the list of
example/README.md.

usage: examples_test.py SOURCE_DIRECTORY
"""

import pathlib
import re
import sys

LARGER = {"demo", "service"}  # programs of several files, which are built in this tree


def wrong_in(folder):
    """What keeps a folder from being copied alone."""
    name = folder.name
    files = {path.name for path in folder.iterdir()}
    program = f"{name}.bpf.c"
    for needed in (f"{name}.cpp", "CMakeLists.txt"):
        if needed not in files:
            yield f"{needed} is missing"
    for other in sorted(files - {f"{name}.cpp", "CMakeLists.txt", program}):
        if not other.endswith(".h"):
            yield f"{other} does not belong to an example"
    here = files | ({f"{name}.skel.h"} if program in files else set())
    for path in sorted(folder.glob("*.[ch]*")):
        for header in re.findall(r'^#include "(.*)"', path.read_text(encoding="utf-8"), re.M):
            if header not in here:
                yield f"{path.name} includes {header}, which is not in the folder"
    lists = (folder / "CMakeLists.txt").read_text(encoding="utf-8") if "CMakeLists.txt" in files else ""
    for text in (f"project({name} ", "find_package(bpflink ", f"add_executable({name} {name}.cpp)",
                 f"target_link_libraries({name} PRIVATE bpflink::bpflink)"):
        if text not in lists:
            yield f"CMakeLists.txt lacks {text}"
    if (program in files) != (f"bpflink_add_bpf_object({name} {program} SKELETON)" in lists):
        yield f"{program} and bpflink_add_bpf_object in CMakeLists.txt come together"


def main():
    root = pathlib.Path(sys.argv[1]) / "example"
    built = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    listed = (root / "README.md").read_text(encoding="utf-8")
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name not in LARGER)
    wrong = []
    for folder in folders:
        name = folder.name
        wrong += [f"example/{name}: {each}" for each in wrong_in(folder)]
        if not re.search(rf"^  {name}\)?$", built, re.M):
            wrong.append(f"example/CMakeLists.txt does not build {name}")
        if not re.search(rf"bpflink_test_example\({name} |NAME example\.{name} ", built):
            wrong.append(f"example/CMakeLists.txt does not run {name}")
        if f"[{name}]({name})" not in listed:
            wrong.append(f"example/README.md does not list {name}")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(folders)} examples, {len(wrong)} mistakes")
    return 1 if wrong or len(folders) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
