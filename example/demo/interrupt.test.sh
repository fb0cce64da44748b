#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# interrupt.test.sh DEMO: however the demo is stopped, it ends by that signal and leaves nothing behind.
set -euo pipefail
set -m # without job control, what runs in the background ignores INT

if ((EUID != 0)); then
    echo "SKIP: attaching BPF programs needs root"
    exit
fi
demo=$1
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() {
    echo "$*" >&2
    cat "$output" >&2
    exit 1
}

# left_by PID: the directories that the demo with this id made and did not remove.
left_by() {
    awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts | while read -r root; do
        find "$root" "${TMPDIR:-/tmp}" -maxdepth 1 -name "bpflink_test_$1_*"
    done
}

# ignored SIGNAL: as under nohup; then the demo ignores it too.
ignored() { (((0x$(awk '/^SigIgn/ { print $2 }' "/proc/$$/status") >> ($(kill -l "$1") - 1)) & 1)); }

# ended_by SIGNAL PID: waits for the demo and looks at what it left.
ended_by() {
    local status=0
    wait "$2" || status=$?
    ((status == 128 + $(kill -l "$1"))) || fail "$1: exit status $status"
    [[ -z $(left_by "$2") ]] || fail "$1: left behind: $(left_by "$2")"
}

for signal in INT TERM HUP; do
    ! ignored "$signal" || continue
    : >"$output" # the last one's, which the demo may be slow to replace
    "$demo" >"$output" 2>&1 &
    pid=$!
    for ((i = 0; i != 200; ++i)); do
        ! grep -q '^Swap' "$output" || break
        sleep 0.05
    done
    [[ -n $(left_by "$pid") ]] || fail "$signal: the demo has no cgroup while it runs"
    kill -s "$signal" "$pid"
    ended_by "$signal" "$pid"
    grep -q 'interrupted' "$output" || fail "$signal: the demo does not say so"
done

# The reader of the pipe goes away before the end.
if ! ignored PIPE; then
    "$demo" > >(head -n 1 >/dev/null) 2>"$output" &
    ended_by PIPE $!
fi
