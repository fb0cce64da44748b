// SPDX-License-Identifier: Apache-2.0
// Attaching, on each hook.
#include "scenario.hpp"

#include <array>

namespace {

namespace hook = bl::hook;
using bl::attach_type;
using bl::program_type;
using enum bl::attach_type;

/// With a program that is loaded for it.
template <program_type Type, class Hook>
bl::result<void> attached(stage& s, Hook const& where, attach_type expected = {}) {
    auto const prog = s.load<Type>(expected);
    auto const made = bl::attach(prog, where);
    if (!made) return tl::unexpected{made.error()};
    return {};
}

bl::map_ref map_of(stage& s, unsigned type, unsigned flags = 0) {
    starve::fed const fed;
    s.table.type = type;
    s.table.flags = flags;
    auto made = bl::map_ref::from_fd(s.map);
    REQUIRE(succeeded(made));
    return *made;
}
constexpr unsigned sockmap_type = 15, struct_ops_type = 26;

} // namespace

TEST_CASE("whatever fails, an attach leaves no link without an owner, on any hook") {
    check_faults(std::array{
        scenario{
            "attach", "xdp",
            [](stage& s) { return bl::attach(s.first, hook::xdp{.ifindex = bl::ifindex{1}}); }},
        scenario{"attach", "raw",
                 [](stage& s) {
                     return bl::attach(
                         s.first, hook::raw{.target = bl::ifindex{1}, .attach = attach_type::xdp});
                 }},
        scenario{"attach", "tcx",
                 [](stage& s) {
                     auto const anchor = s.load<program_type::sched_cls>();
                     return attached<program_type::sched_cls>(
                         s, hook::tcx{bl::ifindex{2}, tcx_ingress, bl::order::before(anchor)});
                 }},
        scenario{"attach", "netkit",
                 [](stage& s) {
                     return attached<program_type::sched_cls>(
                         s, hook::netkit{bl::ifindex{2}, netkit_primary});
                 }},
        scenario{"attach", "cgroup",
                 [](stage& s) {
                     return attached<program_type::cgroup_skb>(
                         s, hook::cgroup{"/cgroup", cgroup_inet_egress});
                 }},
        scenario{"attach", "netns",
                 [](stage& s) {
                     return attached<program_type::sk_lookup>(
                         s, hook::netns{bl::fd_view{s.cgroup}, sk_lookup});
                 }},
        scenario{"attach", "netfilter",
                 [](stage& s) {
                     return attached<program_type::netfilter>(
                         s, hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                            .priority = 7});
                 }},
        scenario{"attach", "sockmap",
                 [](stage& s) {
                     auto const map = bl::map_ref::from_fd(s.map);
                     if (!map) return answer{map};
                     return answer{
                         attached<program_type::sk_msg>(s, hook::sockmap{*map, sk_msg_verdict})};
                 },
                 [](stage& s) { static_cast<void>(map_of(s, sockmap_type)); }},
        scenario{"attach", "struct_ops",
                 [](stage& s) {
                     auto const map = bl::map_ref::from_fd(s.map);
                     if (!map) return answer{map};
                     return answer{bl::attach(*map, hook::struct_ops{})};
                 },
                 [](stage& s) { static_cast<void>(map_of(s, struct_ops_type, bl::uapi::f_link)); }},
        scenario{"attach", "iter",
                 [](stage& s) {
                     auto const map = bl::map_ref::from_fd(s.map);
                     if (!map) return answer{map};
                     return answer{
                         attached<program_type::tracing>(s, hook::iter{.map = *map}, trace_iter)};
                 }},
        scenario{"attach", "tracing",
                 [](stage& s) {
                     return attached<program_type::tracing>(s, hook::tracing{}, trace_fentry);
                 }},
        scenario{"attach", "tp_btf",
                 [](stage& s) {
                     return attached<program_type::tracing>(
                         s, hook::tp_btf{.cookie = bl::cookie{1}}, trace_raw_tp);
                 }},
        scenario{"attach", "lsm",
                 [](stage& s) {
                     return attached<program_type::lsm>(s, hook::lsm{.cookie = bl::cookie{1}},
                                                        lsm_mac);
                 }},
        scenario{"attach", "freplace",
                 [](stage& s) {
                     return attached<program_type::ext>(
                         s, hook::freplace{s.first.fd(), "replaceable"});
                 }},
        scenario{"attach", "tracing_multi",
                 [](stage& s) {
                     std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
                     return attached<program_type::tracing>(
                         s,
                         hook::tracing_multi{.functions = functions, .attach = trace_fexit_multi});
                 }},
        scenario{"attach", "raw_tracepoint",
                 [](stage& s) {
                     return attached<program_type::raw_tracepoint>(
                         s, hook::raw_tracepoint{.name = "sched_switch"});
                 }},
        scenario{"attach", "tracepoint",
                 [](stage& s) {
                     return attached<program_type::tracepoint>(
                         s, hook::tracepoint{"sched", "sched_switch"});
                 }},
        scenario{"attach", "perf_event",
                 [](stage& s) {
                     return attached<program_type::perf_event>(
                         s, hook::perf_event{.event = bl::fd_view{s.cgroup}});
                 }},
        scenario{"attach", "kprobe",
                 [](stage& s) {
                     return attached<program_type::kprobe>(s, hook::kprobe{.function = "do_a"});
                 }},
        scenario{"attach", "kprobe_multi by names",
                 [](stage& s) {
                     constexpr std::array<std::string_view, 2> names{"do_a", "do_b"};
                     return attached<program_type::kprobe>(s, hook::kprobe_multi{.symbols = names});
                 }},
        scenario{"attach", "kprobe_multi by a pattern",
                 [](stage& s) {
                     return attached<program_type::kprobe>(s,
                                                           hook::kprobe_multi{.pattern = "do_*"});
                 }},
        scenario{"attach", "uprobe",
                 [](stage& s) {
                     return attached<program_type::kprobe>(
                         s, hook::uprobe{.binary = "/bin/x", .symbol = "f"});
                 }},
        scenario{"attach", "uprobe_multi",
                 [](stage& s) {
                     constexpr std::array<std::string_view, 2> names{"f", "g"};
                     return attached<program_type::kprobe>(
                         s, hook::uprobe_multi{.binary = "/bin/x", .symbols = names});
                 }},
        scenario{"attach", "usdt",
                 [](stage& s) {
                     return attached<program_type::kprobe>(
                         s, hook::usdt{.binary = "/lib.so", .provider = "app", .name = "start"});
                 }},
        scenario{"attach", "of libbpf's program",
                 [](stage& s) {
                     return bl::attach(&s.their_program,
                                       bl::any_hook{hook::xdp{.ifindex = bl::ifindex{1}}});
                 }},
        scenario{"open_perf_event", "",
                 [](stage&) {
                     return bl::open_perf_event(
                         bl::software_counter{.sample = bl::sample_period{1}});
                 }},
        scenario{"perf_events_on_each_cpu", "",
                 [](stage&) {
                     return bl::perf_events_on_each_cpu(
                         bl::software_counter{.sample = bl::sample_period{1}});
                 }},
        scenario{"attach_socket_filter", "",
                 [](stage& s) {
                     auto const filter = s.load<program_type::socket_filter>();
                     return bl::attach_socket_filter(s.spare, filter);
                 }},
        scenario{"detach_socket_filter", "",
                 [](stage& s) { return bl::detach_socket_filter(s.spare); },
                 [](stage& s) { s.last_filter = 7; }},
    });
}

TEST_CASE("whatever fails, to ask for a hook leaves nothing") {
    auto const supports = [](auto of) { return scenario{"supports", "", of}; };
    check_faults(std::array{
        supports(
            [](stage&) { return bl::detail::probe_support("xdp").is != bl::support{}.is || true; }),
        supports([](stage&) {
            static_cast<void>(bl::detail::probe_support("kprobe"));
            return true;
        }),
        supports([](stage&) {
            static_cast<void>(bl::detail::probe_support("tracing"));
            return true;
        }),
        supports([](stage&) {
            static_cast<void>(bl::detail::probe_support("uprobe_multi"));
            return true;
        }),
        supports([](stage&) {
            static_cast<void>(bl::detail::probe_support("cgroup"));
            return true;
        }),
        scenario{"query", "xdp",
                 [](stage&) { return bl::query(hook::xdp{.ifindex = bl::ifindex{2}}); }},
        scenario{"query", "tcx",
                 [](stage&) { return bl::query(hook::tcx{bl::ifindex{2}, tcx_ingress}); }},
        scenario{"query", "netkit",
                 [](stage&) { return bl::query(hook::netkit{bl::ifindex{2}, netkit_peer}); }},
        scenario{"query", "cgroup",
                 [](stage&) { return bl::query(hook::cgroup{"/cgroup", cgroup_inet_egress}); }},
        scenario{"query", "netns",
                 [](stage& s) { return bl::query(hook::netns{bl::fd_view{s.cgroup}, sk_lookup}); }},
        scenario{"query", "sockmap",
                 [](stage& s) {
                     auto const map = bl::map_ref::from_fd(s.map);
                     if (!map) return answer{map};
                     return answer{bl::query(hook::sockmap{*map, sk_msg_verdict})};
                 }},
        scenario{"with_revision", "",
                 [](stage& s) {
                     return bl::with_revision(hook::tcx{bl::ifindex{2}, tcx_ingress},
                                              [&](bl::hook_query const&) {
                                                  return attached<program_type::sched_cls>(
                                                      s, hook::tcx{bl::ifindex{2}, tcx_ingress});
                                              });
                 }},
    });
}
