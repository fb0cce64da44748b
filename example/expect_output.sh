#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# expect_output.sh [--needs HOOK PROBE] PROGRAM [ARGUMENT...] -- REGEX...
#
# The program exits with 0, and each expression matches a line of its output. It runs in network and mount namespaces of
# its own, with lo up and a new bpffs on /sys/fs/bpf. In an argument, CGROUP is the directory of a cgroup (version 2).
# Skipped where PROBE, the example what_this_kernel_has, says that the kernel has no such hook; or where the program says
# "SKIP: " and why.
set -euo pipefail

if ((EUID != 0)); then
    echo "SKIP: attaching BPF programs needs root"
    exit
fi
if [[ $1 == --needs ]]; then
    if answer=$("$3" | grep "^$2 .*: no; "); then
        echo "SKIP: this kernel has no $answer"
        exit
    fi
    shift 3
fi
cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
command=()
while (($#)) && [[ $1 != -- ]]; do
    command+=("${1/#CGROUP/${cgroup:-/sys/fs/cgroup}}")
    shift
done
shift
# shellcheck disable=SC2016 # the inner shell's
output=$(unshare --net --mount sh -c '
    mount -t bpf bpf /sys/fs/bpf
    ! command -v ip >/dev/null || ip link set lo up
    exec "$@"' sh "${command[@]}" </dev/null)
printf '%s\n' "$output"
[[ $output != "SKIP: "* ]] || exit 0
for regex; do
    grep -qE -- "$regex" <<<"$output" || {
        echo "no line of the output matches: $regex" >&2
        exit 1
    }
done
