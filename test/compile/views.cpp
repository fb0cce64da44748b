// SPDX-License-Identifier: Apache-2.0
// Every range is an input range and a view, of the standard library and of range-v3.
#include <bpflink/bpflink.hpp>

#include <ranges>
#include <vector>

#include <range/v3/range/concepts.hpp>

namespace bl = bpflink;

namespace {

template <class V, class Element>
concept walk_of =
    std::ranges::view<V> && std::ranges::input_range<V> && !std::ranges::forward_range<V> &&
    std::copyable<V> && std::default_initializable<V> && !std::ranges::borrowed_range<V> &&
    std::ranges::viewable_range<V&> && !std::ranges::range<V const> &&
    std::same_as<std::ranges::range_value_t<V>, Element> &&
    std::same_as<std::ranges::range_reference_t<V>, Element&&> &&
    std::same_as<std::ranges::range_rvalue_reference_t<V>, Element&&> &&
    std::same_as<std::ranges::sentinel_t<V>, std::default_sentinel_t> && ranges::view_<V> &&
    ranges::input_range<V> && !ranges::forward_range<V> && ranges::viewable_range<V&> &&
    std::same_as<ranges::range_value_t<V>, Element>;

static_assert(walk_of<bl::link_ids_view, bl::result<bl::link_id>>);
static_assert(walk_of<bl::links_view, bl::result<bl::link>>);
static_assert(walk_of<bl::infos_view, bl::result<bl::link_info>>);
static_assert(walk_of<bl::pins_view, bl::result<bl::pin_entry>>);

// The adaptors' results are views of both libraries too, and go on from views of both.
using of_type = decltype(bl::views::of_type(bl::link_type::xdp));
template <class R>
concept has_types =
    requires(R&& range, of_type const& adaptor) { std::forward<R>(range) | adaptor; };

using xdp_links = decltype(bl::links() | bl::views::of_type(bl::link_type::xdp));
static_assert(walk_of<xdp_links, bl::result<bl::link>>);
static_assert(walk_of<decltype(bl::infos() | bl::views::of_program(bl::program_id{1})),
                      bl::result<bl::link_info>>);
static_assert(has_types<decltype(bl::links() | std::views::take(3))>);
static_assert(has_types<xdp_links>);
static_assert(!has_types<bl::link_ids_view>, "an id has no type");
static_assert(!has_types<bl::pins_view>);
static_assert(!has_types<std::vector<int>>);

// collect ends a pipeline, and takes what it can take out.
using collector = decltype(bl::collect);
template <class R, class T>
concept collects_to = requires(R&& range) {
    { std::forward<R>(range) | bl::collect } -> std::same_as<bl::result<std::vector<T>>>;
    { bl::collect(std::forward<R>(range)) } -> std::same_as<bl::result<std::vector<T>>>;
};
static_assert(collects_to<bl::links_view, bl::link>);
static_assert(collects_to<bl::link_ids_view, bl::link_id>);
static_assert(collects_to<xdp_links&, bl::link>);
static_assert(!std::invocable<collector const&, std::vector<int>>);

// The function objects look without taking; `value` keeps the kind of reference.
using value_fn = decltype(bl::value);
static_assert(std::same_as<std::invoke_result_t<value_fn const&, bl::result<int>&>, int&>);
static_assert(
    std::same_as<std::invoke_result_t<value_fn const&, bl::result<int> const&>, int const&>);
static_assert(
    std::same_as<std::invoke_result_t<value_fn const&, bl::result<bl::link>>, bl::link&&>);
static_assert(!std::invocable<value_fn const&, int>);
static_assert(std::predicate<decltype(bl::has_value) const&, bl::result<bl::link> const&>);
using where_big = decltype(bl::where([](int n) { return n > 3; }));
static_assert(std::predicate<where_big const&, bl::result<int> const&>);
static_assert(!std::invocable<where_big const&, bl::result<std::string> const&>);

} // namespace
