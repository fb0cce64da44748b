// SPDX-License-Identifier: Apache-2.0
// Every row of every hook reaches the user: each refusal that no look tells from others is met,
// with its condition and its text.
#include "../symbol/noted_elf.hpp"
#include "hook/row.hpp"
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <string_view>

namespace {

namespace hook = bl::hook;
using bl::program_type;

/// A machine on which each hook can be attached to.
struct every_hook : kprobe_prober {
    every_hook() {
        files["/sys/devices/system/cpu/online"] = "0-1\n";
        files["/lib.so"] = noted_elf(note_of({}));
    }

    template <program_type Type, class Hook>
    bl::result<void> attach(Hook const& where, bl::attach_type expected = {}) {
        typed_program<Type> const held{{open(add_program(Type, expected))}};
        auto const link = bl::attach(held, where);
        if (!link) return tl::unexpected{link.error()};
        return {};
    }

    bl::result<void> sample(hook::cgroup*) {
        auto const directory = open_cgroup();
        return attach<program_type::cgroup_skb>(
            hook::cgroup{bl::fd_view{directory}, bl::attach_type::cgroup_inet_egress});
    }
    bl::result<void> sample(hook::freplace*) { return attach<program_type::ext>(hook::freplace{}); }
    bl::result<void> sample(hook::iter*) {
        return attach<program_type::tracing>(hook::iter{}, bl::attach_type::trace_iter);
    }
    bl::result<void> sample(hook::kprobe*) {
        return attach<program_type::kprobe>(hook::kprobe{.function = "do_a"});
    }
    bl::result<void> sample(hook::kprobe_multi*) {
        constexpr std::array<std::string_view, 2> names{"do_a", "do_b"};
        return attach<program_type::kprobe>(hook::kprobe_multi{.symbols = names});
    }
    bl::result<void> sample(hook::lsm*) {
        return attach<program_type::lsm>(hook::lsm{}, bl::attach_type::lsm_mac);
    }
    bl::result<void> sample(hook::netfilter*) {
        return attach<program_type::netfilter>(
            hook::netfilter{.protocol_family = bl::protocol_family::ipv4});
    }
    bl::result<void> sample(hook::netkit*) {
        return attach<program_type::sched_cls>(
            hook::netkit{bl::ifindex{2}, bl::attach_type::netkit_primary});
    }
    bl::result<void> sample(hook::netns*) {
        auto const name_space = open_file();
        return attach<program_type::sk_lookup>(hook::netns{name_space, bl::attach_type::sk_lookup});
    }
    bl::result<void> sample(hook::perf_event*) {
        auto const event = open_file();
        return attach<program_type::perf_event>(hook::perf_event{.event = event});
    }
    bl::result<void> sample(hook::raw_tracepoint*) {
        return attach<program_type::raw_tracepoint>(hook::raw_tracepoint{.name = "sched_switch"});
    }
    bl::result<void> sample(hook::sockmap*) {
        auto& map = add_map();
        map.type = 15; // BPF_MAP_TYPE_SOCKMAP
        auto const held = open(map);
        return attach<program_type::sk_msg>(
            hook::sockmap{*bl::map_ref::from_fd(held), bl::attach_type::sk_msg_verdict});
    }
    bl::result<void> sample(hook::struct_ops*) {
        auto& map = add_map();
        map.type = 26; // BPF_MAP_TYPE_STRUCT_OPS
        map.flags = bl::uapi::f_link;
        auto const held = open(map);
        auto const link = bl::attach(*bl::map_ref::from_fd(held), hook::struct_ops{});
        if (!link) return tl::unexpected{link.error()};
        return {};
    }
    bl::result<void> sample(hook::tcx*) {
        return attach<program_type::sched_cls>(
            hook::tcx{bl::ifindex{2}, bl::attach_type::tcx_ingress});
    }
    bl::result<void> sample(hook::tp_btf*) {
        return attach<program_type::tracing>(hook::tp_btf{}, bl::attach_type::trace_raw_tp);
    }
    bl::result<void> sample(hook::tracepoint*) {
        return attach<program_type::tracepoint>(hook::tracepoint{"sched", "sched_switch"});
    }
    bl::result<void> sample(hook::tracing*) {
        return attach<program_type::tracing>(hook::tracing{}, bl::attach_type::trace_fentry);
    }
    bl::result<void> sample(hook::tracing_multi*) {
        constexpr std::array functions{bl::btf_id{1}, bl::btf_id{2}};
        return attach<program_type::tracing>(
            hook::tracing_multi{.functions = functions,
                                .attach = bl::attach_type::trace_fentry_multi},
            bl::attach_type::trace_fentry_multi);
    }
    bl::result<void> sample(hook::uprobe*) {
        return attach<program_type::kprobe>(hook::uprobe{.binary = "/bin/x", .offset = 0x10});
    }
    bl::result<void> sample(hook::uprobe_multi*) {
        constexpr std::array<std::uint64_t, 1> offsets{0x10};
        return attach<program_type::kprobe>(
            hook::uprobe_multi{.binary = "/bin/x", .offsets = offsets});
    }
    bl::result<void> sample(hook::usdt*) {
        return attach<program_type::kprobe>(
            hook::usdt{.binary = "/lib.so", .provider = "app", .name = "start"});
    }
    bl::result<void> sample(hook::xdp*) {
        return attach<program_type::xdp>(hook::xdp{.ifindex = bl::ifindex{2}});
    }

    /// The call by which a hook attaches.
    template <class Hook>
    any_call attaching_call() {
        forget_calls();
        REQUIRE(succeeded(sample(static_cast<Hook*>(nullptr))));
        return calls(call::raw_tracepoint_open) != 0 ? any_call{call::raw_tracepoint_open}
                                                     : call::link_create;
    }

    /// Has each row's errno come from `from`; its text and its condition have to be in the error.
    template <class Hook>
    void meet(bl::refusals rows, any_call from) {
        for (auto const& row : rows) {
            if (row.look) continue; // a test of its own has to show it
            CAPTURE(bl::hook_traits<Hook>::name);
            CAPTURE(row.number);
            // An event is opened on each processor in turn. Of links, looks ask the kernel again.
            if (from == call::perf_event_open)
                fail_always(from, row.number);
            else
                fail(from, row.number);
            auto const refused = sample(static_cast<Hook*>(nullptr));
            mend();
            REQUIRE_FALSE(refused);
            auto const& e = refused.error();
            auto const message = e.message();
            CAPTURE(message);
            CAPTURE(row.cause);
            CHECK(e.code().value() == row.number);
            CHECK(message.find(row.cause) != message.npos);
            CHECK(message.find(row.remedy) != message.npos);
            bool const is_one_of = message.find("one of: ") != message.npos;
            CHECK((is_one_of || e == row.condition || row.condition == bl::errc{}));
            CHECK(newest_link() == nullptr);
        }
    }
};

} // namespace

TEST_CASE_FIXTURE(every_hook, "each refusal without a look reaches the user, on every hook") {
    [&]<class... Hooks>(bl::type_list<Hooks...>) {
        (..., [&] {
            auto const& row = bl::hook_traits<Hooks>::row();
            auto const from = attaching_call<Hooks>();
            meet<Hooks>(row.opening, call::perf_event_open);
            meet<Hooks>(row.causes, from);
        }());
    }(bl::all_hooks{});
}

TEST_CASE("rows are clauses, causes name a function of the kernel, and mistakes have looks") {
    bl::each_row([](bl::detail::hook_row const& hook) {
        CAPTURE(hook.name);
        for (auto const rows : {hook.mistakes, hook.opening, hook.causes})
            for (auto const& row : rows) {
                CAPTURE(row.cause);
                CHECK(row.number > 0);
                CHECK_FALSE(row.cause.empty());
                CHECK_FALSE(row.cause.ends_with('.'));
                CHECK_FALSE(row.remedy.ends_with('.'));
            }
        for (auto const& row : hook.mistakes)
            CHECK((row.look != nullptr));
        for (auto const rows : {hook.opening, hook.causes})
            for (auto const& row : rows)
                CHECK_MESSAGE(!row.source.empty(), row.cause);
    });
}
