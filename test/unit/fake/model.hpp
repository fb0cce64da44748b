// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the functions of src/border/sys.hpp are written here: each counts its call, and answers from
// the kernel that is the newest one.

#include "kernel.hpp"
#include "starve.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace fake {

// How /proc/self/fd spells them: a link's first descriptor is spelt differently from later ones.
inline constexpr char created_link_name[] = "anon_inode:bpf_link";
inline constexpr char opened_link_name[] = "anon_inode:bpf-link";
inline constexpr char opened_program_name[] = "anon_inode:bpf-prog";
inline constexpr char opened_map_name[] = "anon_inode:bpf-map";

/// The errno that a call fails with, thrown from anywhere below it.
struct refusal {
    int number;
};

/// What a call comes to: a number, or an errno, negated.
template <class Answer>
int entered(any_call what, Answer answer,
            std::source_location at = std::source_location::current()) noexcept {
    starve::fed const fed;
    auto& k = kernel::current();
    if (int const number = k.enter(what, at)) return -number;
    try {
        return answer(k);
    } catch (refusal const& why) {
        return -why.number;
    }
}

template <class T, class Number>
std::shared_ptr<T> kernel::find(Number fd) const {
    auto const found = descriptors_.find(static_cast<int>(fd));
    if (found == descriptors_.end()) return nullptr;
    auto const* const held = std::get_if<std::shared_ptr<T>>(&found->second.what);
    return held ? *held : nullptr;
}

template <class T, class Number>
std::shared_ptr<T> kernel::get(Number fd) const {
    auto held = find<T>(fd);
    if (!held) throw refusal{is_open(static_cast<int>(fd)) ? EINVAL : EBADF};
    return held;
}

/// As much of a text as fits; its length there.
inline int copy_text(std::string_view text, std::span<char> into) {
    return static_cast<int>(text.copy(into.data(), into.size()));
}

/// By the flag of a mode; automatic means the driver.
inline std::uint32_t& program_of_mode(xdp_ids& all, std::uint32_t mode) {
    return mode == 2 ? all.generic : mode == 8 ? all.offload : all.driver;
}

inline std::string parent_of(std::string const& path) {
    auto const slash = path.rfind('/');
    return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

inline std::string joined(std::string const& directory, std::string const& name) {
    return (directory == "/" ? "" : directory) + "/" + name;
}

// What /proc tells of processes (proc.cpp)

/// Empty where the path is none of these.
[[nodiscard]] std::optional<std::string> proc_file(kernel const& k, std::string_view path);
/// 0 where the path is none of these.
[[nodiscard]] std::uint64_t proc_inode(kernel const& k, std::string_view path);
/// False where the path is none of these.
[[nodiscard]] bool list_proc(kernel const& k, std::string_view path,
                             std::vector<std::string>& directories,
                             std::vector<std::string>& names);
/// The text of a link in a directory of descriptors; empty where it is not there.
[[nodiscard]] std::optional<std::string> proc_link(kernel const& k, std::string_view directory,
                                                   std::string const& number);

} // namespace fake

namespace bpflink::sys {

using namespace fake;
using fake::link;
using fake::map;
using fake::program;

} // namespace bpflink::sys
