// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/uapi.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link_info.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace detail {

// A kernel that does not report a field leaves the caller's bytes in it, and a field that it does
// report may well be 0. So optional fields go in with a mark, but only where the kernel's struct
// reaches: bytes behind it must be zero (E2BIG). Half of the mark is not an id, as ids end at
// INT_MAX. But a cookie is any number, so there is another mark, for links that have this one for a
// cookie.
inline constexpr std::uint64_t usual_mark = 0xfedc'ba98'fedc'ba98U;

[[nodiscard]] constexpr std::uint64_t other_than(std::uint64_t mark) noexcept {
    return mark ^ 1;
}

/// PATH_MAX of the kernel: other C libraries have another one.
inline constexpr std::uint32_t longest_path = 4'096;

/// The kernel's answer about a link, or the buffer for it.
struct answer {
    uapi::link_info raw{};
    std::size_t marked = 0; ///< up to where fields that a kernel may leave alone hold the mark
    std::uint64_t mark = usual_mark;

    // Where the addresses in `raw` point to.
    std::string name;
    std::vector<std::uint64_t> arrays; ///< one behind the other, all of one length
};

/// Whether `field`, which is in `raw`, ends within the first `size` bytes.
template <class Field>
[[nodiscard]] bool reaches(uapi::link_info const& raw, Field const& field,
                           std::size_t size) noexcept {
    auto const offset = reinterpret_cast<char const*>(&field) - reinterpret_cast<char const*>(&raw);
    return static_cast<std::size_t>(offset) + sizeof field <= size;
}

/// Whether the kernel has put a value where a mark was.
template <std::unsigned_integral Field>
[[nodiscard]] bool is_reported(answer const& a, Field const& field) noexcept {
    return reaches(a.raw, field, a.marked) && field != static_cast<Field>(a.mark);
}

/// The same of the cookies of a kprobe_multi, which come all or not at all. They are the second of
/// its two arrays.
[[nodiscard]] bool has_function_cookies(answer const& a) noexcept;

using reported_fields = info_reader::reported_fields;

/// Prepares the question for names, arrays and the fields of which it is not known whether the
/// running kernel reports them.
/// @param first     the answer to a question of zeros
/// @param size      of the kernel's struct
/// @param reported  the fields that earlier answers have shown
/// @param next      fresh; it has another mark afterwards where `first` has that one
/// @return false when `first` has said it all; `next` is as good as the answer then
[[nodiscard]] bool ask_for_more(uapi::link_info const& first, std::size_t size,
                                reported_fields const& reported, answer& next);

/// Whether learn() has anything to learn from an answer to a question with marks.
[[nodiscard]] inline bool shows_reported_fields(uapi::link_info const& raw) noexcept {
    auto const type = static_cast<link_type>(raw.type);
    return type == link_type::tracing || type == link_type::perf_event ||
           type == link_type::kprobe_multi;
}

/// Keeps what an answer with marks shows of the kernel.
void learn(answer const& a, reported_fields& reported) noexcept;

/// The last answer.
[[nodiscard]] link_details decode(answer&& last);

} // namespace detail
} // namespace bpflink
