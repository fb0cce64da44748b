// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/netfilter.hpp>

#include <cerrno>

namespace bpflink {
namespace {

constexpr std::uint32_t ip_defrag = 1; // BPF_F_NETFILTER_IP_DEFRAG

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

} // namespace

detail::hook_row const& hook_traits<hook::netfilter>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::netfilter,
                                  .expected = attach_type::netfilter,
                                  .attach = attach_type::netfilter,
                                  .known = EAFNOSUPPORT},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::netfilter>::create(detail::borrowed_program prog,
                                                       hook::netfilter const& where) {
    auto subject = describe(where);
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
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    auto const refused = [&](errc condition, char const* advice) {
        return fail(outcome, operation::link_create, condition, std::move(subject), advice);
    };
    switch (-outcome) {
    case EBUSY: return refused(errc::hook_busy, "something has this priority: take another");
    case EAFNOSUPPORT:
        return refused(errc::invalid_argument,
                       where.defragment
                           ? "the family is neither ipv4 nor ipv6, or cannot be defragmented here"
                           : "the family is neither ipv4 nor ipv6");
    case EPROTO: return refused(errc::invalid_argument, "there is no such hook");
    case ERANGE:
        return refused(errc::invalid_argument,
                       where.defragment
                           ? "the priority has to be above -400, where fragments are put together"
                           : "the lowest and the highest priority are the kernel's own");
    case EOPNOTSUPP: return refused(errc::not_supported, "this kernel cannot defragment here");
    case EINVAL: return refused(errc::not_supported, "this kernel has no netfilter links");
    case EPERM: return refused(errc::permission_denied, "CAP_NET_ADMIN and CAP_BPF are needed");
    default: return created(std::move(made), operation::link_create, std::move(subject));
    }
}

} // namespace bpflink
