// SPDX-License-Identifier: Apache-2.0
// Which programs are programs, and which hook takes which.
#include <bpflink/bpflink.hpp>

#include <array>
#include <span>

namespace bl = bpflink;
using bl::program_type;

namespace {

struct typed_service_program {
    static constexpr program_type type = program_type::xdp;
    bl::fd_view fd() const;
};
struct untyped_service_program {
    bl::unique_fd const& fd() const;
};
struct lends_a_number {
    int fd() const;
};
struct lends_only_when_mutable {
    bl::fd_view fd();
};

static_assert(bl::any_program<bl::program>);
static_assert(bl::any_program<bl::program_ref<program_type::xdp>>);
static_assert(bl::any_program<typed_service_program>);
static_assert(bl::any_program<untyped_service_program>);
static_assert(!bl::any_program<lends_a_number>, "a bare number may be anything");
static_assert(!bl::any_program<lends_only_when_mutable>);
static_assert(!bl::any_program<bl::fd_view>);
static_assert(!bl::any_program<int>);
static_assert(!bl::any_program<bl::link>);
static_assert(!bl::any_program<bl::xdp_link>);
static_assert(!bl::any_program<bl::map_ref>);
static_assert(!bl::any_program<bl::iter_output>);
static_assert(!bl::any_program<bl::defunct_watch>);
static_assert(!bl::any_program<bl::expected_program>);

template <class Link, class By>
concept takes_update = requires(Link& l, By const& by) { l.update(by, bl::expecting(by)); };
static_assert(takes_update<bl::link, bl::program>);
static_assert(takes_update<bl::link, bl::map_ref>, "of struct_ops");
static_assert(takes_update<bl::struct_ops_link, bl::map_ref>);
static_assert(!takes_update<bl::link, bl::link>);
static_assert(!takes_update<bl::xdp_link, bl::map_ref>);

static_assert(bl::bpf_program<bl::program_ref<program_type::lsm>>);
static_assert(bl::bpf_program<typed_service_program>);
static_assert(!bl::bpf_program<bl::program>);
static_assert(!bl::bpf_program<untyped_service_program>);

static_assert(bl::program_for<typed_service_program, bl::hook::xdp>);
static_assert(!bl::program_for<typed_service_program, bl::hook::cgroup>);
static_assert(!bl::program_for<bl::program, bl::hook::xdp>);
static_assert(!bl::program_for<typed_service_program, bl::hook::raw>, "outside the table");
static_assert(!bl::program_for<typed_service_program, int>);

// Every program type up to one that no kernel has yet, against every hook.
constexpr unsigned types = static_cast<unsigned>(program_type::netfilter) + 2;

template <class Hook, unsigned... Number>
constexpr auto takes(std::integer_sequence<unsigned, Number...>) {
    return std::array{bl::program_for<bl::program_ref<static_cast<program_type>(Number)>, Hook>...};
}

template <class Hook>
constexpr bool takes_only(std::initializer_list<program_type> wanted) {
    auto const taken = takes<Hook>(std::make_integer_sequence<unsigned, types>{});
    for (unsigned number = 0; number != types; ++number) {
        bool expected = false;
        for (program_type const type : wanted)
            expected = expected || type == static_cast<program_type>(number);
        if (taken[number] != expected) return false;
    }
    return true;
}

static_assert(takes_only<bl::hook::xdp>({program_type::xdp}));
static_assert(takes_only<bl::hook::iter>({program_type::tracing}));
static_assert(takes_only<bl::hook::raw_tracepoint>({
    program_type::raw_tracepoint,
    program_type::raw_tracepoint_writable,
}));
static_assert(takes_only<bl::hook::cgroup>({
    program_type::cgroup_skb,
    program_type::cgroup_sock,
    program_type::cgroup_sock_addr,
    program_type::cgroup_device,
    program_type::cgroup_sysctl,
    program_type::cgroup_sockopt,
    program_type::sock_ops,
    program_type::lsm,
}));
static_assert(takes_only<bl::hook::tracing>({program_type::tracing}));
static_assert(takes_only<bl::hook::tp_btf>({program_type::tracing}));
static_assert(takes_only<bl::hook::lsm>({program_type::lsm}));
static_assert(takes_only<bl::hook::freplace>({program_type::ext}));
static_assert(takes_only<bl::hook::tracing_multi>({program_type::tracing}));
static_assert(takes_only<bl::hook::perf_event>({
    program_type::perf_event,
    program_type::kprobe,
    program_type::tracepoint,
}));
static_assert(takes_only<bl::hook::tracepoint>({program_type::tracepoint}));
static_assert(takes_only<bl::hook::kprobe>({program_type::kprobe}));
static_assert(takes_only<bl::hook::uprobe>({program_type::kprobe}));
static_assert(takes_only<bl::hook::kprobe_multi>({program_type::kprobe}));
static_assert(takes_only<bl::hook::uprobe_multi>({program_type::kprobe}));
static_assert(takes_only<bl::hook::usdt>({program_type::kprobe}));
static_assert(takes_only<bl::hook::struct_ops>({}), "a map is attached");
static_assert(takes_only<bl::hook::netfilter>({program_type::netfilter}));
static_assert(takes_only<bl::hook::netkit>({program_type::sched_cls}));
static_assert(takes_only<bl::hook::netns>({
    program_type::flow_dissector,
    program_type::sk_lookup,
}));
static_assert(takes_only<bl::hook::sockmap>({program_type::sk_skb, program_type::sk_msg}));
static_assert(takes_only<bl::hook::tcx>({program_type::sched_cls}));
static_assert(takes_only<bl::hook::raw>({}));

template <class Program, class Hook>
concept attaches = requires(Program const& prog, Hook const& where) { bl::attach(prog, where); };

static_assert(attaches<bl::program_ref<program_type::xdp>, bl::hook::xdp>);
static_assert(!attaches<bl::program_ref<program_type::kprobe>, bl::hook::xdp>);
static_assert(!attaches<bl::program, bl::hook::xdp>);
static_assert(attaches<bl::program, bl::hook::raw>, "the untyped door takes every program");
static_assert(attaches<bl::program_ref<program_type::kprobe>, bl::hook::raw>);

} // namespace
