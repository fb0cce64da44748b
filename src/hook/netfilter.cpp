// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/netfilter.hpp>

#include <array>
#include <cerrno>
#include <limits>
#include <string>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

constexpr std::uint32_t ip_defrag = 1;         // BPF_F_NETFILTER_IP_DEFRAG
constexpr std::int32_t defragmentation = -400; // NF_IP_PRI_CONNTRACK_DEFRAG

std::string describe(hook::netfilter const& where) {
    auto const family = [&]() -> std::string {
        switch (where.protocol_family) {
        case protocol_family::ipv4: return "ipv4";
        case protocol_family::ipv6: return "ipv6";
        }
        return "family " + std::to_string(static_cast<unsigned>(where.protocol_family));
    };
    auto const hook = [&]() -> std::string {
        switch (where.hook) {
        case netfilter_hook::prerouting: return "prerouting";
        case netfilter_hook::local_in: return "local_in";
        case netfilter_hook::forward: return "forward";
        case netfilter_hook::local_out: return "local_out";
        case netfilter_hook::postrouting: return "postrouting";
        }
        return "hook " + std::to_string(static_cast<unsigned>(where.hook));
    };
    return "netfilter " + family() + " " + hook() + ", priority " + std::to_string(where.priority);
}

hook::netfilter const& asked(attempt const& tried) {
    return tried.as<hook::netfilter>();
}

finding other_family(attempt const& tried) {
    auto const family = asked(tried).protocol_family;
    return yes_if(family != protocol_family::ipv4 && family != protocol_family::ipv6);
}

finding asks_for_fragments(attempt const& tried) {
    return yes_if(asked(tried).defragment);
}

/// The rows that this one stands in have other causes beside it.
finding may_be_of_fragments(attempt const& tried) {
    return {asked(tried).defragment ? match::unknown : match::no};
}

finding priority_is_the_kernels(attempt const& tried) {
    using limits = std::numeric_limits<std::int32_t>;
    auto const priority = asked(tried).priority;
    return yes_if(priority == limits::min() || priority == limits::max());
}

finding runs_before_fragments_meet(attempt const& tried) {
    return yes_if(asked(tried).defragment && asked(tried).priority <= defragmentation);
}

constexpr std::array causes{
    refusal{EAFNOSUPPORT, errc::invalid_argument, "the family is neither ipv4 nor ipv6", "",
            "bpf_nf_check_pf_and_hooks", other_family},
    refusal{EAFNOSUPPORT, errc::not_supported,
            "this kernel is built without defragmentation of the family", "attach without",
            "bpf_nf_enable_defrag", asks_for_fragments},
    refusal{EPROTO, errc::invalid_argument, "there is no such hook", "name one of netfilter_hook",
            "bpf_nf_check_pf_and_hooks"},
    refusal{ERANGE, errc::invalid_argument,
            "the lowest and the highest priority are the kernel's own", "take one between",
            "bpf_nf_check_pf_and_hooks", priority_is_the_kernels},
    refusal{ERANGE, errc::invalid_argument, "fragments are put together at priority -400",
            "take one above, or attach without", "bpf_nf_check_pf_and_hooks",
            runs_before_fragments_meet},
    refusal{EOPNOTSUPP, errc::not_supported, "this kernel cannot put fragments together (6.6 can)",
            "attach without", "bpf_nf_check_pf_and_hooks"},
    refusal{EBUSY, errc::hook_busy, "something on the hook has this priority", "take another",
            "nf_hook_entries_grow"},
    refusal{E2BIG, errc{}, "1024 functions are on the hook, the most the kernel takes", "",
            "nf_hook_entries_grow", always},
    refusal{EINVAL, errc::not_supported, "the module for defragmentation cannot be loaded",
            "load nf_defrag_ipv4 or nf_defrag_ipv6", "get_proto_defrag_hook", may_be_of_fragments},
    refusal{ENOENT, errc::not_supported, "the module for defragmentation is missing",
            "install and load nf_defrag_ipv4 or nf_defrag_ipv6", "get_proto_defrag_hook"},
    refusal{ETIME, errc{}, "50 modules are being loaded just now, the most the kernel does at once",
            "try again, or load nf_defrag_ipv4 or nf_defrag_ipv6 before", "__request_module",
            asks_for_fragments},
    refusal{EOVERFLOW, errc{},
            "4,294,967,295 links have the packets put together in this network namespace, the most "
            "the kernel counts",
            "detach one", "nf_defrag_ipv4_enable"},
    refusal{ENOSYS, errc::not_supported, "this kernel loads no module for defragmentation",
            "attach without", "get_proto_defrag_hook", may_be_of_fragments},
};

constexpr std::array sections{
    detail::section{.kind = "netfilter", .lacks = "which protocol family, hook and priority"},
};

} // namespace

detail::hook_row const& hook_traits<hook::netfilter>::row() noexcept {
    static constexpr auto facts = row_for<hook::netfilter>({
        .asked_by = detail::probe{.program = program_type::netfilter,
                                  .expected = attach_type::netfilter,
                                  .attach = attach_type::netfilter,
                                  .known = EAFNOSUPPORT},
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::netfilter>::create(detail::borrowed_program prog,
                                                       hook::netfilter const& where) {
    uapi::link_create_attr attr{
        .prog_fd = raw_fd(prog.fd),
        .target = 0,
        .attach_type = static_cast<std::uint32_t>(attach_type::netfilter),
        .flags = 0,
        .bytes = {},
    };
    attr.netfilter = {static_cast<std::uint32_t>(where.protocol_family),
                      static_cast<std::uint32_t>(where.hook), where.priority,
                      where.defragment ? ip_defrag : 0};
    return create_link(attr, {.row = row(), .prog = &prog, .request = &where},
                       [&] { return describe(where); });
}

result<match> hook_traits<hook::netfilter>::is_at(hook::netfilter const& where,
                                                  located_link const& l) {
    auto const& on = details_of<hook::netfilter>(l);
    if (on.protocol_family != where.protocol_family || on.hook != where.hook ||
        on.priority != where.priority)
        return match::no;
    return is_in_this_netns(l.fd); // `no` of one that was detached, too
}

} // namespace bpflink
