// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/binary.hpp"
#include "symbol/elf.hpp"

#include <bpflink/error.hpp>
#include <bpflink/usdt.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A note of a probe. The texts are good while it is looked at.
struct usdt_note {
    std::uint64_t address = 0;
    std::uint64_t semaphore = 0; // its address; 0: none
    std::string_view provider = {};
    std::string_view name = {};
    std::string_view arguments = {};
};

/// Calls `look` with each note of a probe, in the file's order.
/// @errors invalid_argument  damaged; `look` may have been called by then
result<void> for_each_usdt(elf_file const& elf, std::function<void(usdt_note const&)> const& look);

/// The same as resolve_usdt() in a file that is open; the names are checked.
[[nodiscard]] result<std::vector<usdt_place>>
usdt_in(elf_file const& elf, std::string_view provider, std::string_view name);

} // namespace bpflink
