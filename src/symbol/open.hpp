// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/binary.hpp"
#include "symbol/elf.hpp"
#include "symbol/names.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline result<binary_file> open_binary(std::string_view binary) {
    return check_name(binary, "the binary's name").and_then([&] { return find_binary(binary); });
}
[[nodiscard]] inline result<binary_file> open_binary(fd_view binary) {
    return binary_file::open(binary);
}

/// The answer of `look` about a file that is found and opened here.
/// @param binary  a path or a name, or a descriptor
template <class Binary, class Look>
auto with_elf_file(Binary binary, Look look) {
    return open_binary(binary).and_then([&](binary_file const& file) {
        return elf_file::open(file).and_then([&](elf_file const& opened) { return look(opened); });
    });
}

} // namespace bpflink
