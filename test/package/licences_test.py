#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each file that can hold a comment has an SPDX line at its head, with a licence of this project. Pages, JSON
and data have the licence of the whole: LICENSE.

usage: licences_test.py SOURCE_DIRECTORY
"""

import os
import pathlib
import re
import subprocess
import sys

LICENCES = {"Apache-2.0", "GPL-2.0 OR Apache-2.0", "Apache-2.0 OR GPL-2.0-only"}
WITHOUT_COMMENTS = {".md", ".json", ".png", ".svg", ".lock", ".sum", ".abi", ".xz"}
HEAD = 5  # lines


def files(root):
    """Those of the repository; in a source tarball, all but what a build leaves."""
    found = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return [pathlib.Path(name) for name in found.stdout.split("\0") if name]
    names = []
    for directory, inside, here in os.walk(root):
        inside[:] = [name for name in inside if name not in ("build", "__pycache__")]
        names += [pathlib.Path(directory, name).relative_to(root) for name in here]
    return names


def holds_comments(path):
    if path.suffix in WITHOUT_COMMENTS or (path.suffix == ".txt" and path.name != "CMakeLists.txt"):
        return False
    return path.name not in ("LICENSE", "copyright", "libbpflink-doc") and "corpus" not in path.parts


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = []
    looked_at = [path for path in files(root) if holds_comments(path) and (root / path).is_file()]
    for path in looked_at:
        with open(root / path, encoding="utf-8") as opened:
            head = "".join(line for line, _ in zip(opened, range(HEAD)))
        licence = re.search(r"SPDX-License-Identifier: (.*?)(?: \*/| -->|\"|$)", head, re.M)
        if not licence:
            wrong.append(f"{path}: no SPDX-License-Identifier in its first {HEAD} lines")
        elif licence[1] not in LICENCES:
            wrong.append(f"{path}: {licence[1]} is not a licence of this project")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(looked_at)} files, {len(wrong)} of them without a licence")
    return 1 if wrong or len(looked_at) < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
