#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether compare.py works, at a tiny size and with the peers in C++: nothing about time.

  smoke.py BUILD-DIRECTORY
"""

import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def compare(build, output, *arguments):
    return subprocess.run(
        [sys.executable, str(HERE / "compare.py"), "--build", build, "--output", output,
         "--rounds", "2", *arguments], check=False).returncode


def lists_links(tool):
    """bpftool lists none behind one that is being attached: that may take long, or for ever."""
    for _ in range(100):
        if subprocess.run([tool, "link", "show"], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            return True
    print(f"{tool} lists no links here, and is left out")
    return False


def main(build):
    peers = ["bpflink", "libbpf"]
    # A peer that is not there is told of; the others go on.
    if not shutil.which("bpftool") or lists_links("bpftool"):
        peers.append("bpftool")
    with tempfile.TemporaryDirectory() as output:
        if status := compare(build, output, "--links", "3,40", "--only", ",".join(peers)):
            return status
        made = {path.name for path in pathlib.Path(output).iterdir()}
        expected = {"results.json", "table.md"}
        if importlib.util.find_spec("matplotlib"):
            expected |= {"cost.png", "cost.svg"}
        else:
            print("no plot is looked for: matplotlib is not installed")
        assert expected == made, f"written: {sorted(made)}, expected: {sorted(expected)}"

        rows = json.loads((pathlib.Path(output) / "results.json").read_text())["rows"]
        found = {(row["peer"], row["operation"], row["links"]) for row in rows}
        for peer in ("bpflink", "libbpf"):
            for walk in ("ids", "handles", "infos", "snapshot"):
                assert {(peer, walk, 3), (peer, walk, 40)} <= found, f"no row for {peer} {walk}"
            for operation in ("attach_iter", "attach_cgroup", "update", "pin", "load_pinned"):
                assert (peer, operation, 0) in found, f"no row for {peer} {operation}"
        table = (pathlib.Path(output) / "table.md").read_text()
        lines = [line for line in table.splitlines() if line.startswith("| ")]
        assert len(lines) >= len(rows), "the table lacks rows"
        nameless = [line for line in lines if "no names" in line and "snapshot" not in line]
        assert not nameless, "somebody did not read the names"

        # A second run is compared with the first.
        if status := compare(build, output, "--links", "3", "--only", "bpflink,libbpf,cilium"):
            return status
        assert "against the run before" in (pathlib.Path(output) / "table.md").read_text()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
