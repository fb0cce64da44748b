// SPDX-License-Identifier: Apache-2.0

// The two hooks that Windows has: the driver's call as it is, and XDP.

#include "border/sys.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal attach_type_is_missing{
    EINVAL, errc::invalid_argument, "the attach type that the program was loaded for is not known",
    "name the attach type", ""};
constexpr refusal has_no_descriptors{EOPNOTSUPP, errc::not_supported,
                                     "eBPF for Windows attaches to no descriptor",
                                     "give a number: an interface, or a compartment", ""};
constexpr refusal has_no_types{EOPNOTSUPP, errc::not_supported,
                               "eBPF for Windows replaces no function of a program", "", ""};
constexpr refusal has_no_modes{EOPNOTSUPP, errc::not_supported,
                               "eBPF for Windows has no modes of XDP", "take the automatic one",
                               ""};

result<unique_fd> attach_to(detail::borrowed_program const& prog, attach_type attach,
                            std::uint32_t target, std::uint32_t flags, std::string subject) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = target;
    attr.attach_type = static_cast<std::uint32_t>(attach);
    attr.flags = flags;
    auto made = sys::link_create(attr);
    if (made) return made;
    return refuse(made.outcome(), operation::link_create, std::move(subject), {}, {});
}

} // namespace

result<unique_fd> detail::create_raw(borrowed_program prog, hook::raw const& where) {
    auto const attach = where.attach ? where.attach : prog.expected;
    std::string subject = attach ? "attach type " + to_string(*attach) : "any attach type";
    refusal const* const wrong = !attach ? &attach_type_is_missing
                                 : std::holds_alternative<fd_view>(where.target)
                                     ? &has_no_descriptors
                                 : where.btf ? &has_no_types
                                             : nullptr;
    if (wrong) return refuse_by(*wrong, {}, operation::link_create, std::move(subject));
    auto const* const index = std::get_if<ifindex>(&where.target);
    return attach_to(prog, *attach, index ? index->value() : 0, where.flags, std::move(subject));
}

detail::hook_row const& hook_traits<hook::xdp>::row() noexcept {
    static constexpr detail::hook_row row = row_for<hook::xdp>({});
    return row;
}

result<unique_fd> hook_traits<hook::xdp>::create(detail::borrowed_program prog,
                                                 hook::xdp const& where) {
    auto subject = "interface " + std::to_string(where.ifindex.value());
    if (where.mode != xdp_mode::automatic)
        return refuse_by(has_no_modes, {}, operation::link_create, std::move(subject));
    return attach_to(prog, attach_type::xdp, where.ifindex.value(), 0, std::move(subject));
}

result<match> hook_traits<hook::xdp>::is_at(hook::xdp const& where, detail::located_link const& l) {
    auto const* const at = std::get_if<xdp_details>(&l.info.details);
    return at && at->ifindex == where.ifindex ? match::yes : match::no;
}

} // namespace bpflink
