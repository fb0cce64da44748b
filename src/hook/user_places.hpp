// SPDX-License-Identifier: Apache-2.0
#pragma once

// What uprobe, uprobe_multi and usdt share: the file, the places in it, and the process.

#include "hook/row.hpp"
#include "symbol/binary.hpp"
#include "symbol/elf.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/match.hpp>
#include <bpflink/resolve_options.hpp>

#include <array>
#include <cerrno>
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
    std::string_view pattern = {}; // or all functions that match
    bool unique = false;
    std::span<std::string_view const> debug_directories = {};

    [[nodiscard]] resolve_options options() const noexcept {
        return {.unique = unique, .indirect = indirect, .debug_directories = debug_directories};
    }
};

/// Where probes go.
struct found_places {
    binary_file file;
    std::vector<std::uint64_t> offsets; // in the file
};

/// Opens the file that a hook names.
[[nodiscard]] result<binary_file>
open_binary(std::variant<std::string_view, fd_view> const& binary);

/// The places in a file that is open. Their mistakes are as of find_places.
[[nodiscard]] result<std::vector<std::uint64_t>>
places_in(elf_file const& elf, binary_file const& file, named_places const& wanted, operation where,
          std::string const& subject);

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

/// Whether a link's file and offsets are those that a hook names. `no` where there are no such.
/// @param path     of the link's file
/// @param offsets  of the link
[[nodiscard]] result<match> is_at_found(result<found_places> found, std::string const& path,
                                        std::span<std::uint64_t const> offsets);
[[nodiscard]] result<match> is_at_places(named_places const& wanted, std::string const& path,
                                         std::span<std::uint64_t const> offsets);

/// Whether a link of probes in user space is for this process, or for every one.
/// @param process  as hooks name it: 0 is this one
/// @cost 2 system calls, and 1 where a process is named
[[nodiscard]] result<match> is_of_process(fd_view link, std::optional<int> process);

/// What the looks of both hooks know of a request.
struct user_request {
    std::span<std::uint64_t const> offsets = {}; // in the file
    std::span<std::uint64_t const> ref_ctr_offsets = {};
    std::optional<int> process = std::nullopt;
};

// Looks at a user_request.
[[nodiscard]] detail::finding counts_at_odd_place(detail::attempt const& tried);
[[nodiscard]] detail::finding is_between_instructions(detail::attempt const& tried);
[[nodiscard]] detail::finding counts(detail::attempt const& tried);
[[nodiscard]] detail::finding process_has_ended(detail::attempt const& tried);

inline constexpr std::string_view cannot_be_probed =
    "this instruction cannot be probed: it is a trap, enters the kernel, or has a prefix such as "
    "lock";

/// What the kernel means by refusing a place in user space.
inline constexpr std::array place_causes{
    detail::refusal{uapi::enotsupp, errc::invalid_argument, cannot_be_probed, "", "prepare_uprobe"},
    detail::refusal{ENOEXEC, errc::invalid_argument, "no instruction begins there", "",
                    "arch_uprobe_analyze_insn"},
    detail::refusal{EIO, errc{}, "the file cannot be read there", "", "copy_insn"},
    detail::refusal{EIO, errc{}, "its file system takes no probes",
                    "copy the file to one of a disk or to tmpfs", "uprobe_register"},
    detail::refusal{EINVAL, errc::invalid_argument, "a reference counter has an odd offset",
                    "see the note of the USDT probe", "uprobe_register", counts_at_odd_place},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "a place is not where instructions of this processor can begin", "",
                    "uprobe_register", is_between_instructions},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "a probe there has another reference counter, or none", "name the same one",
                    "alloc_uprobe"},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "what is at the reference counter's offset is not such a counter", "",
                    "update_ref_ctr", counts},
    detail::refusal{EBUSY, errc{}, "the page of the reference counter cannot be had now",
                    "try again", "update_ref_ctr"},
    detail::refusal{ESRCH, errc::not_found, "process {} has ended", "", "find_lively_task_by_vpid",
                    process_has_ended},
};

} // namespace bpflink
