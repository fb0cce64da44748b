// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/read_info.hpp>
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/results.hpp>

#include <concepts>
#include <optional>
#include <ranges>
#include <utility>

namespace bpflink {

namespace detail {

/// Whether an element is wanted. One that cannot be asked becomes that error, and errors are.
[[nodiscard]] bool is_wanted(result<link>& element, wanted_links const& wanted);
[[nodiscard]] bool is_wanted(result<link_info>& element, wanted_links const& wanted);
[[nodiscard]] bool is_wanted(link_record& element, wanted_links const& wanted);

/// Elements that the adaptors can ask for their kind and program.
template <class E>
concept describes_link = requires(E& element, wanted_links const& wanted) {
    { is_wanted(element, wanted) } -> std::same_as<bool>;
};

/// The elements of `base` that are wanted; each is asked once, and when asking fails, the element
/// is that error.
template <std::ranges::view V>
    requires std::ranges::input_range<V> && describes_link<std::ranges::range_value_t<V>>
struct wanted_source {
    using element = std::ranges::range_value_t<V>;

    struct walk {
        std::ranges::iterator_t<V> here;
        std::ranges::sentinel_t<V> end;
        wanted_links wanted;
        bool started = false;

        void next(std::optional<element>& out) {
            if (std::exchange(started, true)) ++here;
            for (; here != end; ++here) {
                element one = *here;
                if (!is_wanted(one, wanted)) continue;
                out.emplace(std::move(one));
                return;
            }
        }
    };

    V base;
    wanted_links wanted;

    [[nodiscard]] walk start() {
        return walk{std::ranges::begin(base), std::ranges::end(base), wanted};
    }
};

struct wanted_filter {
    wanted_links wanted;

    template <std::ranges::viewable_range R>
        requires describes_link<std::ranges::range_value_t<R>> && yields_movable<R> &&
                 (!std::same_as<std::remove_cvref_t<R>, infos_view>)
    [[nodiscard]] friend auto operator|(R&& range, wanted_filter const& filter) {
        using source = wanted_source<std::views::all_t<R>>;
        return walk_view<source>{source{std::views::all(std::forward<R>(range)), filter.wanted}};
    }

    /// The walk itself leaves out what is not wanted, before it asks for names and arrays.
    friend infos_view operator|(infos_view const& infos, wanted_filter const& filter);
};

} // namespace detail

/// Adaptors over ranges of result<link>, result<link_info> and link_record. Errors pass through.
namespace views {

/// `links() | views::of_type(link_type::xdp)`, `*snapshot() | views::of_type(...)`
/// @cost for result<link>: 1 system call an element (12 bytes), once. For infos(): saves the calls
///       for names and arrays of what is left out
[[nodiscard]] inline auto of_type(link_type type) {
    return detail::wanted_filter{detail::wanted_links{.type = type, .by_type = true}};
}

/// `links() | views::of_program(id)`
/// @cost as of_type
[[nodiscard]] inline auto of_program(program_id program) {
    return detail::wanted_filter{detail::wanted_links{.program = program, .by_program = true}};
}

} // namespace views

} // namespace bpflink
