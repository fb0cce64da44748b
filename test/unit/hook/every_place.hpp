// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../symbol/noted_elf.hpp"
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// A program that says what it was loaded for, as program_ref::from does.
template <bl::program_type Type>
struct expecting_program : typed_program<Type> {
    bl::attach_type expected{};
    [[nodiscard]] std::optional<bl::attach_type> expected_attach_type() const { return expected; }
};

/// A machine with a link at a place of every hook that has one.
struct every_place : machine {
    every_place() {
        files = {{"/run/netns/a", ""},
                 // An ELF takes three reads more.
                 {"/bin/x", prober<bl::program_type::kprobe>::padded("no ELF")},
                 {"/lib.so", noted_elf(note_of({}))},
                 {"/proc/kallsyms", "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"},
                 {"/sys/kernel/tracing/events/sched/sched_switch/id", "314\n"}};
        network_namespaces["/run/netns/a"] = inode;
        make_cgroup("/cgroup/web");
        cgroups = {{"/cgroup/web", 55}};
    }

    /// The system calls that the kernel would see: one call of the border may make several.
    [[nodiscard]] int cost() const {
        return system_calls() + 3 * calls(call::cgroup_id) + calls(call::netns_inode_of) +
               3 * calls(call::program_function);
    }

    /// @param visit  takes a hook's name, a program, a hook, and the link of that program there
    template <class Visit>
    void visit_all(Visit visit) {
        using enum bl::attach_type;
        using bl::link_type;
        using bl::program_type;
        auto const see = [&]<program_type Type>(std::string_view name,
                                                expecting_program<Type> const& prog,
                                                auto const& where, fake::link_facts facts) {
            facts.prog = loaded_;
            visit(name, prog, where, add_link(std::move(facts)));
        };
        see("xdp", load<program_type::xdp>(), bl::hook::xdp{.ifindex = bl::ifindex{2}},
            {.type = link_type::xdp, .target = 2});
        see("tcx", load<program_type::sched_cls>(),
            bl::hook::tcx{.ifindex = bl::ifindex{2}, .attach = tcx_ingress},
            {.type = link_type::tcx, .attach = tcx_ingress, .target = 2});
        see("netkit", load<program_type::sched_cls>(),
            bl::hook::netkit{.ifindex = bl::ifindex{2}, .attach = netkit_peer},
            {.type = link_type::netkit, .attach = netkit_peer, .target = 2});
        see("cgroup", load<program_type::cgroup_device>(),
            bl::hook::cgroup{.cgroup = "/cgroup/web", .attach = cgroup_device},
            {.type = link_type::cgroup, .attach = cgroup_device, .cgroup_id = 55});
        auto const netns = open_file("/run/netns/a");
        see("netns", load<program_type::sk_lookup>(),
            bl::hook::netns{.netns = netns, .attach = sk_lookup},
            {.type = link_type::netns, .attach = sk_lookup, .target = inode});
        auto& map = add_map();
        map.value_type = 70;
        auto const map_fd = open(map);
        auto const map_ref = *bl::map_ref::from_fd(map_fd);
        see("sockmap", load<program_type::sk_msg>(),
            bl::hook::sockmap{.map = map_ref, .attach = sk_msg_verdict},
            {.type = link_type::sockmap, .attach = sk_msg_verdict, .target = map.id});
        see("netfilter", load<program_type::netfilter>(),
            bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                .hook = bl::netfilter_hook::local_in},
            {.type = link_type::netfilter, .netfilter = {2, 1, 0, 0}});
        visit("struct_ops", map_ref, bl::hook::struct_ops{},
              add_link({.type = link_type::struct_ops, .target = map.id}));
        see("iter", load<program_type::tracing>(trace_iter, 61), bl::hook::iter{},
            {.type = link_type::iter, .name = "task"});
        see("tracing", load<program_type::tracing>(trace_fentry, 21), bl::hook::tracing{},
            {.type = link_type::tracing,
             .attach = trace_fentry,
             .object = fake::kernel_types,
             .btf = 21});
        see("lsm", load<program_type::lsm>(lsm_mac, 31), bl::hook::lsm{},
            {.type = link_type::tracing,
             .attach = lsm_mac,
             .object = fake::kernel_types,
             .btf = 31});
        auto& target = add_program(program_type::xdp);
        target.own_types = fake::program_types;
        auto const target_fd = open(target);
        see("freplace", load<program_type::ext>({}, 17, fake::program_types),
            bl::hook::freplace{.target = target_fd, .function = "replaceable"},
            {.type = link_type::tracing, .object = target.id, .btf = 17});
        see("tp_btf", load<program_type::tracing>(trace_raw_tp, 51), bl::hook::tp_btf{},
            {.type = link_type::raw_tracepoint, .name = "sched_switch"});
        see("raw_tracepoint", load<program_type::raw_tracepoint>(),
            bl::hook::raw_tracepoint{.name = "sched_switch"},
            {.type = link_type::raw_tracepoint, .name = "sched_switch"});
        see("tracepoint", load<program_type::tracepoint>(),
            bl::hook::tracepoint{"sched", "sched_switch"},
            {.type = link_type::perf_event, .name = "sched_switch"});
        see("kprobe", load<program_type::kprobe>(), bl::hook::kprobe{.function = "do_a"},
            {.type = link_type::perf_event,
             .name = "do_a",
             .event = fake::uapi::perf_event_type::kprobe,
             .address = first_function});
        static constexpr std::array<std::string_view, 1> names{"do_a"};
        see("kprobe_multi", load<program_type::kprobe>(trace_kprobe_multi),
            bl::hook::kprobe_multi{.symbols = names},
            {.type = link_type::kprobe_multi, .addresses = {first_function}});
        see("uprobe", load<program_type::kprobe>(),
            bl::hook::uprobe{.binary = "/bin/x", .offset = 0x10},
            {.type = link_type::perf_event,
             .name = "/bin/x",
             .event = fake::uapi::perf_event_type::uprobe,
             .offset = 0x10});
        static constexpr std::array<std::uint64_t, 1> offsets{0x10};
        see("uprobe_multi", load<program_type::kprobe>(trace_uprobe_multi),
            bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = offsets},
            {.type = link_type::uprobe_multi, .name = "/bin/x", .addresses = {0x10}});
        see("usdt", load<program_type::kprobe>(trace_uprobe_multi),
            bl::hook::usdt{.binary = "/lib.so", .provider = "app", .name = "start"},
            {.type = link_type::uprobe_multi, .name = "/lib.so", .addresses = {0x1010}});
        static constexpr std::array functions{bl::btf_id{7}};
        see("tracing_multi", load<program_type::tracing>(trace_fentry_multi),
            bl::hook::tracing_multi{.functions = functions, .attach = trace_fentry_multi},
            {.type = link_type::tracing_multi,
             .attach = trace_fentry_multi,
             .object = 1,
             .ids = {7}});
    }

private:
    static constexpr std::uint32_t inode = 4'026'531'900;
    static constexpr std::uint64_t first_function = 0xffff'ffff'8100'0010;

    template <bl::program_type Type>
    expecting_program<Type> load(bl::attach_type expected = {}, std::uint32_t function = 0,
                                 std::uint32_t types = fake::kernel_types) {
        loaded_ = &add_program(Type, expected);
        loaded_->function = function;
        loaded_->types = types;
        return {{{open(*loaded_)}}, expected};
    }

    fake::program* loaded_ = nullptr; // the newest
};
