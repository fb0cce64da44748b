// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/struct_ops.hpp>

#include <cerrno>

namespace bpflink {
namespace {

std::string advice_on(int outcome) {
    switch (-outcome) {
    case EINVAL:
        return "the map is not of type struct_ops, has no value yet, or is not made with "
               "BPF_F_LINK "
               "(\".struct_ops.link\"); or the kernel is before 6.4";
    case EEXIST: return "a table of that name is registered";
    case EPERM: return "CAP_BPF and CAP_NET_ADMIN are needed";
    default: return {};
    }
}

} // namespace

detail::hook_row const& hook_traits<hook::struct_ops>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
    };
    return facts;
}

result<unique_fd> hook_traits<hook::struct_ops>::create(detail::borrowed_program map,
                                                        hook::struct_ops const&) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(map.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::struct_ops);
    auto made = sys::link_create(attr);
    return created(std::move(made), operation::link_create, "struct_ops map at " + describe(map.fd),
                   advice_on(made.outcome()));
}

result<struct_ops_link> attach(map_ref const& map, hook::struct_ops const& where) {
    return hook_traits<hook::struct_ops>::create({.fd = map.fd()}, where).map([](unique_fd&& fd) {
        return detail::access::make_typed<hook::struct_ops>(
            detail::access::make_link(std::move(fd)));
    });
}

} // namespace bpflink
