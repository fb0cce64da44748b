#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that extract.py takes a block of C++, or refuses the page: it passes none over in silence."""

import pathlib
import subprocess
import sys
import tempfile

TAKEN = "```cpp\nint const taken = 1;\n```\n"
OTHERS = ["```text\ncpp\n```\n", "```console\n$ c++ main.cpp\n```\n", "```c\nint a;\n```\n"]
REFUSED = ["- item\n\n  ```cpp\n  int b;\n  ```\n", "```c++\nint c;\n```\n", "```cpp no-run\nint d;\n```\n",
           "~~~cpp\nint e;\n~~~\n", "> ```cpp\n> int f;\n> ```\n", "```cpp unknown\nint g;\n```\n", "```CPP\nint h;\n```\n"]


def extract(text):
    """The source that is made of the page, or None where it is refused."""
    with tempfile.TemporaryDirectory() as directory:
        page, output = pathlib.Path(directory, "page.md"), pathlib.Path(directory, "page.cpp")
        page.write_text(text, encoding="utf-8")
        script = pathlib.Path(__file__).with_name("extract.py")
        done = subprocess.run([sys.executable, "-B", script, page, output], capture_output=True, check=False)
        return output.read_text(encoding="utf-8") if done.returncode == 0 else None


def main():
    wrong = [f"refused: {text!r}" for text in OTHERS if "int const taken" not in (extract(TAKEN + text) or "")]
    wrong += [f"passed over: {text!r}" for text in REFUSED if extract(TAKEN + text) is not None]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
