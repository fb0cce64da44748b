#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a page of the guide as Doxygen wants it, or the page of the examples; mends the site.

usage: page.py FILE.md
       page.py --examples [FILE...]    a comment for each, which makes Doxygen list it at the names that it uses
       page.py --mend DIRECTORY        the finished site: no link leads to an anchor that Doxygen left out

GitHub's anchors become Doxygen's, and links to pages and examples go to their places on the site.
No line comes or goes, so that warnings name the right one.
"""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAIN = ROOT / "README.md"
LINK = re.compile(r"(?<!!)\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^)\s]+)\)")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = LINK.sub(r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchor(page, heading=""):
    name = pathlib.Path(page).stem.lower().replace("_", "-")
    return f"guide-{name}" + (f"-{heading}" if heading else "")


def example_page(file):
    """The name that Doxygen gives an example's page."""
    name = file.name.replace(".", "_8")
    return f"{name}-example.html"


def target_of(page, link):
    """Where a link of a page goes on the site: None for nowhere."""
    if re.match(r"[a-z]+:", link):
        return link
    path, _, heading = link.partition("#")
    if link == "examples.html":  # Doxygen's own
        return link
    file = pathlib.Path(os.path.normpath(page.parent / path)) if path else page
    if file.suffix == ".md" and (file.parent == ROOT / "docs" or file == MAIN):
        return "@ref index" if file == MAIN and not heading else f"@ref {anchor(file, heading)}"
    if (file / f"{file.name}.cpp") in examples():  # its folder
        return example_page(file / f"{file.name}.cpp")
    return None


def examples():
    return sorted(path for path in ROOT.glob("example/*/*.cpp") if path.stem == path.parent.name != "demo")


def print_page(page):
    fence = ""
    lines = page.read_text(encoding="utf-8").splitlines()
    if lines[0].startswith("<!--"):  # the title comes first
        lines[:2] = lines[1::-1]
    for line in lines:
        mark = re.match(r"\s*(```+)\s*(\w*)", line)
        if mark and not fence:
            fence = mark[1]
            line = f"{fence}{{.{mark[2]}}}" if mark[2] in ("cpp", "c", "sh", "cmake") else fence
        elif mark and line.strip() == fence:
            fence = ""
        elif not fence:
            kept = []  # code spans, which have no links
            line = CODE.sub(lambda code: kept.append(code[0]) or f"\0{len(kept) - 1}\0", line)

            def put_back(text):
                return re.sub("\0(\\d+)\0", lambda at: kept[int(at[1])], text)

            def moved(link):
                to = target_of(page, link[2])
                if to and to.startswith("@ref"):  # Doxygen shows marks of code there
                    return f"[{put_back(link[1]).replace('`', '')}]({to})"
                return f"[{link[1]}]({to})" if to else link[1]

            if heading := re.match(r"(#+) (.*)", line):
                id = anchor(page, "" if heading[1] == "#" else slug(put_back(heading[2]).replace("`", "")))
                kept[:] = [re.sub(r"^`([\w. -]+)`$", r"\1", code) for code in kept]  # Doxygen's sidebar shows marks of code
                line = heading[1] + " " + LINK.sub(r"\1", heading[2])
                if (page, heading[1]) != (MAIN, "#"):
                    line += f" {{#{id}}}"
            else:
                line = LINK.sub(moved, line)
            line = put_back(line)
        print(line)


def examples_of_names():
    """The examples that use a name, as {"hook::xdp": [path, ...]}."""
    found = {}
    for file in examples():
        for name in set(re.findall(r"\bbl::((?:hook::)?\w+)", file.read_text(encoding="utf-8"))):
            found.setdefault(name, []).append(file)
    return found


def print_examples(files):
    print("namespace bl = bpflink; // as the examples have it")
    for file in files or examples():
        said = []
        for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines()[1:]:
            if not line.startswith("//"):
                break
            said.append(line[2:].strip())
        # Without @details, Doxygen shows the first sentence twice.
        print(f"/** @example {pathlib.Path(file).name}\n * @details " + "\n * ".join(said) + "\n */")


def mend(site):
    """Doxygen's sidebar has enumerators without a comment, and a page's head the private classes, which have no anchors.

    Its signatures have no space after a reference's mark. Its results of a search have a style of their own, in small print.
    """
    anchors = {}
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        spaced = re.sub(r"(&amp;)(?=noexcept\b|=(?:delete|default)\b)", r"\1 ", text)
        if spaced != text:
            text = spaced
            page.write_text(text, encoding="utf-8")
        here = anchors[page.name] = set(re.findall(r'\b(?:id|name)="([^"]+)"', text))
        for link, anchor in re.findall(r'(<a href="#([\w-]+)">[^<]*</a> &#124;\n)', text):
            if anchor not in here:
                page.write_text(text.replace(link, ""), encoding="utf-8")
    with (site / "search/search.css").open("a", encoding="utf-8") as style:
        style.write(".SRPage .SREntry, .SRPage .SRStatus { font-size: 11pt; padding: 3px 1ex; }\n")
    for script in site.glob("*.js"):
        if not script.name.startswith(("navtreeindex", "jquery", "doxygen")):
            before = script.read_text(encoding="utf-8")
            after = re.sub(r'"([\w.-]+\.html)#([^"]+)"',
                           lambda to: to[0] if to[2] in anchors.get(to[1], ()) else f'"{to[1]}"', before)
            if after != before:
                script.write_text(after, encoding="utf-8")


def main():
    if sys.argv[1:2] == ["--examples"]:
        print_examples(sys.argv[2:])
    elif sys.argv[1:2] == ["--mend"]:
        mend(pathlib.Path(sys.argv[2]))
    else:
        print_page(pathlib.Path(sys.argv[1]).resolve())


if __name__ == "__main__":
    main()
