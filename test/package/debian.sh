#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tries the Debian packages where nothing else is: in a minimal Debian 12, made by debootstrap and thrown away. Wants root,
# the network (from the mirror that apt uses already; 250 MB) and 2 GB in /tmp; takes a few minutes. By hand: no test runs it.
#
#   test/package/debian.sh            builds the packages by scripts/package, and tries them
#   test/package/debian.sh DIRECTORY  tries those of a directory
#
# 1. Debian 12 alone: libbpflink0 and bpflink are installed and show a link.
# 2. libbpflink-dev, with what it needs of newer suites: consumers by find_package (shared and static), by pkg-config (the
#    same) and of the module are built with g++ and clang++-19 (the module: clang), and see the link. Then find_package asks
#    for libasio-dev, and a consumer of Asio is built.
# 3. The packages are purged, and the sources used: add_subdirectory, with both compilers.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

# In the new system.
inside() {
    local packages=/trial/packages compiler kind
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    apt_get() { apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"; }

    apt_get update
    apt_get install "$packages"/libbpflink0_*.deb "$packages"/bpflink_*.deb
    # A link to see, made by others.
    apt_get install bpftool
    bpftool iter pin /trial/iterator.o /sys/fs/bpf/trial
    bpflink list --json | sees_the_link
    echo "TRIAL the runtime packages work, with libbpf $(dpkg-query -W -f '${Version}' libbpf1)"

    # What libbpflink-dev asks of newer suites is named: apt takes nothing from them by itself.
    cp /trial/newer.sources /etc/apt/sources.list.d/
    cp /trial/preferences /etc/apt/preferences.d/newer
    apt_get update
    apt_get install "$packages"/libbpflink-dev_*.deb libbpf-dev/bookworm-backports libbpf1/bookworm-backports \
        libexpected-dev/trixie
    apt_get install g++ clang-19 clang-tools-19 ninja-build pkg-config binutils \
        cmake/bookworm-backports cmake-data/bookworm-backports
    bpflink list --json | sees_the_link
    echo "TRIAL libbpflink-dev is installed, with libbpf $(dpkg-query -W -f '${Version}' libbpf1)"

    for compiler in g++ clang++-19; do
        for kind in shared static; do
            consume installed "$compiler" -DBPFLINK_COMPONENTS="$kind"
            sh /trial/test/pkg_config.sh "$kind" /trial/pkg_config "$compiler" | sees_the_link
            echo "TRIAL pkg-config, $kind, $compiler: built and run"
        done
    done
    consume module clang++-19
    # None of them needed Asio.
    { configure asio g++ 2>&1 || :; } | grep 'libasio-dev' || die "find_package does not say what Asio's package is"
    apt_get install libasio-dev
    for compiler in g++ clang++-19; do
        consume asio "$compiler"
    done
    bpflink unpin /sys/fs/bpf/trial
    apt_get purge libbpflink0 libbpflink-dev bpflink
    ! find /usr -name '*bpflink*' | grep . || die "a purge left files behind"
    echo "TRIAL a purge leaves nothing"

    bpftool iter pin /trial/iterator.o /sys/fs/bpf/trial
    for compiler in g++ clang++-19; do
        consume subdirectory "$compiler" -DBPFLINK_SOURCE=/trial/repository
    done
}

# Passes on what it reads, and fails unless the link is in it: in a consumer's words, or in JSON.
sees_the_link() {
    local text
    text=$(cat)
    echo "$text"
    grep -qE '^[0-9]+ iter$|"type":"iter"' <<<"$text"
}

# configure CONSUMER COMPILER CMAKE-ARGUMENTS...
configure() {
    cmake --fresh -G Ninja -S "/trial/test/$1" -B /trial/build -DCMAKE_CXX_COMPILER="$2" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_PREFIX_PATH=/usr "${@:3}"
}

# consume CONSUMER COMPILER CMAKE-ARGUMENTS...
consume() {
    local consumer=$1 compiler=$2
    configure "$@"
    shift 2
    cmake --build /trial/build
    /trial/build/consumer | sees_the_link
    echo "TRIAL $consumer${*:+, $*}, $compiler: built and run"
}

# Everything that is mounted for the trial is mounted here alone, and gone with this process.
in_a_namespace() {
    local dir=$1
    mount --bind "$dir" "$dir" # a plain directory is no mount point, and mounts of one's own want one for the root
    mount -t proc proc "$dir/proc"
    mount -t sysfs sysfs "$dir/sys"
    mount -t bpf bpf "$dir/sys/fs/bpf"
    mount -t tmpfs tmpfs "$dir/tmp"
    exec chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
        bash /trial/repository/test/package/debian.sh --inside
}

case ${1-} in
    --inside)
        inside # by itself: before "&&" bash goes on after what fails
        exit
        ;;
    --in-a-namespace) in_a_namespace "$2" ;;
    -h | --help) usage && exit ;;
esac

((EUID == 0)) || die "debootstrap and a chroot need root: sudo $0"
command -v debootstrap >/dev/null || die "debootstrap is not installed"
packages=${1-}
if [[ ! $packages ]]; then
    "$root/scripts/package"
    packages=$root/build/package
fi
compgen -G "$packages/libbpflink0_*.deb" >/dev/null || die "there are no packages in $packages"

# shellcheck disable=SC2016  # apt expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Codename: bookworm' \
    'Origin: Debian' | head -n 1)
[[ $mirror ]] || die "apt has read no list of Debian 12 itself, so there is no telling which mirror to use"

dir=$(mktemp -d /tmp/bpflink-debian.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT
trap 'exit 143' TERM HUP
log=$root/build/debian.log
mkdir -p "$root/build"
say "making a minimal Debian 12 in $dir"
quiet "$log" debootstrap --variant=minbase bookworm "$dir" "$mirror" || die "debootstrap failed: see above"
mkdir "$dir/trial" "$dir/trial/packages" "$dir/trial/repository"
cp -r "$root"/{CMakeLists.txt,cmake,include,modules,scripts,src,test} "$dir/trial/repository"
ln -s repository/test/package "$dir/trial/test"
cp "$packages"/*.deb "$dir/trial/packages"
clang-19 -target bpf -O2 -g -idirafter "/usr/include/$(uname -m)-linux-gnu" -c "$root/src/snapshot/all_links.bpf.c" \
    -o "$dir/trial/iterator.o"
printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports trixie\nComponents: main\n' "$mirror" >"$dir/trial/newer.sources"
printf 'Package: *\nPin: release n=%s\nPin-Priority: -10\n\n' bookworm-backports trixie >"$dir/trial/preferences"
# As this machine reaches its mirror.
apt-config dump Acquire >"$dir/etc/apt/apt.conf.d/machine"
cp /etc/resolv.conf /etc/hosts "$dir/etc" 2>/dev/null || :

say "$(cd "$packages" && echo *.deb)"
unshare -m "$0" --in-a-namespace "$dir" </dev/null >"$log" 2>&1 &
trial=$!
trap 'kill $trial 2>/dev/null || :; wait; rm -rf --one-file-system "$dir"' EXIT
status=0
wait $trial || status=$?
sed -n 's/^TRIAL //p' "$log"
((status == 0)) || { tail -n 60 "$log" >&2 && die "the trial failed: see above, and $log"; }
say "all of it works, in $SECONDS s"
