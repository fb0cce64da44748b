#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the source tarball twice: the same bytes. It has the files of the tree, the port for vcpkg and the recipe for Conan
# name it by its hash, and a tarball with another byte is refused. Leaves it unpacked in OUTPUT/tree: package.subdirectory
# builds that.
#
#   source_test.sh SOURCE_DIRECTORY VERSION OUTPUT CMAKE
set -euo pipefail
source=$1 output=$3 cmake=$4
name=bpflink-$2
fail() {
    echo "$*" >&2
    exit 1
}

rm -rf "$output"
mkdir -p "$output"
if ! git -C "$source" rev-parse -q --verify HEAD >/dev/null 2>&1; then
    ln -s "$source" "$output/tree" # from a tarball itself
    echo "SKIP: $source is not a git repository"
    exit
fi
umask 022
"$source/scripts/package" --source "$output/first"
umask 077
"$source/scripts/package" --source "$output/second"
umask 022
diff -r "$output/first" "$output/second" || fail "the second tarball or its recipes have other bytes"

tarball=$output/first/$name.tar.gz
tar -xzf "$tarball" -C "$output"
mv "$output/$name" "$output/tree"
while IFS= read -r -d '' file; do
    cmp "$source/$file" "$output/tree/$file"
    [[ -x $source/$file && ! -x $output/tree/$file ]] && fail "$file lost its mode"
done < <(git -C "$source" ls-files -z)
[[ $(find "$output/tree" -type f | wc -l) == "$(git -C "$source" ls-files | wc -l)" ]] || fail "the tarball has other files"
grep -qF "sha256: \"$(sha256sum "$tarball" | cut -d' ' -f1)\"" "$output/first/conandata.yml" || fail "conandata.yml has another hash"

# vcpkg is not at hand: cmake itself fetches, compares the hash, and unpacks.
cat >"$output/port.cmake" <<'END'
function(vcpkg_download_distfile out)
  cmake_parse_arguments(asked "" "FILENAME;SHA512" "URLS" ${ARGN})
  file(DOWNLOAD ${asked_URLS} ${output}/fetched/${asked_FILENAME} EXPECTED_HASH SHA512=${asked_SHA512})
  set(${out} ${output}/fetched/${asked_FILENAME} PARENT_SCOPE)
endfunction()
function(vcpkg_extract_source_archive out)
  cmake_parse_arguments(asked "" "ARCHIVE" "" ${ARGN})
  file(ARCHIVE_EXTRACT INPUT ${asked_ARCHIVE} DESTINATION ${output}/port)
  file(GLOB root ${output}/port/*)
  set(${out} ${root} PARENT_SCOPE)
endfunction()
include(${port}/source.cmake)
if(NOT EXISTS ${SOURCE_PATH}/include/bpflink/bpflink.hpp)
  message(FATAL_ERROR "the port has no sources in ${SOURCE_PATH}")
endif()
END
port() { "$cmake" -Doutput="$output" -Dport="$output/$1/vcpkg/bpflink" -P "$output/port.cmake"; }
port first || fail "the port does not take the tarball"
rm -r "$output/fetched"
printf x >>"$output/second/$name.tar.gz"
! port second 2>"$output/refusal" || fail "the port takes a tarball with another hash"
grep -q "HASH mismatch" "$output/refusal" || fail "another refusal than expected: $(cat "$output/refusal")"
echo "$name.tar.gz: the same bytes twice, $(stat -c %s "$tarball") of them"
