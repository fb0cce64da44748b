# SPDX-License-Identifier: Apache-2.0
"""The figures as a table and as JSON, and how far two runs agree."""

import json
import os
import platform
import shutil
import statistics
import subprocess

import processes
import rounds

WORKS = {
    "ids": "ids",
    "handles": "handles: each link opened and closed",
    "infos": "infos: kind, program, name of each link",
    "attach_iter": "attach and close, iterator",
    "attach_cgroup": "attach and close, cgroup",
    "update": "update",
    "pin": "pin and unpin",
    "load_pinned": "load pinned and close",
    "start": "`bpftool version`: what a process costs that does nothing",
}
# What an operation is called beside the peer's name, where it is not the only one.
NOTES = {
    "snapshot": "`snapshot()`",
    "pin_checked": "checks whose pin it removes",
    "load_pinned_checked": "checks that it is a link",
}
PACKAGES = ("libbpf1", "bpftool", "golang-1.27-go", "golang-github-cilium-ebpf-dev", "cargo-web",
            "cargo", "g++")
HEAD = "| work | by | µs | of C's time | half of the rounds within |\n|---|---|---|---|---|"


def output(*command):
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as facts:
        return next((line.split(": ", 1)[1].strip() for line in facts
                     if line.startswith("model name")), "unknown processor")


def commit(root):
    git = ("git", "-C", str(root))
    # Not docs/: --publish writes there.
    changed = output(*git, "status", "--porcelain", "--", ".", ":!docs")
    return output(*git, "rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def setting(root, crates):
    """Where and of what the figures are."""
    lines = output("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES).splitlines()
    versions = dict(line.split() for line in lines if len(line.split()) == 2)
    for crate in sorted(crates.glob("libbpf-rs-*")):
        versions["libbpf-rs"] = crate.name.removeprefix("libbpf-rs-")
    return {"kernel": platform.release(), "machine": platform.machine(),
            "processor": processor(), "cpus": os.cpu_count(), "versions": versions,
            "commit": commit(root)}


def disturbance(facts):
    text = f"Other programs and the kernel's threads took {facts['others']} % of a CPU meanwhile"
    # What frees thousands of links works for a moment on a quiet machine too.
    return text + (": too much for figures that count." if facts["others"] > 25 else ".")


def grouped(number):
    return f"{number:,}"


def microseconds(value):
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def line(work, row, nameless):
    who = processes.TITLES[row.peer]
    notes = [NOTES[row.operation]] if row.operation in NOTES else []
    if (row.peer, row.operation) in nameless:
        notes.append("no names")
    if notes:
        who += ", " + ", ".join(notes)
    ratio = f"{row.ratio:.2f}" if row.ratio else "—"
    within = "{:.2f}-{:.2f}".format(*row.quartiles) if row.ratios else "—"
    return f"| {work} | {who} | {microseconds(row.median)} | {ratio} | {within} |"


def section(title, rows, missing, nameless):
    lines = [f"## {title}", "", HEAD]
    for work in dict.fromkeys(row.work for row in rows):
        lines += [line(WORKS[work], row, nameless) for row in rows if row.work == work]
    lines += [f"| all | {processes.TITLES[name]} | not available: {reason.replace('|', '/')} | | |"
              for name, reason in missing.items()]
    return "\n".join(lines) + "\n"


def lacking(peers):
    """What a peer has no way to do, and others have."""
    for name, peer in peers.items():
        works = {**rounds.WALKS, **rounds.OPERATIONS}
        without = [work for work, operations in works.items()
                   if work != "start" and not peer.abilities.intersection(operations)]
        if without:
            yield f"{processes.TITLES[name]} has nothing for: {', '.join(without)}."


def table(facts, rows, peers, missing, nameless):
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    counts = sorted({len(row.samples) for row in rows}, reverse=True)
    text = [f"""# bpflink beside its peers

{facts['date']}, commit {facts['commit'] or 'unknown'}, Linux {facts['kernel']}
{facts['machine']}, {facts['processor']}, all on one of {facts['cpus']} CPUs. Versions: {versions}.
`{facts['command']}`: medians of {' or '.join(map(str, counts))} rounds; in each, every peer once
and in another order. The ratio is the median of the rounds' ratios to the same work by hand in C.
{disturbance(facts)}
"""]
    for links in sorted({row.links for row in rows} - {0}):
        text.append(section(f"{grouped(links)} links: for each link",
                            [row for row in rows if row.links == links], missing, nameless))
    if operations := [row for row in rows if row.links == 0]:
        text.append(section("One link: for each time", operations, missing, nameless))
    text.append("\n".join(lacking(peers)) + "\n")
    return "\n".join(text)


def as_json(facts, rows, missing):
    return json.dumps({**facts, "missing": missing, "rows": [
        {"links": row.links, "work": row.work, "peer": row.peer, "operation": row.operation,
         "median": row.median, "ratio": row.ratio, "quartiles": row.quartiles,
         "samples": row.samples} for row in rows]}, indent=1) + "\n"


def agreement(rows, before):
    """How far the ratios are from an earlier run's; nothing where none is in both."""
    earlier = {(row["links"], row["peer"], row["operation"]): row["ratio"]
               for row in before["rows"] if row["ratio"]}
    apart = {}
    for row in rows:
        then = earlier.get((row.links, row.peer, row.operation))
        if row.ratio and then and (row.peer, row.operation) != (rounds.YARDSTICK, row.work):
            apart[f"{row.peer} {row.operation}, {grouped(row.links)} links"] = abs(
                row.ratio / then - 1) * 100
    if not apart:
        return ""
    where = max(apart, key=apart.get)
    return (f"Ratios against the run before: {statistics.median(apart.values()):.1f} % apart in "
            f"the median, {apart[where]:.1f} % at most ({where}).")
