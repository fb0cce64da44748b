// SPDX-License-Identifier: Apache-2.0
#include "every_kind.hpp"

#include <sstream>
#include <variant>

namespace {

struct printer {
    std::ostream& out;

    template <class T>
    void optional(char const* name, std::optional<T> const& value) {
        out << ' ' << name << '=';
        if (value)
            out << *value;
        else
            out << "none";
    }

    void operator()(bl::raw_tracepoint_details const& d) {
        out << " name=" << d.name;
        optional("cookie", d.cookie);
    }
    void operator()(bl::tracing_details const& d) {
        optional("attach", d.attach);
        optional("object", d.target_object);
        optional("target", d.target);
        optional("cookie", d.cookie);
    }
    void operator()(bl::cgroup_details const& d) {
        out << " cgroup=" << d.cgroup_id << " attach=" << d.attach;
    }
    void operator()(bl::iter_details const& d) {
        out << " name=" << d.target_name;
        optional("map", d.map);
        optional("cgroup", d.cgroup_id);
        optional("order", d.order);
        optional("tid", d.tid);
        optional("pid", d.pid);
    }
    void operator()(bl::netns_details const& d) {
        out << " netns=" << d.netns_inode << " attach=" << d.attach;
    }
    void operator()(bl::xdp_details const& d) { out << " ifindex=" << d.ifindex; }
    void operator()(bl::struct_ops_details const& d) { optional("map", d.map); }
    void operator()(bl::netfilter_details const& d) {
        out << " family=" << d.protocol_family << " hook=" << d.hook << " priority=" << d.priority
            << " flags=" << d.flags;
    }
    void operator()(bl::tcx_details const& d) {
        out << " ifindex=" << d.ifindex << " attach=" << d.attach;
    }
    void operator()(bl::netkit_details const& d) {
        out << " ifindex=" << d.ifindex << " attach=" << d.attach;
    }
    void operator()(bl::sockmap_details const& d) {
        optional("map", d.map);
        out << " attach=" << d.attach;
    }
    void operator()(bl::perf_event_details const& d) { std::visit(*this, d.event); }
    void operator()(std::monostate) { out << " nothing"; }
    void operator()(bl::perf_kprobe const& d) {
        out << (d.returns ? " kretprobe=" : " kprobe=") << d.function << '+' << d.offset;
        optional("address", d.address);
        optional("missed", d.missed);
        optional("cookie", d.cookie);
    }
    void operator()(bl::perf_uprobe const& d) {
        out << (d.returns ? " uretprobe=" : " uprobe=") << d.file << '+' << d.offset;
        optional("cookie", d.cookie);
        optional("ref_ctr_offset", d.ref_ctr_offset);
    }
    void operator()(bl::perf_tracepoint const& d) {
        out << " tracepoint=" << d.name;
        optional("cookie", d.cookie);
    }
    void operator()(bl::perf_counter const& d) {
        out << " type=" << d.type << " config=" << d.config;
        optional("cookie", d.cookie);
    }
    void operator()(bl::kprobe_multi_details const& d) {
        optional("returns", d.returns);
        optional("missed", d.missed);
        for (auto const& function : d.functions) {
            optional("address", function.address);
            optional("cookie", function.cookie);
        }
    }
    void operator()(bl::uprobe_multi_details const& d) {
        out << " path=" << d.path;
        optional("returns", d.returns);
        optional("pid", d.pid);
        for (auto const& place : d.places)
            out << " offset=" << place.offset << " ref_ctr_offset=" << place.ref_ctr_offset
                << " cookie=" << place.cookie;
    }
    void operator()(bl::tracing_multi_details const& d) {
        optional("attach", d.attach);
        optional("object", d.btf_object);
        for (auto const& function : d.functions) {
            out << " target=" << function.target;
            optional("address", function.address);
            out << " cookie=" << function.cookie;
        }
    }
    void operator()(bl::unknown_details const& d) {
        out << " bytes=" << std::hex;
        for (auto const byte : d.bytes)
            out << ' ' << static_cast<int>(byte);
    }
};

} // namespace

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

std::string text_of(bl::link_info const& info) {
    std::ostringstream out;
    out << info.id << ' ' << info.type << " program=" << info.program;
    std::visit(printer{out}, info.details);
    return out.str();
}
