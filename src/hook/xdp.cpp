// SPDX-License-Identifier: Apache-2.0
#include "hook/row.hpp"

#include <bpflink/hook/xdp.hpp>

#include <array>
#include <cerrno>
#include <string>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

hook::xdp const& where_of(attempt const& tried) {
    return tried.as<hook::xdp>();
}

std::string describe(hook::xdp const& where) {
    return "interface " + std::to_string(where.ifindex.value());
}

finding interface_is_gone(attempt const& tried) {
    std::array<char, 16> name;
    int const outcome = sys::interface_name(where_of(tried).ifindex.value(), name);
    return {outcome == -ENODEV ? match::yes : outcome < 0 ? match::unknown : match::no};
}

finding several_modes(attempt const& tried) {
    auto const mode = static_cast<unsigned>(where_of(tried).mode);
    auto const known = static_cast<unsigned>(xdp_mode::generic) |
                       static_cast<unsigned>(xdp_mode::driver) |
                       static_cast<unsigned>(xdp_mode::offload);
    bool const is_one = (mode & (mode - 1)) == 0 && (mode & ~known) == 0;
    return {is_one ? match::no : match::yes};
}

finding driver_has_no_such_mode(attempt const& tried) {
    auto const mode = where_of(tried).mode;
    bool const is_forced = mode == xdp_mode::driver || mode == xdp_mode::offload;
    return {is_forced ? match::yes : match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "dev_xdp_attach",
            loaded_for_another},
    refusal{EINVAL, errc::invalid_argument, "the mode is not one of xdp_mode", "name one mode",
            "dev_xdp_attach", several_modes},
};

constexpr std::array causes{
    refusal{EBUSY, errc::hook_busy, "another XDP program is on the interface",
            "update its link, or detach it", "dev_xdp_attach"},
    refusal{EEXIST, errc::already_exists, "the interface runs XDP in another mode",
            "attach in that mode", "dev_xdp_attach"},
    refusal{EOPNOTSUPP, errc::not_supported, "the driver has no XDP in this mode",
            "try xdp_mode::generic", "dev_xdp_install", driver_has_no_such_mode},
    refusal{EOPNOTSUPP, errc::not_supported, "the interface takes no XDP program", "",
            "dev_xdp_install"},
    refusal{EINVAL, errc::not_found, "no such interface in this network namespace", "",
            "bpf_xdp_link_attach", interface_is_gone},
};

} // namespace

detail::hook_row const& hook_traits<hook::xdp>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::xdp},
        .needs = {detail::capability::net_admin, detail::capability::bpf},
        .mistakes = mistakes,
        .causes = causes,
    };
    return facts;
}

result<unique_fd> hook_traits<hook::xdp>::create(detail::borrowed_program prog,
                                                 hook::xdp const& where) {
    return create_link(
        {
            .prog_fd = raw_fd(prog.fd),
            .target = where.ifindex.value(),
            .attach_type = static_cast<std::uint32_t>(attach_type::xdp),
            .flags = static_cast<std::uint32_t>(where.mode),
            .bytes = {},
        },
        {.row = &row(), .prog = &prog, .request = &where}, [&] { return describe(where); });
}

} // namespace bpflink
