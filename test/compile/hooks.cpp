// SPDX-License-Identifier: Apache-2.0
// The table of hooks and the table of link types, and that they agree.
#include <bpflink/bpflink.hpp>

#include <cstddef>
#include <type_traits>

namespace bl = bpflink;

// Never defined: it only counts.
struct anything {
    template <class T>
    operator T() const;
};

namespace {

// A type of program, but for the one hook that takes a map.
template <class Hook>
constexpr bool described() {
    using traits = bl::hook_traits<Hook>;
    if (!bl::hook_like<Hook> || traits::name.empty()) return false;
    if (traits::program_types.empty() != std::is_same_v<Hook, bl::hook::struct_ops>) return false;
    // By index: find_traits' pointer is no constant to gcc's undefined behaviour sanitizer.
    auto const& kind = bl::link_traits_table.at(static_cast<unsigned>(traits::kind));
    return traits::kind != bl::link_type::unspec && traits::since >= kind.since;
}

// Every member of the aggregate is a field, the required ones first.
template <class Hook, class... Members>
constexpr std::size_t count_members() {
    if constexpr (requires { Hook{Members{}..., anything{}}; })
        return count_members<Hook, Members..., anything>();
    else
        return sizeof...(Members);
}
template <class Hook>
constexpr bool all_fields() {
    std::size_t visited = 0;
    bool optional_since = false, ordered = true;
    bl::hook_traits<Hook>::each_field([&](auto, auto, bl::field_use use) {
        ++visited;
        if (use == bl::field_use::optional)
            optional_since = true;
        else if (optional_since)
            ordered = false;
    });
    return ordered && visited == count_members<Hook>();
}

// Temporaries beside co_await: gcc 12 destroys twice what has a destructor and no constructor.
template <class Hook>
constexpr bool plain = std::is_aggregate_v<Hook> && std::is_trivially_destructible_v<Hook> &&
                       std::is_trivially_copyable_v<Hook>;

template <class... Hooks>
constexpr bool every_one(bl::type_list<Hooks...>) {
    return (described<Hooks>() && ...) && (all_fields<Hooks>() && ...) && (plain<Hooks> && ...);
}
static_assert(every_one(bl::all_hooks{}));
static_assert(plain<bl::hook::raw>);
static_assert(!bl::hook_like<bl::hook::raw>, "the untyped door is in no table");
static_assert(!bl::hook_like<int>);

static_assert(bl::updatable<bl::hook::xdp> && bl::detachable<bl::hook::xdp>);
static_assert(bl::updatable<bl::hook::cgroup> && bl::detachable<bl::hook::cgroup>);
static_assert(bl::updatable<bl::hook::iter> && !bl::detachable<bl::hook::iter>);
static_assert(!bl::updatable<bl::hook::raw_tracepoint> &&
              !bl::detachable<bl::hook::raw_tracepoint>);
template <class Hook>
constexpr bool only_closes = !bl::updatable<Hook> && !bl::detachable<Hook>;
static_assert(only_closes<bl::hook::tracing>);
static_assert(only_closes<bl::hook::tp_btf>);
static_assert(only_closes<bl::hook::lsm>);
static_assert(only_closes<bl::hook::freplace>);
static_assert(only_closes<bl::hook::tracing_multi>);
static_assert(only_closes<bl::hook::kprobe>);
static_assert(only_closes<bl::hook::kprobe_multi>);
static_assert(only_closes<bl::hook::perf_event>);
static_assert(only_closes<bl::hook::tracepoint>);
static_assert(only_closes<bl::hook::uprobe>);
static_assert(only_closes<bl::hook::uprobe_multi>);
static_assert(only_closes<bl::hook::usdt>);
static_assert(!bl::updatable<bl::hook::struct_ops> && bl::updatable_by_map<bl::hook::struct_ops> &&
              bl::detachable<bl::hook::struct_ops>);
static_assert(!bl::updatable_by_map<bl::hook::xdp>);
static_assert(!bl::updatable<bl::hook::netfilter> && bl::detachable<bl::hook::netfilter>);
static_assert(bl::updatable<bl::hook::netkit> && bl::detachable<bl::hook::netkit>);
static_assert(bl::updatable<bl::hook::netns> && bl::detachable<bl::hook::netns>);
static_assert(bl::updatable<bl::hook::sockmap> && bl::detachable<bl::hook::sockmap>);
static_assert(bl::updatable<bl::hook::tcx> && bl::detachable<bl::hook::tcx>);
static_assert(!bl::updatable<bl::hook::raw> && !bl::detachable<bl::hook::raw>);

// Order and cookies are members where the kernel has them, and nowhere else.
template <class Hook>
concept takes_order = requires(Hook where) {
    where.order;
    where.expected_revision;
};
template <class Hook>
concept takes_cookie =
    requires(Hook where) { where.cookie; } || requires(Hook where) { where.cookies; };
static_assert(takes_order<bl::hook::tcx> && takes_order<bl::hook::netkit> &&
              takes_order<bl::hook::cgroup>);
static_assert(!takes_order<bl::hook::xdp> && !takes_order<bl::hook::netns> &&
              !takes_order<bl::hook::netfilter> && !takes_order<bl::hook::sockmap> &&
              !takes_order<bl::hook::tracing> && !takes_order<bl::hook::iter>);
static_assert(takes_cookie<bl::hook::tracing> && takes_cookie<bl::hook::tp_btf> &&
              takes_cookie<bl::hook::lsm> && takes_cookie<bl::hook::tracing_multi> &&
              takes_cookie<bl::hook::raw_tracepoint> && takes_cookie<bl::hook::tracepoint> &&
              takes_cookie<bl::hook::perf_event> && takes_cookie<bl::hook::kprobe> &&
              takes_cookie<bl::hook::kprobe_multi> && takes_cookie<bl::hook::uprobe> &&
              takes_cookie<bl::hook::uprobe_multi> && takes_cookie<bl::hook::usdt>);
static_assert(!takes_cookie<bl::hook::xdp> && !takes_cookie<bl::hook::tcx> &&
              !takes_cookie<bl::hook::netkit> && !takes_cookie<bl::hook::netns> &&
              !takes_cookie<bl::hook::netfilter> && !takes_cookie<bl::hook::sockmap> &&
              !takes_cookie<bl::hook::cgroup> && !takes_cookie<bl::hook::iter> &&
              !takes_cookie<bl::hook::freplace> && !takes_cookie<bl::hook::struct_ops>);

static_assert(!std::is_aggregate_v<bl::error>);

// The kernel's numbers.
static_assert(bl::link_traits_table.size() == 16);
static_assert(bl::find_traits(bl::link_type::tracing_multi)->name == "tracing_multi");
static_assert(bl::find_traits(static_cast<bl::link_type>(16)) == nullptr);
static_assert(static_cast<unsigned>(bl::link_type::sockmap) == 14);
static_assert(static_cast<unsigned>(bl::link_type::tracing_multi) == 15);
static_assert(static_cast<unsigned>(bl::program_type::netfilter) == 32);
static_assert(static_cast<unsigned>(bl::attach_type::tcx_ingress) == 46);
static_assert(static_cast<unsigned>(bl::attach_type::trace_kprobe_session) == 56);
static_assert(static_cast<unsigned>(bl::attach_type::trace_fsession_multi) == 61);

// BPF_LINK_UPDATE and BPF_LINK_DETACH, as the kernel's bpf_link_ops have them.
constexpr auto counted = [](auto holds) {
    int n = 0;
    for (auto const& kind : bl::link_traits_table)
        n += holds(kind);
    return n;
};
static_assert(counted([](auto const& k) { return k.update == bl::update_unit::program; }) == 7);
static_assert(counted([](auto const& k) { return k.update == bl::update_unit::map; }) == 1);
static_assert(counted([](auto const& k) { return k.detachable; }) == 8);

} // namespace
