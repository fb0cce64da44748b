// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/xdp_words.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/detail/read_info.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/lifecycle/ensure.hpp>
#include <bpflink/program.hpp>
#include <bpflink/query.hpp>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

hook::xdp const& where_of(attempt const& tried) {
    return tried.as<hook::xdp>();
}

std::uint32_t index_of(attempt const& tried) {
    return where_of(tried).ifindex.value();
}

bool is_mode(attempt const& tried, xdp_mode mode) {
    return where_of(tried).mode == mode;
}

/// Whether a driver may have been asked: in mode automatic it depends on the driver.
bool is_for_the_driver(attempt const& tried) {
    return is_mode(tried, xdp_mode::automatic) || is_mode(tried, xdp_mode::driver);
}

std::string describe(hook::xdp const& where) {
    return "interface " + std::to_string(where.ifindex.value());
}

/// The programs of an interface with their modes, in the order in which they run.
std::array<std::pair<std::uint32_t, xdp_mode>, 3> in_order(sys::xdp_programs const& all) {
    return {{{all.offload, xdp_mode::offload},
             {all.driver, xdp_mode::driver},
             {all.generic, xdp_mode::generic}}};
}

std::string_view name_of(xdp_mode mode) {
    switch (mode) {
    case xdp_mode::automatic: return "automatic";
    case xdp_mode::generic: return "generic";
    case xdp_mode::driver: return "driver";
    case xdp_mode::offload: return "offload";
    }
    return "mode unknown";
}

/// The programs on the interface, by netlink; unknown where it could not be asked.
struct seen {
    match any = match::unknown;
    int number = 0;
    std::string first = "a program";     // "program 7 (generic)"
    xdp_mode mode = xdp_mode::automatic; // of the first
};

/// @param mode  of the programs that count; automatic: each
seen programs_there(attempt const& tried, xdp_mode mode = xdp_mode::automatic) {
    sys::xdp_programs all{};
    seen found;
    if (sys::xdp_query(index_of(tried), all) < 0) return found;
    found.any = match::no;
    for (auto const& [id, own] : in_order(all)) {
        if (id == 0 || (mode != xdp_mode::automatic && mode != own)) continue;
        if (found.number++ == 0) {
            found.first = "program " + std::to_string(id) + " (" + std::string{name_of(own)} + ")";
            found.mode = own;
        }
        found.any = match::yes;
    }
    return found;
}

// Looks at the request

finding several_modes(attempt const& tried) {
    auto const mode = static_cast<unsigned>(where_of(tried).mode);
    auto const known = static_cast<unsigned>(xdp_mode::generic) |
                       static_cast<unsigned>(xdp_mode::driver) |
                       static_cast<unsigned>(xdp_mode::offload);
    bool const is_one = (mode & (mode - 1)) == 0 && (mode & ~known) == 0;
    return {is_one ? match::no : match::yes};
}

// Looks at what is there

finding interface_is_gone(attempt const& tried) {
    std::array<char, 16> name;
    int const outcome = sys::interface_name(index_of(tried), name);
    return {outcome == -ENODEV ? match::yes : outcome < 0 ? match::unknown : match::no};
}

finding program_without_link(attempt const& tried) {
    auto const there = programs_there(tried, where_of(tried).mode);
    if (there.any == match::no) return {match::no};
    int const outcome = sys::xdp_replace_by_itself(index_of(tried), tried.prog->fd.get(),
                                                   static_cast<unsigned>(where_of(tried).mode));
    if (outcome == -EBUSY) return {match::no};
    // The kernel says the same where a link, and its program, went in between.
    auto const still = programs_there(tried, where_of(tried).mode);
    if (still.any == match::no) return {match::no};
    return {outcome == -EEXIST || outcome == 0 ? match::yes : match::unknown, there.first};
}

/// After program_without_link.
finding program_with_link(attempt const& tried) {
    auto const there = programs_there(tried, where_of(tried).mode);
    return {there.any == match::no ? match::no : match::unknown, there.first};
}

/// It may be one of several.
finding other_than_a_program(attempt const& tried) {
    auto const there = programs_there(tried, where_of(tried).mode);
    return {there.any == match::yes ? match::no : match::unknown};
}

finding queues_of_the_stack(attempt const& tried) {
    return is_for_the_driver(tried) ? other_than_a_program(tried) : finding{match::no};
}

/// One on the device itself goes with any other.
finding program_in_other_mode(attempt const& tried) {
    if (is_mode(tried, xdp_mode::offload)) return {match::no};
    for (auto const other : {xdp_mode::driver, xdp_mode::generic}) {
        if (is_mode(tried, other)) continue;
        auto const there = programs_there(tried, other);
        if (there.any != match::no) return {there.any, there.first};
    }
    return {match::no};
}

finding neighbour(attempt const& tried, sys::side where) {
    std::array<char, 16> name;
    int const outcome = sys::neighbour_with_xdp(index_of(tried), where, name);
    if (outcome == 1) return {match::yes, name.data()};
    return {outcome == 0 ? match::no : match::unknown, "a device"};
}

finding program_above(attempt const& tried) {
    auto found = neighbour(tried, sys::side::above);
    if (found.is == match::no) found.is = match::unknown; // it may be in another namespace
    return found;
}

/// Whether the interface is a device of this kind, and its driver may have been asked.
match is_driver(attempt const& tried, std::string_view kind) {
    if (!is_for_the_driver(tried)) return match::no;
    sys::interface_facts facts{};
    if (sys::interface_facts_of(index_of(tried), facts) < 0) return match::unknown;
    return facts.kind == kind ? match::yes : match::no;
}

finding port_with_program(attempt const& tried) {
    if (is_driver(tried, "bond") == match::no) return {match::no};
    return neighbour(tried, sys::side::below);
}

finding bond_without_xdp(attempt const& tried) {
    return {is_driver(tried, "bond") == match::no ? match::no : match::unknown};
}

finding veth_with_few_queues(attempt const& tried) {
    return {is_driver(tried, "veth")};
}

finding programs_in_several_modes(attempt const& tried) {
    if (!is_mode(tried, xdp_mode::automatic)) return {match::no};
    auto const there = programs_there(tried);
    if (there.any == match::unknown) return {};
    return {there.number > 1 ? match::yes : match::no};
}

finding loaded_for_elsewhere(attempt const& tried) {
    bool const is_known = tried.prog->expected || tried.prog->loaded_for_none; // and right
    int const outcome = sys::prog_test_run_on_nothing(tried.prog->fd.get());
    // One that is bound to this very device may be refused for another reason.
    if (outcome == -EINVAL) return {is_known ? match::unknown : match::yes};
    return {outcome == -EFAULT && is_known ? match::no : match::unknown};
}

// Looks at who was asked. Those that it may be say that they do not know.

finding asked_the_device(attempt const& tried) {
    return {is_mode(tried, xdp_mode::offload) ? match::unknown : match::no};
}

finding asked_the_driver(attempt const& tried) {
    return {is_for_the_driver(tried) ? match::unknown : match::no};
}

/// After veth_with_few_queues.
finding asked_another_driver(attempt const& tried) {
    return {is_driver(tried, "veth") == match::yes ? match::no : asked_the_driver(tried).is};
}

finding forced_the_driver(attempt const& tried) {
    return {is_mode(tried, xdp_mode::driver) ? match::unknown : match::no};
}

finding asked_generic_with_maps(attempt const& tried) {
    if (!is_mode(tried, xdp_mode::automatic) && !is_mode(tried, xdp_mode::generic))
        return {match::no};
    uapi::program_info_start info{};
    std::uint32_t size = sizeof info;
    int const outcome = sys::obj_get_info(tried.prog->fd.get(), &info, size);
    return {outcome >= 0 && info.nr_map_ids == 0 ? match::no : match::unknown};
}

// Looks at the next program of a link

bool is_for_xdp(attempt const& tried) {
    auto const next = detail::identify_program(tried.prog->fd, {});
    return !next || next->type == program_type::xdp;
}

finding next_is_for_elsewhere(attempt const& tried) {
    if (!is_for_xdp(tried)) return {match::no};
    switch (sys::prog_test_run_on_nothing(tried.prog->fd.get())) {
    case -EINVAL: return {match::yes};
    case -EFAULT: return {match::no};
    default: return {};
    }
}

/// Whether a driver may have been asked. In generic mode none is.
finding next_asked_the_driver(attempt const& tried) {
    if (!is_for_xdp(tried)) return {match::no};
    auto const info = detail::read_info(tried.as<update_request>().link);
    auto const* const on = info ? std::get_if<xdp_details>(&info->details) : nullptr;
    sys::xdp_programs all{};
    if (!on || sys::xdp_query(on->ifindex.value(), all) < 0) return {};
    return {all.generic == info->program.value() ? match::no : match::unknown};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "dev_xdp_attach",
            loaded_for_another},
    refusal{EINVAL, errc::invalid_argument, "the mode is not one of xdp_mode", "name one mode",
            "dev_xdp_attach", several_modes},
};

constexpr std::string_view as_set_up =
    "the driver refuses it as the device is set up: MTU, offloads such as LRO, or queues";
constexpr std::string_view set_up_or_generic = "change those, or use xdp_mode::generic";
constexpr std::string_view no_offload =
    "the device does not offload XDP, or the program was not loaded for it";
constexpr std::string_view not_offload = "use another mode";

constexpr std::string_view large_mtu =
    "the MTU of the interface, or of its peer, is too large for a program without frags";
constexpr std::string_view memory_of_its_own =
    "the device splits headers from data, or its receive queues have memory of their own";
constexpr std::string_view no_memory_of_its_own =
    "ethtool -G DEV tcp-data-split off, or load the program with frags";
constexpr std::string_view no_peer = "the interface is a veth without its peer";

constexpr std::array causes{
    refusal{EBUSY, errc::hook_busy, "{}, which has no link, is there",
            "ip link set DEV xdp off; in a forced mode, DEV xdpgeneric, xdpdrv or xdpoffload off",
            "dev_xdp_attach", program_without_link},
    refusal{EBUSY, errc::hook_busy, "another XDP program is there by a link: {}",
            "update that link, or detach it", "dev_xdp_attach", program_with_link},
    refusal{EBUSY, errc::hook_busy, memory_of_its_own, no_memory_of_its_own, "dev_xdp_install",
            other_than_a_program},
    refusal{EBUSY, errc::hook_busy, "XDP would take queues that the driver keeps for the system",
            "use xdp_mode::generic", "enetc_setup_xdp_prog", queues_of_the_stack},
    refusal{EEXIST, errc::already_exists, "{} runs on the interface in another mode",
            "detach its link; without one, ip link set DEV xdpgeneric (xdpdrv, xdpoffload) off",
            "dev_xdp_attach", program_in_other_mode},
    refusal{EEXIST, errc::hook_busy, "{}, above it, has an XDP program",
            "remove that program, or attach to that device", "dev_xdp_attach", program_above},
    refusal{ERANGE, errc::not_supported, large_mtu,
            "lower it, load the program with frags (SEC(\"xdp.frags\")), or use xdp_mode::generic",
            "veth_xdp_set"},
    refusal{ENOTCONN, errc::not_supported, no_peer, "use xdp_mode::generic", "veth_xdp_set"},
    refusal{ENOSPC, errc::not_supported,
            "the veth has fewer receive queues than its peer has transmit queues",
            "ethtool -L DEV rx NUMBER, or use xdp_mode::generic", "veth_xdp_set",
            veth_with_few_queues},
    refusal{ENOSPC, errc::not_supported, "the driver has no transmit queue left for XDP",
            "ethtool -L DEV combined NUMBER with fewer, or use xdp_mode::generic",
            "idpf_xdp_setup_prog", asked_another_driver},
    refusal{EOPNOTSUPP, errc::not_supported, "{}, a port of the bond, has an XDP program",
            "remove that program, or use xdp_mode::generic", "bond_xdp_set", port_with_program},
    refusal{EOPNOTSUPP, errc::not_supported,
            "the bond has no XDP in its bonding mode, or the driver of a port has none",
            "use xdp_mode::generic", "bond_xdp_set", bond_without_xdp},
    refusal{EOPNOTSUPP, errc::not_supported, no_offload, not_offload, "dev_xdp_install",
            asked_the_device},
    refusal{EOPNOTSUPP, errc::not_supported, "the driver has no XDP", "use xdp_mode::generic",
            "dev_xdp_attach", forced_the_driver},
    refusal{EOPNOTSUPP, errc::not_supported, as_set_up, set_up_or_generic, "dev_xdp_install",
            asked_the_driver},
    refusal{EINVAL, errc::not_found, "no such interface in this network namespace", "",
            "bpf_xdp_link_attach", interface_is_gone},
    refusal{EINVAL, errc::invalid_argument, "programs are there in several modes", "name the mode",
            "dev_xdp_attach", programs_in_several_modes},
    refusal{EINVAL, errc::invalid_argument,
            "the program was loaded for a devmap, a cpumap or a single device",
            "load it for attach type xdp, or attach to that device in xdp_mode::driver",
            "dev_xdp_attach", loaded_for_elsewhere},
    refusal{EINVAL, errc::not_supported, no_offload, not_offload, "dev_xdp_install",
            asked_the_device},
    refusal{EINVAL, errc::not_supported, as_set_up, set_up_or_generic, "dev_xdp_install",
            asked_the_driver},
    refusal{EINVAL, errc::not_supported,
            "the program uses a devmap or a cpumap, which generic mode takes since 5.14",
            "use xdp_mode::driver", "generic_xdp_install", asked_generic_with_maps},
};

// Of the next program of a link.
constexpr std::array update_causes{
    refusal{ERANGE, errc::not_supported, large_mtu, "lower it, or load the program with frags",
            "veth_xdp_set"},
    refusal{EOPNOTSUPP, errc::not_supported, as_set_up, "change those, or load it with frags",
            "bpf_xdp_link_update"},
    refusal{EBUSY, errc::hook_busy, memory_of_its_own, no_memory_of_its_own, "dev_xdp_install"},
    refusal{ENOTCONN, errc::not_supported, no_peer, "", "veth_xdp_set"},
    refusal{EINVAL, errc::invalid_argument,
            "the program was loaded for the expected attach type of a devmap or a cpumap, or for a "
            "single device",
            "load it for attach type xdp", "bpf_xdp_link_update", next_is_for_elsewhere},
    refusal{EINVAL, errc::not_supported, as_set_up, "change those, or load it with frags",
            "bpf_xdp_link_update", next_asked_the_driver},
};

constexpr std::array query_causes{
    refusal{ENODEV, errc::not_found, "no such interface in this network namespace", "",
            "dev_ifname"},
    refusal{EPERM, errc::permission_denied,
            "a security module, or a filter of system calls, refuses netlink", "ask its log",
            "security_socket_create", always},
    refusal{EACCES, errc::permission_denied, "a security module refuses netlink", "ask its log",
            "security_socket_create", always},
    refusal{EAFNOSUPPORT, errc::not_supported,
            "the process may not use netlink, or the kernel does not have it",
            "allow AF_NETLINK (systemd: RestrictAddressFamilies=)", "__sock_create"},
};

/// Whether the kernel's own words may tell more: the cause is open, and not one of this process.
bool may_say_more(error const& e) {
    switch (e.code().value()) {
    case E2BIG:
    case EBADF:
    case EFAULT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSYS: return false;
    default: return e == errc::not_supported || e == errc{};
    }
}

constexpr std::array sections{
    detail::section{.kind = "xdp", .lacks = "which interface"},
    detail::section{.kind = "xdp.frags", .lacks = "which interface"},
    detail::section{.kind = "xdp/devmap", .no_link = "an entry of a devmap runs it"},
    detail::section{.kind = "xdp/cpumap", .no_link = "an entry of a cpumap runs it"},
    detail::section{.kind = "xdp.frags/devmap", .no_link = "an entry of a devmap runs it"},
    detail::section{.kind = "xdp.frags/cpumap", .no_link = "an entry of a cpumap runs it"},
};

} // namespace

detail::squatter detail::without_link(borrowed_program const& what, hook::xdp const& where) {
    auto asked = where; // one in another mode has the place too
    asked.mode = programs_there({.prog = &what, .request = &where}).mode;
    auto found = program_without_link({.prog = &what, .request = &asked});
    if (found.is != match::yes) return {};
    return {match::yes, std::move(found.what) + " is there without a link"};
}

detail::hook_row const& hook_traits<hook::xdp>::row() noexcept {
    static constexpr auto facts = row_for<hook::xdp>({
        .asked_by = detail::probe{.program = program_type::xdp},
        .mistakes = mistakes,
        .causes = causes,
        .update_causes = update_causes,
        .query_causes = query_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::xdp>::create(detail::borrowed_program prog,
                                                 hook::xdp const& where) {
    uapi::link_create_attr const request{
        .prog_fd = raw_fd(prog.fd),
        .target = where.ifindex.value(),
        .attach_type = static_cast<std::uint32_t>(attach_type::xdp),
        .flags = static_cast<std::uint32_t>(where.mode),
        .bytes = {},
    };
    auto made = create_link(request, {.row = row(), .prog = &prog, .request = &where},
                            [&] { return describe(where); });
    if (made || !may_say_more(made.error())) return made;
    auto again = attach_and_listen(request);
    if (!again) return made;
    if (again->made) return std::move(again->made);
    bool const is_the_same = again->made.outcome() == -made.error().code().value();
    if (is_the_same && !again->words.empty())
        made.error().add_advice("the kernel says \"" + again->words + "\"");
    return made;
}

result<hook_query> query(hook::xdp const& where) {
    std::uint32_t const index = where.ifindex.value();
    sys::xdp_programs all{};
    hook_query answer;
    int outcome = sys::xdp_query(index, all);
    for (auto const& [id, mode] : in_order(all))
        if (id != 0) answer.entries.push_back({program_id{id}, std::nullopt, mode});
    // netlink tells nothing of a missing interface.
    std::array<char, 16> name;
    if (outcome >= 0 && answer.entries.empty()) outcome = sys::interface_name(index, name);
    if (outcome >= 0) return answer;
    auto const& row = hook_traits<hook::xdp>::row();
    return refuse(outcome, operation::prog_query, describe(where), {.row = row, .request = &where},
                  {row.query_causes, usual_causes()});
}

result<match> hook_traits<hook::xdp>::is_at(hook::xdp const& where, located_link const& l) {
    if (details_of<hook::xdp>(l).ifindex != where.ifindex) return match::no;
    return is_on_this_interface(where, l);
}

} // namespace bpflink
