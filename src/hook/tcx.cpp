// SPDX-License-Identifier: Apache-2.0
#include "hook/device.hpp"
#include "hook/place.hpp"

namespace bpflink {
namespace {

constexpr auto causes = joined(device_place_causes, order_causes, device_causes);

constexpr std::array sections{
    detail::section{.kind = "tcx/ingress", .lacks = "which interface"},
    detail::section{.kind = "tcx/egress", .lacks = "which interface"},
    detail::section{.kind = "tc/ingress", .lacks = "which interface"},
    detail::section{.kind = "tc/egress", .lacks = "which interface"},
    detail::section{.kind = "tc", .lacks = "which interface, and ingress or egress"},
    detail::section{.kind = "classifier", .lacks = "which interface, and ingress or egress"},
};

} // namespace

std::string describe(hook::tcx const& where) {
    return describe_device(where.ifindex, where.attach);
}

result<opened_place> open_place(hook::tcx const& where) {
    return opened_place{where.ifindex.value()};
}

detail::squatter detail::without_link(borrowed_program const& what, hook::tcx const& where) {
    return own_without_link(what, where);
}

detail::hook_row const& hook_traits<hook::tcx>::row() noexcept {
    static constexpr auto facts = row_for<hook::tcx>({
        .asked_by = detail::probe{.program = program_type::sched_cls,
                                  .attach = attach_type::tcx_ingress,
                                  .known = ENODEV},
        .mistakes = typed_mistakes,
        .causes = causes,
        .query_causes = device_place_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::tcx>::create(detail::borrowed_program prog,
                                                 hook::tcx const& where) {
    return attach_typed(prog, where);
}

result<match> hook_traits<hook::tcx>::is_at(hook::tcx const& where, located_link const& l) {
    return is_at_device(where, l);
}

} // namespace bpflink
