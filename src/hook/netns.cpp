// SPDX-License-Identifier: Apache-2.0
#include "hook/netns.hpp"

#include "object/identify.hpp"
#include "hook/create.hpp"
#include "hook/matches.hpp"

#include <cerrno>

namespace bpflink {
namespace {

constexpr char const* flow_dissector_there =
    "another flow dissector is there: update its link, or detach it";

} // namespace

program_type type_on_netns(attach_type attach) noexcept {
    switch (attach) {
    case attach_type::flow_dissector: return program_type::flow_dissector;
    case attach_type::sk_lookup: return program_type::sk_lookup;
    default: return program_type::unspec;
    }
}

std::string describe(hook::netns const& where) {
    return with_attach_type("network namespace " + describe(where.netns), where.attach);
}

match hook_traits<hook::netns>::matches(link_info const& info) noexcept {
    return matches_by_type<hook::netns>(info);
}

result<unique_fd> hook_traits<hook::netns>::create(detail::borrowed_program prog,
                                                   hook::netns const& named) {
    auto where = named;
    auto const attach =
        attach_type_meant(named.attach, prog, type_on_netns, [&] { return describe(named); });
    if (!attach) return tl::unexpected{attach.error()};
    where.attach = *attach;
    auto subject = describe(where);
    if (auto what = mismatch(prog.type, type_on_netns(*attach), *attach, "a network namespace");
        !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    std::move(what));
    auto made = sys::link_create({
        .prog_fd = raw_fd(prog.fd),
        .target = raw_fd(where.netns),
        .attach_type = static_cast<std::uint32_t>(*attach),
        .flags = 0,
        .bytes = {},
    });
    int const outcome = made.outcome();
    auto const refused = [&](errc condition, char const* advice) {
        return fail(outcome, operation::link_create, condition, std::move(subject), advice);
    };
    bool const single = *attach == attach_type::flow_dissector;
    switch (-outcome) {
    case E2BIG:
        if (single) return refused(errc::hook_busy, flow_dissector_there);
        return refused(errc{}, "64 programs are there, the most the kernel takes");
    case EEXIST:
        return refused(errc::hook_busy, single ? "a flow dissector is there without a link, or in "
                                                 "the first network namespace, or in any other"
                                               : "a program is there without a link");
    case EINVAL:
        return refused(errc::invalid_argument, "the descriptor is not a network namespace's");
    case EPERM: return refused(errc::permission_denied, "CAP_NET_ADMIN and CAP_BPF are needed");
    default: return created(std::move(made), operation::link_create, std::move(subject));
    }
}

} // namespace bpflink
