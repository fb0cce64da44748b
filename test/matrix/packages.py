# SPDX-License-Identifier: Apache-2.0
"""The kernels: kernels.json names them, kernels.lock pins their packages, the cache holds them."""

import fcntl
import functools
import hashlib
import http.client
import json
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("BPFLINK_MATRIX_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or "~/.cache", "bpflink-matrix")).expanduser()

# What the tests need beyond what is built in. Where a kernel has one built in, or not at all, it is
# left out: what is missing then is for the tests to find.
MODULES = ("dummy", "veth", "tun", "sch_ingress", "cls_bpf", "nf_conntrack", "nf_defrag_ipv4",
           "nf_defrag_ipv6", "bridge", "macvlan", "bonding")


class Trouble(Exception):
    """What the user is told, in one line."""


@dataclass(frozen=True)
class Kernel:
    architecture: str
    release: str
    vmlinuz: pathlib.Path
    config: pathlib.Path
    modules: list[pathlib.Path]  # in the order to load them


def kernels():
    return json.loads((HERE / "kernels.json").read_text())


def architecture(name):
    return kernels()[name].get("architecture", "amd64")


def native():
    """The kernels that a binary of this machine runs on."""
    return [name for name in kernels() if architecture(name) == "amd64"]


def locked(name):
    """The packages of a kernel: [{"path": below the mirror, "sha256": ..., "size": ...}]."""
    return json.loads((HERE / "kernels.lock").read_text())[name]


def mirror(archive):
    """Where "debian" or "debian-security" is, as this machine's apt has it."""
    if base := os.environ.get("BPFLINK_DEBIAN_MIRROR"):
        return f"{base.rstrip('/')}/{archive}"
    try:
        uris = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                               "Created-By: Packages", "Origin: Debian"], check=True,
                              capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        uris = []
    uris = [uri.rstrip("/") for uri in uris]
    for uri in uris:
        if uri.endswith(f"/{archive}"):
            return uri
    for uri in uris:  # the security archive is beside the main one
        if uri.endswith("/debian"):
            return f"{uri.removesuffix('debian')}{archive}"
    raise Trouble("apt has read no list of Debian's: apt-get update, or set BPFLINK_DEBIAN_MIRROR "
                  "to what stands before /debian in a mirror's address")


def download(url, file):
    for attempt in range(4):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                shutil.copyfileobj(answer, file)
            return
        except (OSError, http.client.HTTPException) as error:
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if final or attempt == 3:
                raise Trouble(f"{url}: {error}") from error
            file.seek(0)
            file.truncate()
            time.sleep(2**attempt)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Resolving: kernels.json -> kernels.lock


def read_suite(suite, architecture, scratch):
    """The kernel packages of a suite, from an index that Debian signed."""
    def get(path):
        with open(scratch / "file", "w+b") as file:
            download(f"{mirror(archive)}/dists/{name}/{path}", file)
        return scratch / "file"

    archive, name = suite.split("/")
    index = f"main/binary-{architecture}/Packages.xz"
    try:
        release = subprocess.run(
            ["gpgv", "--keyring", "/usr/share/keyrings/debian-archive-keyring.gpg", "--output", "-",
             get("InRelease")], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise Trouble("gpgv is not installed: it checks what the mirror says") from None
    except subprocess.CalledProcessError as error:
        raise Trouble(f"{suite} is not signed by Debian: {error.stderr.strip()}") from None
    expected = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {index}$", release, re.MULTILINE)
    packages = get(index)
    if not expected or sha256(packages) != expected[1]:
        raise Trouble(f"{suite}: {index} is not the one that was signed")
    paragraphs = lzma.decompress(packages.read_bytes()).decode().split("\n\n")
    return [dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE)) for text in paragraphs
            if text.startswith("Package: linux-")]


def older_first(a, b):
    return -1 if subprocess.run(["dpkg", "--compare-versions", a, "lt", b]).returncode == 0 else 1


def lock():
    suites, result = {}, {}
    with tempfile.TemporaryDirectory(prefix="bpflink-matrix.") as scratch:
        for kernel, wanted in kernels().items():
            suite = wanted["suite"]
            key = suite, architecture(kernel)
            if key not in suites:
                suites[key] = read_suite(*key, pathlib.Path(scratch))
            found = [p for p in suites[key] if re.fullmatch(wanted["packages"], p["Package"])]
            if not found:
                raise Trouble(f"{kernel}: {suite} has no {wanted['packages']}")
            newest = max((p["Version"] for p in found), key=functools.cmp_to_key(older_first))
            result[kernel] = [{"path": f"{suite.split('/')[0]}/{p['Filename']}",
                               "sha256": p["SHA256"], "size": int(p["Size"])}
                              for p in found if p["Version"] == newest]
            print(f"{kernel:>10}  {newest}")
    (HERE / "kernels.lock").write_text(json.dumps(result, indent=1) + "\n")


# Fetching: kernels.lock -> the cache


def fetch_package(package):
    """The package's path in the cache, downloaded unless it is there."""
    archive, rest = package["path"].split("/", 1)
    path = CACHE / "packages" / rest.rsplit("/", 1)[1]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with open(part, "wb") as file:
            download(f"{mirror(archive)}/{rest}", file)
        os.rename(part, path)
    found = {"path": package["path"], "sha256": sha256(path), "size": path.stat().st_size}
    if found != package:
        path.unlink()
        raise Trouble(f"{path.name}: {found['size']} bytes with SHA-256 {found['sha256']}, where "
                      f"kernels.lock has {package['size']} with {package['sha256']}")
    return path


def module_data(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def in_load_order(directory):
    """(name, contents) of MODULES and what they need. A package that was not configured has no
    modules.dep, but each module says itself what it depends on."""
    files = {path.name.split(".ko")[0].replace("-", "_"): path for path in directory.rglob("*.ko*")}
    order = {}

    def visit(name):
        if name in order or name not in files:
            return
        data = module_data(files[name])
        needed = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in needed[1].decode().split(",") if needed else ():
            visit(other.replace("-", "_"))
        order[name] = data

    for name in MODULES:
        visit(name)
    return order.items()


def unpack(packages, target):
    """Leaves in target what a boot needs of the packages: about 15 MB of 100."""
    root = target / "root"
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", fetch_package(package), root], check=True)
    # /usr/lib/modules since 6.18, and vmlinuz and config in there too since 7.2
    modules, = (path for base in ("lib", "usr/lib") for path in root.glob(f"{base}/modules/*"))
    release = modules.name
    (target / "release").write_text(release)
    for name in "vmlinuz", "config":
        places = modules / name, root / f"boot/{name}-{release}"
        shutil.copyfile(next(path for path in places if path.exists()), target / name)
    (target / "modules").mkdir()
    for number, (name, data) in enumerate(in_load_order(modules)):
        (target / "modules" / f"{number:02}_{name}.ko").write_bytes(data)
    shutil.rmtree(root)


def fetch(name):
    """The kernel from the cache, which is filled first if need be."""
    packages = locked(name)
    key = hashlib.sha256(repr((packages, MODULES)).encode()).hexdigest()[:12]
    home = CACHE / f"{name}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as guard:  # others may fetch the same
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not home.exists():
            part = CACHE / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
            part.mkdir()
            unpack(packages, part)
            os.rename(part, home)
    return Kernel(architecture(name), (home / "release").read_text(), home / "vmlinuz", home / "config",
                  sorted((home / "modules").iterdir()))
