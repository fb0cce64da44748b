#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each header of Linux refuses to be included on Windows, and names itself.

  headers_test.py INCLUDE-DIRECTORY COMPILER HEADER...
"""

import re
import subprocess
import sys


def main():
    directory, compiler, *headers = sys.argv[1:]
    source = "".join(f"#include <bpflink/{header}>\n" for header in headers)
    run = subprocess.run([compiler, "-std=c++20", f"-I{directory}", "-fsyntax-only", "-x", "c++", "-"],
                         input=source, stderr=subprocess.PIPE, text=True, check=False)
    named = re.findall(r"error: #error <bpflink/([^>]+)> is of Linux", run.stderr)
    other = [line for line in run.stderr.splitlines() if "error" in line and "is of Linux" not in line]
    for header in sorted(set(headers) - set(named)):
        print(f"bpflink/{header} does not say that it is of Linux", file=sys.stderr)
    for line in other:
        print(line, file=sys.stderr)
    # Some that each program with hooks of Linux includes.
    expected = {"hook/cgroup.hpp", "hook/tracing.hpp", "lifecycle/ensure.hpp", "query.hpp"}
    for header in sorted(expected - set(headers)):
        print(f"bpflink/{header} is not among the headers of Linux", file=sys.stderr)
    print(f"{len(named)} headers refuse to be included")
    return 0 if set(named) == set(headers) >= expected and not other and run.returncode else 1


sys.exit(main())
