# SPDX-License-Identifier: Apache-2.0
"""Cost against the number of links, as PNG and SVG: a panel for each walk, a line for each way."""

import processes
import report

# Okabe and Ito's colours, which everybody can tell apart; markers for those who print in grey.
# By hand in C and in Rust are hollow and in front: where all cost the same, all are still seen.
LOOKS = {
    ("bpflink", "ids"): {"color": "#0072B2", "marker": "o", "linewidth": 2.4, "zorder": 3},
    ("libbpf", "ids"): {"color": "#000000", "marker": "s", "linestyle": "--", "markersize": 9,
                        "markerfacecolor": "none", "zorder": 4},
    ("cilium", "ids"): {"color": "#E69F00", "marker": "^"},
    ("libbpf-rs", "ids"): {"color": "#D55E00", "marker": "D", "linestyle": ":", "markersize": 12,
                           "markerfacecolor": "none", "zorder": 4},
    ("bpftool", "infos"): {"color": "#CC79A7", "marker": "v"},
    ("bpflink", "snapshot"): {"color": "#009E73", "marker": "P", "linewidth": 2.4, "zorder": 3},
    ("libbpf", "snapshot"): {"color": "#56B4E9", "marker": "X", "linestyle": "--"},
}
PANELS = {"ids": "ids", "handles": "handles: opened and closed",
          "infos": "infos: kind, program, name"}
FILES = ("cost.png", "cost.svg")


def look(row):
    found = LOOKS.get((row.peer, row.operation)) or LOOKS.get((row.peer, "ids"), {})
    return {"linewidth": 1.6, "markersize": 6, "zorder": 2, **found}


def short(number, _=None):
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"


def label(row):
    note = {"snapshot": ", snapshot()"}.get(row.operation, "")
    return processes.TITLES[row.peer] + note


def draw(rows, facts, directory):
    """Needs matplotlib; raises ImportError without."""
    import matplotlib  # not at the top: all but the plot works without
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    matplotlib.rcParams.update({"font.size": 10, "axes.titlesize": 10.5,
                                "svg.hashsalt": "bpflink"})
    figure, panels = pyplot.subplots(1, len(PANELS), sharey=True, figsize=(10.5, 4.4))
    lines = {}
    for panel, (work, title) in zip(panels, PANELS.items()):
        here = [row for row in rows if row.work == work and row.links]
        for way in dict.fromkeys((row.peer, row.operation) for row in here):
            ours = sorted((row for row in here if (row.peer, row.operation) == way),
                          key=lambda row: row.links)
            name = label(ours[0])
            lines[name], = panel.plot([row.links for row in ours], [row.median for row in ours],
                                      label=name, **look(ours[0]))
        panel.set(xscale="log", yscale="log", title=title, xlabel="links in the kernel")
        panel.set_xticks(sorted({row.links for row in rows} - {0}))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(short))
        panel.yaxis.set_major_formatter(FuncFormatter(short))
        panel.grid(True, which="major", color="#dddddd", linewidth=0.8)
        panel.set_axisbelow(True)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0].set_ylabel("µs for each link, median")
    figure.suptitle("What a walk over all BPF links costs", x=0.5, y=0.985, fontsize=12.5)
    figure.legend(lines.values(), lines.keys(), loc="lower center", ncol=(len(lines) + 1) // 2,
                  frameon=False, bbox_to_anchor=(0.5, 0.035))
    figure.text(0.5, 0.015, f"Linux {facts['kernel']}, {facts['processor']}, one CPU; "
                f"{facts['date']}", ha="center", fontsize=8, color="#555555")
    figure.tight_layout(rect=(0, 0.14, 1, 0.985))
    for name in FILES:
        figure.savefig(directory / name, dpi=160,
                       metadata={"Date": None} if name.endswith("svg") else None)
    pyplot.close(figure)
