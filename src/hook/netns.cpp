// SPDX-License-Identifier: Apache-2.0
#include "hook/netns.hpp"

#include "hook/create.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <cerrno>

namespace bpflink {
namespace {

constexpr char const* flow_dissector_there =
    "another flow dissector is there: update its link, or detach it";

} // namespace

std::string describe(hook::netns const& where) {
    return with_attach_type("network namespace " + describe(where.netns), where.attach);
}

detail::hook_row const& hook_traits<hook::netns>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::flow_dissector,
                                  .expected = attach_type::flow_dissector,
                                  .attach = attach_type::flow_dissector,
                                  .known = EBADF},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::netns>::create(detail::borrowed_program prog,
                                                   hook::netns const& named) {
    auto where = named;
    auto const attach = attach_type_meant(named.attach, prog, type_on<hook::netns>,
                                          [&] { return describe(named); });
    if (!attach) return tl::unexpected{attach.error()};
    where.attach = *attach;
    auto subject = describe(where);
    if (auto what =
            mismatch(prog.type, type_on<hook::netns>(*attach), *attach, "a network namespace");
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
