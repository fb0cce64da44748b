// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"

#include <array>
#include <utility>

std::vector<fake::link*> add_every_kind(fake::kernel& kernel) {
    auto& prog = kernel.add_program(bl::program_type::xdp);
    std::array<unsigned char, 48> bytes{};
    for (unsigned char i = 0; i != bytes.size(); ++i)
        bytes[i] = static_cast<unsigned char>(200 + i);
    using bl::attach_type;
    using bl::link_type;
    fake::link_facts const all[]{
        {.type = link_type::raw_tracepoint, .name = "sched_switch", .cookie = 0x1122334455667788},
        {.type = link_type::tracing,
         .attach = attach_type::trace_fentry,
         .cookie = 0x99,
         .object = 5,
         .btf = 6},
        {.type = link_type::cgroup,
         .attach = attach_type::cgroup_device,
         .cgroup_id = 0x1'0000'0007},
        {.type = link_type::iter, .target = 77, .name = "bpf_map_elem"},
        {.type = link_type::netns, .attach = attach_type::sk_lookup, .target = 4'026'531'840U},
        {.type = link_type::xdp, .target = 2},
        {.type = link_type::perf_event, .name = "sched_switch", .cookie = 9},
        {.type = link_type::kprobe_multi,
         .flags = 1,
         .missed = 2,
         .addresses = {0xffff'0001, 0xffff'0002},
         .cookies = {11, 12}},
        {.type = link_type::struct_ops, .target = 78},
        {.type = link_type::netfilter, .netfilter = {2, 4, static_cast<std::uint32_t>(-100), 1}},
        {.type = link_type::tcx, .attach = attach_type::tcx_egress, .target = 3},
        {.type = link_type::uprobe_multi,
         .name = "/usr/bin/true",
         .pid = 4,
         .addresses = {0x100, 0x200},
         .ref_ctr_offsets = {0x300, 0},
         .cookies = {0, 22}},
        {.type = link_type::netkit, .attach = attach_type::netkit_peer, .target = 4},
        {.type = link_type::sockmap, .attach = attach_type::sk_msg_verdict, .target = 79},
        {.type = link_type::tracing_multi,
         .attach = attach_type::trace_fentry_multi,
         .object = 1,
         .ids = {7, 8, 9},
         .addresses = {0xffff'0007, 0xffff'0008, 0xffff'0009},
         .cookies = {0, 32, 33}},
        {.type = static_cast<link_type>(99), .unknown = bytes},
    };
    std::vector<fake::link*> links;
    for (auto facts : all) {
        if (facts.type != link_type::struct_ops) facts.prog = &prog;
        links.push_back(&kernel.add_link(std::move(facts)));
    }
    return links;
}
