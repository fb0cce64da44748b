#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks the site that scripts/docs has made: each href and src of each page, and each entry of the sidebar and the search,
leads to a file of the site, and to an anchor in it.

usage: links_test.py HTML_DIRECTORY
"""

import html.parser
import json
import pathlib
import re
import sys
import urllib.parse

FEWEST = {"pages": 200, "links": 5000}


class Page(html.parser.HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.add(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)


def links_of_script(text):
    """The places in Doxygen's data of the sidebar (navtree) and of the search."""
    return {link for link in re.findall(r"['\"]((?:\.\./)?[\w.-]+\.html(?:#[\w.:~-]+)?)['\"]", text)}


def main():
    root = pathlib.Path(sys.argv[1])
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    sources = [(path, link) for path, page in pages.items() for link in page.links]
    for path in sorted(root.rglob("*.js")):
        if not path.name.startswith(("jquery", "doxygen", "navtreeindex")):  # the last says which entry is open
            sources += [(path, link) for link in links_of_script(path.read_text(encoding="utf-8"))]
    broken, outside = [], set()
    for path, link in sources:
        if re.match(r"[a-z]+:", link) or link.startswith("//"):
            if not link.startswith(("javascript:", "data:")):
                outside.add(link)
            continue
        name, _, anchor = urllib.parse.unquote(link).partition("#")
        target = (path.parent / name).resolve() if name else path.resolve()
        known = next((page for page in (target, root / target.name) if page in pages), None)
        if not target.is_file():
            broken.append(f"{path.relative_to(root)}: {link} leads to no file")
        elif anchor and target.suffix == ".html" and anchor not in pages[known].anchors:
            broken.append(f"{path.relative_to(root)}: {link} leads to no anchor")
    for line in sorted(set(broken)):
        print(line, file=sys.stderr)
    print(json.dumps({"pages": len(pages), "links": len(sources), "outside": len(outside), "broken": len(broken)}))
    for what, count in (("pages", len(pages)), ("links", len(sources))):
        if count < FEWEST[what]:
            sys.exit(f"{count} {what}, fewer than {FEWEST[what]}: is this the site?")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
