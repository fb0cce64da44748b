# SPDX-License-Identifier: Apache-2.0
"""Puts the figures and the plot of a run into docs/."""

import shutil

import plot
import processes
import report

# What is between these in docs/performance.md is written here, and nowhere else.
BEGIN = "<!-- scripts/bench --publish writes from here -->\n"
END = "<!-- to here -->\n"
WORKS = {"ids": "ids", "handles": "handles", "infos": "infos",
         "attach_iter": "attach, close: iterator",
         "attach_cgroup": "attach, close: cgroup", "update": "update", "pin": "pin, unpin",
         "load_pinned": "load pinned, close"}
CHECKED = {"pin": "pin_checked", "load_pinned": "load_pinned_checked"}


def cell(row):
    if row is None:
        return "—"
    ratio = f" ({row.ratio:.2f})" if row.ratio and row.peer != "libbpf" else ""
    return report.microseconds(row.median) + ratio


def compact(rows):
    """One line for each work, one column for each peer: microseconds, and the ratio to C's."""
    found = {(row.links, row.peer, row.operation): row for row in rows}
    lines = ["| links | µs for each | " + " | ".join(processes.TITLES.values()) + " |",
             "|---" * (len(processes.TITLES) + 2) + "|"]
    places = sorted({row.links for row in rows}, key=lambda links: (links == 0, links))

    def line(links, title, operations):
        cells = [cell(found.get((links, peer, operations.get(peer, operations[None]))))
                 for peer in processes.TITLES]
        if set(cells) != {"—"}:
            number = report.grouped(links) if links else "one"
            lines.append(f"| {number} | {title} | {' | '.join(cells)} |")

    for links in places:
        for work, title in WORKS.items():
            line(links, title, {None: work})
            if work in CHECKED:
                line(links, title + ", C checks too", {None: "", "libbpf": CHECKED[work]})
            if work == "infos":
                line(links, "`snapshot()`", {None: "snapshot"})
    return "\n".join(lines)


def publish(docs, output, facts, rows):
    for name in plot.FILES:
        shutil.copyfile(output / name, docs / name.replace("cost", "performance"))
    page = docs / "performance.md"
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    versions = ", ".join(f"{name} {version.split('+')[0]}"
                         for name, version in facts["versions"].items())
    figures = f"""
`{facts['command']}` on {facts['date']}, commit {facts['commit']}: Linux {facts['kernel']},
one of {facts['cpus']} CPUs of an {facts['processor']}. Versions: {versions}.
{report.disturbance(facts)}

{compact(rows)}

"""
    page.write_text(before + BEGIN + figures + END + after)
