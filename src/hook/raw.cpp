// SPDX-License-Identifier: Apache-2.0
#include "hook/cgroup.hpp"
#include "hook/create.hpp"
#include "hook/netkit.hpp"
#include "hook/netns.hpp"
#include "hook/sockmap.hpp"
#include "hook/tcx.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/hook/attach.hpp>

#include <cerrno>

namespace bpflink::detail {
namespace {

template <class... Types>
bool is_of(attach_type attach, Types... takes) noexcept {
    return (... || (takes(attach) != program_type::unspec));
}

/// What the kernel takes the target's number for; the others take either, or nothing.
bool takes_descriptor(attach_type attach) noexcept {
    return attach == attach_type::perf_event ||
           is_of(attach, type_on<hook::cgroup>, type_on<hook::netns>, type_on<hook::sockmap>);
}
bool takes_interface(attach_type attach) noexcept {
    return attach == attach_type::xdp || is_of(attach, type_on<hook::tcx>, type_on<hook::netkit>);
}

} // namespace

result<unique_fd> create_raw(borrowed_program prog, hook::raw const& where) {
    auto const attach = where.attach ? where.attach : prog.expected;
    if (!attach)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, "any attach type",
                    "name the attach type: the one that the program was loaded for is not known");
    // What is given as the other kind, or not at all, is none of the kind.
    auto const* const fd = std::get_if<fd_view>(&where.target);
    auto const* const index = std::get_if<ifindex>(&where.target);
    auto const descriptor = takes_interface(*attach)    ? result<nonzero_fd>{}
                            : fd                        ? nonzero_fd::of(*fd)
                            : takes_descriptor(*attach) ? nonzero_fd::of(fd_view{})
                                                        : result<nonzero_fd>{};
    if (!descriptor) return tl::unexpected{descriptor.error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = index && !takes_descriptor(*attach) ? index->value() : descriptor->number();
    attr.attach_type = static_cast<std::uint32_t>(*attach);
    attr.flags = where.flags;
    if (where.btf) attr.target_btf_id = where.btf->value();
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    std::string advice;
    if (outcome == -EINVAL)
        advice = "the program's type or expected attach type does not go with it, or this kernel "
                 "does not have it";
    return created(std::move(made), operation::link_create, "attach type " + to_string(*attach),
                   std::move(advice));
}

} // namespace bpflink::detail
