// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that uprobe, uprobe_multi and usdt share: the file, its places, and the process.

#include "hook/create.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "symbol/binary.hpp"
#include "symbol/elf.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/match.hpp>
#include <bpflink/resolve_options.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
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
[[nodiscard]] result<match> is_at_places(named_places const& wanted, std::string const& path,
                                         std::span<std::uint64_t const> offsets);

/// How messages name the file.
[[nodiscard]] std::string describe(std::variant<std::string_view, fd_view> const& binary);

/// One link over many places, once they are found.
struct places_link {
    found_places const& at;
    attach_type attach;
    std::span<std::uint64_t const> ref_ctr_offsets;
    std::span<cookie const> cookies;
    std::optional<int> process; // as checked_process() has it
    bool retprobe = false;
};

/// Attaches a program by a link of uprobe_multi.
template <class Subject>
[[nodiscard]] result<unique_fd> attach_to_places(detail::attempt const& tried,
                                                 places_link const& how, Subject subject) {
    auto const path = how.at.file.passing_path();
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(tried.prog->fd);
    attr.attach_type = static_cast<std::uint32_t>(how.attach);
    attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(path.c_str());
    attr.uprobe_multi.offsets = address_of(std::span<std::uint64_t const>{how.at.offsets});
    attr.uprobe_multi.ref_ctr_offsets = address_of(how.ref_ctr_offsets);
    attr.uprobe_multi.cookies = address_of(how.cookies);
    attr.uprobe_multi.count = static_cast<std::uint32_t>(how.at.offsets.size());
    attr.uprobe_multi.flags = how.retprobe ? 1 : 0;
    attr.uprobe_multi.pid = static_cast<std::uint32_t>(how.process.value_or(0)); // 0: every one
    return create_link(attr, tried, subject);
}

/// Whether a link of uprobe_multi has these places, and this process.
/// @param find  the places, once a link tells some
[[nodiscard]] result<match> is_at_many(located_link const& l, bool retprobe,
                                       std::optional<int> process,
                                       std::function<result<found_places>()> const& find);

/// Whether a link of probes in user space is for this process, or for every one.
/// @param process  as hooks name it: 0 is this one
/// @cost 2 system calls, and 1 where a process is named
[[nodiscard]] result<match> is_of_process(fd_view link, std::optional<int> process);

/// The facts that the looks of both hooks know of a request.
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

/// The kernel's reasons to refuse a place in user space.
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
                    "there is no reference counter at the counter's offset", "", "update_ref_ctr",
                    counts},
    detail::refusal{EBUSY, errc{}, "the page of the reference counter cannot be had now",
                    "try again", "update_ref_ctr"},
    detail::refusal{ESRCH, errc::not_found, "process {} has ended", "", "find_lively_task_by_vpid",
                    process_has_ended},
};

} // namespace bpflink
