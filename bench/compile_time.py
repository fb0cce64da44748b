#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what including or importing the library costs the compiler, and the size of a small program.

usage: compile_time.py [--runs N] [--gcc G++] [--clang CLANG++] [--only time|size] [--output PAGE.md]

Time is the compiler's own, user and system, so that other work on the machine matters little. In each run everything is
compiled once, in turns; a figure is the median of the runs, a ratio the median of the runs' ratios.
"""

import argparse
import collections
import pathlib
import re
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGET = 1.5

# What a program in this style includes anyway.
BASELINE = ("ranges", "string", "vector", "variant", "coroutine", "tl/expected.hpp", "range/v3/range_fwd.hpp")

APART = ("bpflink/bpflink.hpp", "bpflink/coro/asio.hpp")

PROGRAM = r"""
#include <bpflink/bpflink.hpp>
#include <cstdio>

int main() {
    for (auto&& info : bpflink::infos()) {
        if (!info) return std::puts(info.error().message().c_str()), 1;
        std::printf("%u %s\n", info->id.value(), to_string(info->type).c_str());
    }
}
"""


def includes(*headers):
    return "".join(f"#include <{header}>\n" for header in headers)


def public_headers():
    """All but the umbrella, which has a row of its own, and what needs Asio, whose cost is Asio's."""
    include = ROOT / "include"
    names = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    return [name for name in names if "/detail/" not in name and name not in APART]


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def progress(text):
    print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


class Compiler:
    """Compiles a source for each name, and remembers how long that took."""

    def __init__(self, path, scratch):
        self.command = [path, "-std=c++20", "-I", str(ROOT / "include")]
        self.version = output_of(path, "--version").splitlines()[0]
        self.scratch = scratch / pathlib.Path(path).name
        self.scratch.mkdir()
        self.sources, self.seconds = {}, collections.defaultdict(list)

    def add(self, name, text, *arguments):
        source = self.scratch / f"{len(self.sources)}.cpp"
        source.write_text(text, encoding="utf-8")
        self.sources[name] = [*self.command, *(arguments or ["-fsyntax-only"]), str(source)]

    def add_headers(self):
        self.add("an empty file", "")
        self.add("baseline", includes(*BASELINE))
        self.add("umbrella", includes("bpflink/bpflink.hpp"))
        for header in public_headers():
            self.add(header, includes(header))

    def add_module(self):
        interface = self.scratch / "bpflink.pcm"
        build = [*self.command, "--precompile", str(ROOT / "modules/bpflink.cppm"), "-o", str(interface)]
        subprocess.run(build, check=True)
        use = ("-fsyntax-only", f"-fmodule-file=bpflink={interface}")
        self.add("import", "import bpflink;\n", *use)
        self.add("import after the baseline", includes(*BASELINE) + "import bpflink;\n", *use)
        self.sources["interface"] = build

    def run(self):
        for name, command in self.sources.items():
            progress(f"{self.command[0]}: {name}")
            self.seconds[name].append(cpu_seconds(command))

    def cells(self, name):
        if name not in self.seconds:
            return ["", ""]
        ratios = [one / base for one, base in zip(self.seconds[name], self.seconds["baseline"])]
        return [f"{statistics.median(self.seconds[name]):.2f}", f"{statistics.median(ratios):.2f}"]


def times(options, scratch):
    gcc, clang = compilers = [Compiler(options.gcc, scratch), Compiler(options.clang, scratch)]
    for compiler in compilers:
        compiler.add_headers()
    clang.add_module()
    for number in range(options.runs):
        for compiler in compilers:
            compiler.run()
        progress(f"run {number + 1} of {options.runs}\n")

    rows = [("nothing", "an empty file"), (f"the baseline: {', '.join(f'`<{name}>`' for name in BASELINE)}", "baseline"),
            ("**`<bpflink/bpflink.hpp>`**, everything", "umbrella"), ("`import bpflink;`", "import"),
            ("the baseline, then `import bpflink;`", "import after the baseline"),
            ("building the module's interface, once a project", "interface")]
    rows += [(f"`<{header}>`", header) for header in public_headers()]
    yield f"{gcc.version}; {clang.version}; medians of {options.runs} runs."
    yield ""
    yield "| compiled | GCC, s | to the baseline | clang, s | to the baseline |"
    yield "|---|---|---|---|---|"
    for title, name in rows:
        yield f"| {' | '.join([title, *gcc.cells(name), *clang.cells(name)])} |"
    over = [compiler.version for compiler in compilers if float(compiler.cells("umbrella")[1]) > BUDGET]
    yield ""
    yield f"The budget, {BUDGET} times the baseline for everything, is {'exceeded by ' + ', '.join(over) if over else 'kept'}."


def contributions(link_map):
    """Bytes in memory by the archive or object that they come from."""
    text = link_map.read_text(encoding="utf-8").split("Linker script and memory map", 1)[1]
    total, counts = collections.Counter(), False
    for line in re.sub(r"\n +(0x[0-9a-f]+ +0x)", r" \1", text).splitlines():
        if re.match(r"\.\S", line):
            counts = not re.match(r"\.(debug|comment|note\.GNU-stack|gnu\.(warning|lto))", line)
        piece = re.match(r" (?:\.|COMMON)\S* +0x[0-9a-f]+ +(0x[0-9a-f]+) (\S.*)", line)
        if counts and piece:
            name = pathlib.Path(piece[2].split("(")[0]).name
            total[name] += int(piece[1], 16)
    return total


def link_statically(options, scratch, name, text, flags, *libraries):
    source, program, link_map = (scratch / f"{name}{suffix}" for suffix in (".cpp", "", ".map"))
    source.write_text(text, encoding="utf-8")
    output_of(options.gcc, "-std=c++20", *flags.split(), "-I", str(ROOT / "include"), str(source), "-o", str(program),
              "-static", "-s", f"-Wl,--gc-sections,-Map={link_map}", *libraries)
    text, data, bss = output_of("size", str(program)).splitlines()[1].split()[:3]
    parts = contributions(link_map)
    groups = (("libbpf.a",), ("libelf.a", "libz.a", "libzstd.a"), ("libstdc++.a", "libgcc.a", "libgcc_eh.a"),
              ("libc.a", "libm.a", "crt1.o", "crti.o", "crtn.o"))
    named = [sum(parts[part] for part in group) for group in groups]
    ours = sum(size for part, size in parts.items() if part == "libbpflink.a" or part.startswith("cc"))
    cells = [text, data, bss, program.stat().st_size, ours, *named]
    return f"| {' | '.join(f'{int(cell):,}' for cell in cells)} |"


def sizes(options, scratch):
    libraries = shlex.split(output_of("pkg-config", "--static", "--libs", "libbpf", "libelf"))
    yield "| bytes | text | data | bss | file | of it bpflink and the program | libbpf | libelf, zlib | libstdc++, libgcc | libc |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    yield f"| `int main() {{}}`, `-Os` {link_statically(options, scratch, 'empty', 'int main() {}', '-Os')}"
    for level in ("-Os", "-O2"):
        progress(f"the library with {level}")
        flags = f"{level} -ffunction-sections -fdata-sections"
        build = scratch / f"library{level}"
        off = [f"-DBPFLINK_BUILD_{part}=OFF" for part in ("TESTS", "EXAMPLES", "TOOL", "BENCH", "MODULE")]
        output_of("cmake", "-S", str(ROOT), "-B", str(build), "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={options.gcc}",
                  "-DCMAKE_BUILD_TYPE=", f"-DCMAKE_CXX_FLAGS={flags}", *off)
        output_of("cmake", "--build", str(build), "--target", "bpflink")
        row = link_statically(options, scratch, f"list{level}", PROGRAM, flags, str(build / "src/libbpflink.a"), *libraries)
        yield f"| list links, `{level}` {row}"
    progress("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--gcc", default="g++")
    parser.add_argument("--clang", default="clang++-19")
    parser.add_argument("--only", choices=("time", "size"))
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/bench/performance/compile_time.md")
    options = parser.parse_args()

    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        if options.only != "size":
            lines += [*times(options, pathlib.Path(scratch)), ""]
        if options.only != "time":
            lines += [*sizes(options, pathlib.Path(scratch)), ""]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
