// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/read_info.hpp>
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/link.hpp>
#include <bpflink/views/results.hpp>

#include <concepts>
#include <optional>
#include <ranges>
#include <utility>

namespace bpflink {

namespace detail {

[[nodiscard]] result<link_header> header_of(link const& l);
[[nodiscard]] result<link_header> header_of(link_info const& info);

/// Elements that the adaptors can ask for their kind and program.
template <class E>
concept describes_link = is_result<E> && requires(typename E::value_type const& v) {
    { header_of(v) } -> std::same_as<result<link_header>>;
};

/// The elements of `base` whose header passes; each is asked once, and when asking fails, the
/// element is that error.
template <std::ranges::view V, class Wanted>
    requires std::ranges::input_range<V> && describes_link<std::ranges::range_value_t<V>>
struct header_filter_source {
    using element = std::ranges::range_value_t<V>;

    struct walk {
        std::ranges::iterator_t<V> here;
        std::ranges::sentinel_t<V> end;
        Wanted wanted;
        bool started = false;

        void next(std::optional<element>& out) {
            if (std::exchange(started, true)) ++here;
            for (; here != end; ++here) {
                element candidate = *here;
                if (candidate) {
                    auto header = header_of(*candidate);
                    if (!header)
                        candidate = tl::unexpected{std::move(header).error()};
                    else if (!wanted(*header))
                        continue;
                }
                out.emplace(std::move(candidate));
                return;
            }
        }
    };

    V base;
    Wanted wanted;

    [[nodiscard]] walk start() {
        return walk{std::ranges::begin(base), std::ranges::end(base), wanted};
    }
};

template <class Wanted>
struct header_filter {
    Wanted wanted;

    template <std::ranges::viewable_range R>
        requires describes_link<std::ranges::range_value_t<R>> && yields_movable<R>
    [[nodiscard]] friend auto operator|(R&& range, header_filter const& filter) {
        using source = header_filter_source<std::views::all_t<R>, Wanted>;
        return walk_view<source>{source{std::views::all(std::forward<R>(range)), filter.wanted}};
    }
};

struct type_is {
    link_type type{};
    bool operator()(link_header const& header) const noexcept { return header.type == type; }
};

struct program_is {
    program_id program;
    bool operator()(link_header const& header) const noexcept { return header.program == program; }
};

} // namespace detail

/// Adaptors over ranges of result<link> and result<link_info>. Errors pass through.
namespace views {

/// `links() | views::of_type(link_type::xdp)`
/// @cost for result<link>: 1 system call an element (12 bytes), once
[[nodiscard]] inline auto of_type(link_type type) {
    return detail::header_filter{detail::type_is{type}};
}

/// `links() | views::of_program(id)`
/// @cost as of_type
[[nodiscard]] inline auto of_program(program_id program) {
    return detail::header_filter{detail::program_is{program}};
}

} // namespace views

} // namespace bpflink
