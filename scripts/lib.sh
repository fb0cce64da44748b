# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts beside it and by .ci/run: sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
die() {
    say "$*" >&2
    exit 1
}

# usage: the comment at the head of the script.
usage() { sed -n '3,/^set/s/^# \{0,1\}//p' "$0"; }

# library_version: as version.hpp has it.
library_version() { sed -nE 's/^#define BPFLINK_VERSION_.* ([0-9]+)$/\1/p' "$root/include/bpflink/version.hpp" | paste -sd.; }

# quiet LOG COMMAND...: the output goes to LOG and is shown only if the command fails.
quiet() {
    local log=$1 status=0
    shift
    "$@" >"$log" 2>&1 </dev/null || status=$?
    ((status == 0)) || cat "$log" >&2
    return "$status"
}

# is_mounted TYPE [DIR]: whether a file system of this type is mounted (at DIR).
is_mounted() {
    local dir type
    while read -r _ dir type _; do
        [[ $type != "$1" || $dir != "${2-$dir}" ]] || return 0
    done </proc/self/mounts
    return 1
}

# What a script mounts for its run is unmounted when it ends, however it ends: the machine is left as it was found.
mounted=()
leave_as_found() {
    local dir
    for dir in "${mounted[@]}"; do
        umount "$dir" || say "could not unmount $dir" >&2
        [[ $dir != /tmp/* ]] || rmdir "$dir"
    done
}

# mount_for_run TYPE DIR: mounts it there unless it is.
mount_for_run() {
    local error
    ! is_mounted "$1" "$2" || return 0
    error=$(mount -t "$1" "$1" "$2" 2>&1) || die "no $1 file system at $2, and mounting one failed: ${error%%$'\n'*}"
    mounted=("$2" "${mounted[@]}")
    say "mounted a $1 file system at $2 for this run"
}

# What every program that attaches BPF programs asks of the machine.
prepare_machine() {
    local major minor dir=/sys/fs/cgroup
    ((EUID == 0)) || die "attaching BPF programs needs root: sudo $0"
    IFS=.- read -r major minor _ < <(uname -r)
    ((major > 5 || (major == 5 && minor >= 10))) || die "this is Linux $(uname -r), and bpflink needs 5.10 or newer"
    # Mounts of one's own need a mounted root, which a plain chroot has not.
    mountpoint -q / || die "/ is not a mount point, as in a plain chroot: mount --bind its root on itself before the chroot"
    [[ -r /proc/self/mounts ]] || die "/proc is not mounted: mount -t proc proc /proc"

    trap leave_as_found EXIT
    # With a trap, bash waits for the program that it runs: nothing is unmounted under one that is still at work.
    trap 'exit 143' TERM HUP
    mount_for_run bpf /sys/fs/bpf
    if ! is_mounted cgroup2; then
        # Where version 1 has the usual place, any other will do.
        ! mountpoint -q "$dir" || dir=$(mktemp -d /tmp/bpflink-cgroup2.XXXXXX)
        mount_for_run cgroup2 "$dir"
    fi
}

# build DIR TARGET CMAKE-ARGUMENTS...: configures and builds in build/DIR, one after the other where several scripts do.
build() {
    local dir=build/$1 target=$2 start lock
    shift 2
    start=$SECONDS
    mkdir -p "$root/$dir"
    exec {lock}>"$root/$dir/lock"
    flock "$lock"
    [[ -e $root/$dir/build.ninja ]] || say "building in $dir (the first time takes a minute or two)"
    quiet "$root/$dir/log" cmake -S "$root" -B "$root/$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" ||
        die "cmake failed: see above, or $dir/log"
    quiet "$root/$dir/log" cmake --build "$root/$dir" --target "$target" ||
        die "the build failed: see above, or $dir/log"
    exec {lock}>&-
    ((SECONDS - start < 3)) || say "built in $((SECONDS - start)) s"
}
