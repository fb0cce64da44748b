#!/bin/sh -e
# SPDX-License-Identifier: Apache-2.0
# The BPF program is compiled against the headers of the libbpf that pkg-config names, wherever that is.
#
#   libbpf_elsewhere.sh SOURCE DIR CMAKE-ARGUMENT...
source=$1 dir=$2
shift 2
rm -rf "$dir"
mkdir -p "$dir/include"
cp -r "$(pkg-config --variable=includedir libbpf)/bpf" "$dir/include"
cat >"$dir/libbpf.pc" <<PC
Name: libbpf
Description: a copy, elsewhere
Version: $(pkg-config --modversion libbpf)
Cflags: -I$dir/include
Libs: $(pkg-config --libs libbpf)
PC
PKG_CONFIG_PATH=$dir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} cmake -G Ninja -S "$source" -B "$dir/build" "$@" \
    -DBPFLINK_BUILD_TESTS=OFF -DBPFLINK_BUILD_EXAMPLES=OFF -DBPFLINK_BUILD_TOOL=OFF -DBPFLINK_BUILD_MODULE=OFF
object=src/all_links.bpf.elf
cmake --build "$dir/build" --target $object
ninja -C "$dir/build" -t deps $object | tee "$dir/deps"
grep -q "$dir/include/bpf/bpf_helpers.h" "$dir/deps"
if grep ' /usr/include/bpf/' "$dir/deps"; then exit 1; fi
