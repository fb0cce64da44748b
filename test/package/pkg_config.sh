#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The consumer of those without CMake: what pkg-config says, and a compiler.
#
#   pkg_config.sh shared|static OUTPUT COMPILER...
#
# PKG_CONFIG_PATH is where bpflink.pc is, if pkg-config does not know.
set -eu
kind=$1 output=$2
shift 2

case $kind in
    shared)
        libs=$(pkg-config --libs bpflink)
        # Only for the test: an installed library is where the loader looks.
        rpath=-Wl,-rpath,$(pkg-config --variable=libdir bpflink)
        case " $libs" in *" -lbpf "* | *" -lelf "*) echo "users of the shared library get $libs" >&2 && exit 1 ;; esac
        ;;
    static)
        # Beside a shared library the linker takes that: by name it takes the static one.
        libs=$(pkg-config --static --libs bpflink | sed 's/-lbpflink/-l:libbpflink.a/')
        rpath=
        ;;
esac
# shellcheck disable=SC2046,SC2086  # they are several words each
"$@" -std=c++20 "$(dirname "$0")/list_links.cpp" -o "$output" $(pkg-config --cflags bpflink) $libs $rpath

needed=$(readelf -d "$output" | grep -c 'NEEDED.*libbpflink\.so\.0]') || :
[ "$kind $needed" = "shared 1" ] || [ "$kind $needed" = "static 0" ] ||
    { echo "$output is not linked with the $kind library" >&2 && exit 1; }
"$output"
