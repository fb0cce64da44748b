// SPDX-License-Identifier: Apache-2.0
#include "hook/sockmap.hpp"

#include "hook/create.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <cerrno>

namespace bpflink {

std::string describe(hook::sockmap const& where) {
    return with_attach_type("map " + describe(where.map.fd()), where.attach);
}

bool is_sockmap(fd_view map) noexcept {
    constexpr std::uint32_t sockmap = 15; // BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH
    constexpr std::uint32_t sockhash = 18;
    std::uint32_t type = 0; // the head of struct bpf_map_info
    std::uint32_t size = sizeof type;
    return sys::obj_get_info(map.get(), &type, size) == 0 && (type == sockmap || type == sockhash);
}

detail::hook_row const& hook_traits<hook::sockmap>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::sk_skb,
                                  .expected = attach_type::sk_skb_verdict,
                                  .attach = attach_type::sk_skb_verdict,
                                  .known = EBADF},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::sockmap>::create(detail::borrowed_program prog,
                                                     hook::sockmap const& named) {
    auto where = named;
    auto const attach = attach_type_meant(named.attach, prog, type_on<hook::sockmap>,
                                          [&] { return describe(named); });
    if (!attach) return tl::unexpected{attach.error()};
    where.attach = *attach;
    auto subject = describe(where);
    if (auto what = mismatch(prog.type, type_on<hook::sockmap>(*attach), *attach, "a sockmap");
        !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    std::move(what));
    auto made = sys::link_create({
        .prog_fd = raw_fd(prog.fd),
        .target = raw_fd(where.map.fd()),
        .attach_type = static_cast<std::uint32_t>(*attach),
        .flags = 0,
        .bytes = {},
    });
    int const outcome = made.outcome();
    auto const refused = [&](errc condition, char const* advice) {
        return fail(outcome, operation::link_create, condition, std::move(subject), advice);
    };
    switch (-outcome) {
    case EBUSY:
        return refused(errc::hook_busy, "another program is there, or the other kind of verdict");
    case EINVAL:
        if (!is_sockmap(where.map.fd()))
            return refused(errc::invalid_argument, "the map is neither a sockmap nor a sockhash");
        return refused(errc::not_supported, "this kernel has no links of sockmaps");
    case EOPNOTSUPP: return refused(errc::not_supported, "this kernel has no stream parsers");
    case EPERM: return refused(errc::permission_denied, "CAP_NET_ADMIN and CAP_BPF are needed");
    default: return created(std::move(made), operation::link_create, std::move(subject));
    }
}

} // namespace bpflink
