// SPDX-License-Identifier: Apache-2.0
#pragma once

// What uprobe and uprobe_multi share: the file, the places in it, and the process.

#include "hook/perf.hpp"
#include "symbol/binary.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Places as a hook names them.
struct named_places {
    std::variant<std::string_view, fd_view> binary;
    std::span<std::string_view const> symbols;
    std::span<std::uint64_t const> offsets; // from the symbols, where there are such
    bool indirect;
};

/// Where probes go.
struct found_places {
    binary_file file;
    std::vector<std::uint64_t> offsets; // in the file
};

/// Opens the file, once, and finds the places in it.
/// @param where  the operation that a place is refused for
/// @errors invalid_argument  not a name; a place that is in no code, or on an instruction that
///                           cannot be probed; and as resolve_symbols()
[[nodiscard]] result<found_places> find_places(named_places const& wanted, operation where,
                                               std::string const& subject);

/// The number that the kernel takes for a hook's process: 0 is this one.
/// @errors not_found         there is no such process
///         invalid_argument  a thread's number, or a negative one
[[nodiscard]] result<std::optional<int>>
checked_process(std::optional<int> process, operation where, std::string const& subject);

/// What the kernel means by refusing a place in user space.
[[nodiscard]] refusal refused_place(int number) noexcept;

} // namespace bpflink
