#!/usr/bin/env bash
# expect_output.sh PROGRAM REGEX...: the program exits with 0, and each expression matches a line of its output; or it
# says "SKIP: " and why.
set -euo pipefail

if ((EUID != 0)); then
    echo "SKIP: attaching BPF programs needs root"
    exit
fi
output=$("$1")
printf '%s\n' "$output"
[[ $output != "SKIP: "* ]] || exit 0
shift
for regex; do
    grep -qE -- "$regex" <<<"$output" || {
        echo "no line of the output matches: $regex" >&2
        exit 1
    }
done
