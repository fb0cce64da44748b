#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what can be told of the recipes for vcpkg and Conan without either: that they are well-formed, say the version of
version.hpp, need the same libraries, and set options that CMake knows.

usage: recipes_test.py SOURCE_DIRECTORY VERSION
"""

import ast
import json
import pathlib
import re
import sys

# vcpkg's helpers, and what a machine that is built on has to have.
CONAN_NAMES = {"xz_utils": "liblzma"}  # vcpkg names the same library so
OF_THE_BUILD = {"pkgconf", "vcpkg-cmake", "vcpkg-cmake-config"}


def unknown_options(root, recipe):
    """Those that the recipe sets and CMakeLists.txt does not declare: CMake takes them and only warns."""
    declared = set(re.findall(r"option\((BPFLINK_\w+)", (root / "CMakeLists.txt").read_text(encoding="utf-8")))
    asked = set(re.findall(r"\bBPFLINK_\w+", (root / recipe).read_text(encoding="utf-8")))
    return sorted(asked - declared)


def main():
    root, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    wrong = []
    manifests = {path: json.loads((root / path).read_text(encoding="utf-8"))
                 for path in ("vcpkg.json", "packaging/vcpkg/bpflink/vcpkg.json")}
    needs = {}
    for path, manifest in manifests.items():
        if manifest["version"] != version:
            wrong.append(f"{path}: version {manifest['version']}, and version.hpp has {version}")
        for name in [manifest["name"], *manifest["features"]]:
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
                wrong.append(f"{path}: {name} is no name for vcpkg")
        names = [entry if isinstance(entry, str) else entry["name"] for entry in manifest["dependencies"]]
        needs[path] = set(names) - OF_THE_BUILD

    for path in ("conanfile.py", "test/package/conan/conanfile.py"):
        text = (root / path).read_text(encoding="utf-8")
        tree = ast.parse(text, path)
        if not any(isinstance(node, ast.ClassDef) and node.bases[0].id == "ConanFile" for node in tree.body):
            wrong.append(f"{path}: no ConanFile")
    text = (root / "conanfile.py").read_text(encoding="utf-8")
    needs["conanfile.py"] = {CONAN_NAMES.get(name, name) for name in re.findall(r'self\.requires\("([\w-]+)/', text)}
    for pattern in re.search(r"exports_sources = (.*)", text)[1].replace('"', "").split(", "):
        if not pattern.endswith(".tar.gz") and not list(root.glob(pattern)):
            wrong.append(f"conanfile.py: nothing is {pattern}")
    for recipe in ("conanfile.py", "packaging/vcpkg/bpflink/portfile.cmake"):
        wrong += [f"{recipe}: CMakeLists.txt has no option {name}" for name in unknown_options(root, recipe)]
    if len({frozenset(names) for names in needs.values()}) != 1:
        wrong.append(f"the recipes need different libraries: {needs}")

    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
