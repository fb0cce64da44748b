// SPDX-License-Identifier: Apache-2.0
#include "hook/device.hpp"
#include "hook/place.hpp"

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

/// A security module that has a say would refuse to ask about no device, too.
finding device_refuses(attempt const& tried) {
    uapi::prog_query_attr nowhere{};
    nowhere.attach_type = static_cast<std::uint32_t>(*tried.as<typed_request>().attach);
    return {sys::prog_query(nowhere) == -ENODEV ? match::yes : match::unknown};
}

constexpr auto place_causes = joined(
    device_place_causes,
    std::array{
        refusal{ENODEV, errc::not_found, "the netkit device has no peer any more", "",
                "netkit_dev_fetch"},
        refusal{ENXIO, errc::not_found, "the interface is not a netkit device", "",
                "netkit_dev_fetch"},
        refusal{EACCES, errc::invalid_argument, "the interface is the peer of a netkit device",
                "name the primary device", "netkit_dev_fetch", device_refuses},
        refusal{EOPNOTSUPP, errc::not_supported,
                "the netkit device is a single one, which takes no programs", "use a pair",
                "netkit_dev_fetch"},
    });
constexpr auto causes = joined(place_causes, order_causes, device_causes);

constexpr std::array sections{
    detail::section{.kind = "netkit/primary", .lacks = "which interface"},
    detail::section{.kind = "netkit/peer", .lacks = "which interface"},
};

} // namespace

std::string describe(hook::netkit const& where) {
    return describe_device(where.ifindex, where.attach);
}

result<opened_place> open_place(hook::netkit const& where) {
    return opened_place{where.ifindex.value()};
}

detail::squatter detail::without_link(borrowed_program const& what, hook::netkit const& where) {
    return own_without_link(what, where);
}

detail::hook_row const& hook_traits<hook::netkit>::row() noexcept {
    static constexpr auto facts = row_for<hook::netkit>({
        .asked_by = detail::probe{.program = program_type::sched_cls,
                                  .attach = attach_type::netkit_primary,
                                  .known = ENODEV},
        .mistakes = typed_mistakes,
        .causes = causes,
        .query_causes = place_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::netkit>::create(detail::borrowed_program prog,
                                                    hook::netkit const& where) {
    return attach_typed(prog, where);
}

result<match> hook_traits<hook::netkit>::is_at(hook::netkit const& where, located_link const& l) {
    return is_at_device(where, l);
}

} // namespace bpflink
