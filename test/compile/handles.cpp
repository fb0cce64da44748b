// SPDX-License-Identifier: Apache-2.0
// One owner, cheap and safe to move; what a kind of link cannot do is not there.
#include <bpflink/bpflink.hpp>

#include <concepts>
#include <type_traits>

namespace bl = bpflink;
using bl::program_type;

namespace {

template <class T>
concept owner =
    std::default_initializable<T> && std::movable<T> && !std::copyable<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    std::is_nothrow_default_constructible_v<T> && std::is_nothrow_move_constructible_v<T> &&
    std::is_nothrow_move_assignable_v<T> && std::is_nothrow_destructible_v<T>;

template <class T>
concept empty_or_not = std::constructible_from<bool, T const&> && !std::convertible_to<T, bool>;

static_assert(owner<bl::link> && empty_or_not<bl::link>);
static_assert(owner<bl::xdp_link> && empty_or_not<bl::xdp_link>);
static_assert(owner<bl::cgroup_link> && empty_or_not<bl::cgroup_link>);
static_assert(owner<bl::iter_link> && empty_or_not<bl::iter_link>);
static_assert(owner<bl::raw_tracepoint_link> && empty_or_not<bl::raw_tracepoint_link>);
static_assert(owner<bl::unique_fd> && empty_or_not<bl::unique_fd>);
static_assert(owner<bl::program> && empty_or_not<bl::program>);
static_assert(owner<bl::iter_output>);
static_assert(std::movable<bl::result<bl::link>> && !std::copyable<bl::result<bl::link>>);
static_assert(std::is_nothrow_move_constructible_v<bl::result<bl::link>>);

// A handle is a descriptor, two paths and the mode and owner of a pin; a typed one is not a byte
// more.
static_assert(sizeof(bl::unique_fd) == sizeof(int));
static_assert(sizeof(bl::fd_view) == sizeof(int));
static_assert(sizeof(bl::link) <= 3 * sizeof(void*) + 2 * sizeof(std::string));
static_assert(sizeof(bl::xdp_link) == sizeof(bl::link));
static_assert(sizeof(bl::program_ref<program_type::xdp>) <= 20);

// Taken over only when named.
static_assert(!std::convertible_to<int, bl::unique_fd>);
static_assert(!std::convertible_to<int, bl::fd_view>);
static_assert(!std::convertible_to<bl::unique_fd, int>);
static_assert(!std::convertible_to<bl::fd_view, int>);
static_assert(std::convertible_to<bl::unique_fd&, bl::fd_view>);
static_assert(std::convertible_to<bl::unique_fd const&, bl::fd_view>);
static_assert(!std::constructible_from<bl::fd_view, bl::unique_fd>);
static_assert(!std::constructible_from<bl::fd_view, bl::unique_fd const>);
static_assert(std::convertible_to<bl::link const&, bl::fd_view>);
static_assert(std::convertible_to<bl::xdp_link&, bl::fd_view>);
static_assert(std::convertible_to<bl::program const&, bl::fd_view>);
static_assert(std::convertible_to<bl::map_ref, bl::fd_view>);
static_assert(!std::constructible_from<bl::fd_view, bl::link>, "it would be closed");
static_assert(!std::constructible_from<bl::fd_view, bl::watcher>);
static_assert(!std::constructible_from<bl::fd_view, std::string>);
static_assert(std::is_trivially_copyable_v<bl::fd_view>);
static_assert(std::is_trivially_copyable_v<bl::program_ref<program_type::xdp>>);
static_assert(std::is_trivially_copyable_v<bl::map_ref>);
static_assert(!std::default_initializable<bl::program_ref<program_type::xdp>>, "always checked");

// Between typed and untyped: by move, and back only through a check.
static_assert(std::convertible_to<bl::xdp_link, bl::link>);
static_assert(!std::convertible_to<bl::xdp_link&, bl::link>);
static_assert(!std::constructible_from<bl::xdp_link, bl::link>);
static_assert(!std::constructible_from<bl::xdp_link, bl::cgroup_link>);
static_assert(std::same_as<bl::xdp_link::hook_type, bl::hook::xdp>);
static_assert(std::same_as<bl::xdp_link::details_type, bl::xdp_details>);

template <class L, class TypedLink>
concept narrows = requires(L&& l) {
    { std::forward<L>(l).template as<TypedLink>() } -> std::same_as<bl::result<TypedLink>>;
};
static_assert(narrows<bl::link, bl::xdp_link>);
static_assert(!narrows<bl::link&, bl::xdp_link>, "consumes: it has to be moved");
static_assert(!narrows<bl::link, bl::link>);

template <class L, program_type Type>
concept updates = requires(L& l, bl::program_ref<Type> prog) {
    { l.update(prog) } -> std::same_as<bl::result<void>>;
    { l.update(prog, bl::expecting(prog)) } -> std::same_as<bl::result<void>>;
};
static_assert(updates<bl::xdp_link, program_type::xdp>);
static_assert(!updates<bl::xdp_link, program_type::cgroup_skb>);
static_assert(updates<bl::cgroup_link, program_type::cgroup_skb>);
static_assert(!updates<bl::cgroup_link, program_type::xdp>);
static_assert(updates<bl::iter_link, program_type::tracing>);
static_assert(!updates<bl::raw_tracepoint_link, program_type::raw_tracepoint>);
static_assert(updates<bl::link, program_type::kprobe>, "an untyped link asks the kernel");

template <class L>
concept detaches = requires(L& l) {
    { l.detach() } -> std::same_as<bl::result<void>>;
};
static_assert(detaches<bl::link>);
static_assert(detaches<bl::xdp_link>);
static_assert(detaches<bl::cgroup_link>);
static_assert(!detaches<bl::iter_link>);
static_assert(!detaches<bl::raw_tracepoint_link>);

template <class L>
concept opens = requires(L const& l) {
    { l.open() } -> std::same_as<bl::result<bl::iter_output>>;
};
static_assert(opens<bl::iter_link>);
static_assert(!opens<bl::xdp_link>);
static_assert(!opens<bl::link>);

template <class L>
concept pins = requires(L& l, L const& view, std::string_view path) {
    { l.pin(path) } -> std::same_as<bl::result<void>>;
    { l.replace_pin(path) } -> std::same_as<bl::result<void>>;
    { l.unpin() } -> std::same_as<bl::result<void>>;
    { view.is_pinned() } -> std::same_as<bool>;
    { view.pinned_path() } -> std::same_as<std::optional<std::string_view>>;
};
static_assert(pins<bl::link>);
static_assert(pins<bl::xdp_link>);
static_assert(pins<bl::raw_tracepoint_link>);

// Chains: a step fits where the member function does.
template <class L, class Step>
concept chains = requires(bl::result<L> before, Step const& step) { std::move(before) | step; };

using pin_step = decltype(bl::pin(""));
using detach_step = decltype(bl::detach());
using xdp_update = decltype(bl::update(std::declval<bl::program_ref<program_type::xdp> const&>()));
static_assert(chains<bl::link, pin_step> && chains<bl::iter_link, pin_step>);
static_assert(chains<bl::xdp_link, detach_step> && !chains<bl::iter_link, detach_step>);
static_assert(chains<bl::xdp_link, xdp_update> && !chains<bl::cgroup_link, xdp_update>);
static_assert(chains<bl::link, xdp_update>);
static_assert(!chains<int, pin_step>);
static_assert(chains<bl::xdp_link, decltype(bl::pin("") | bl::detach())>);
static_assert(!chains<bl::iter_link, decltype(bl::pin("") | bl::detach())>);

} // namespace
