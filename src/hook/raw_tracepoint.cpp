// SPDX-License-Identifier: Apache-2.0
#include "hook/raw_tracepoint.hpp"

#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/program.hpp>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

constexpr std::size_t longest_name = 127; // the kernel's buffer less the zero byte

finding is_not_a_name(attempt const& tried) {
    auto const name = tried.as<hook::raw_tracepoint>().name;
    bool const is_one =
        !name.empty() && name.size() <= longest_name && name.find('\0') == std::string_view::npos;
    return {is_one ? match::no : match::yes};
}

finding program_may_write(attempt const& tried) {
    auto const facts = detail::identify_program(tried.prog->fd, {});
    bool const may = !facts || facts->type == program_type::raw_tracepoint_writable;
    return {may ? match::unknown : match::no};
}

finding may_sleep_elsewhere(attempt const& tried) {
    auto const name = tried.as<hook::raw_tracepoint>().name;
    return name == "sys_enter" || name == "sys_exit" ? finding{match::no} : may_sleep(tried);
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "a tracepoint's name has 1 to 127 bytes", "",
            "bpf_raw_tp_link_attach", is_not_a_name},
};

constexpr auto causes = joined(
    std::array{
        refusal{ENOENT, errc::not_found, "no such tracepoint in this kernel or its loaded modules",
                "name it without its group, or load the module", "bpf_get_raw_tracepoint"},
    },
    raw_tracepoint_causes<hook::raw_tracepoint>,
    std::array{
        refusal{EINVAL, errc::invalid_argument, "the program reads past the tracepoint's arguments",
                "load it for the arguments that this kernel's tracepoint has",
                "__bpf_probe_register"},
        refusal{EINVAL, errc::invalid_argument,
                "the program writes where the tracepoint is not writable, or past that",
                "load one of type raw_tracepoint", "__bpf_probe_register", program_may_write},
        refusal{EINVAL, errc::invalid_argument,
                "the program sleeps, which only those of sys_enter and sys_exit may",
                "load one that does not", "bpf_raw_tp_link_attach", may_sleep_elsewhere},
    });

std::optional<any_hook> name_of(std::string_view, std::string_view rest) {
    if (rest.empty()) return std::nullopt;
    return hook::raw_tracepoint{.name = rest};
}

constexpr std::string_view which_tracepoint = "which tracepoint";

constexpr std::array sections{
    detail::section{"raw_tracepoint", "NAME", name_of, which_tracepoint},
    detail::section{"raw_tp", "NAME", name_of, which_tracepoint},
    detail::section{"raw_tracepoint.s", "NAME", name_of, which_tracepoint},
    detail::section{"raw_tp.s", "NAME", name_of, which_tracepoint},
    detail::section{"raw_tracepoint.w", "NAME", name_of, which_tracepoint},
    detail::section{"raw_tp.w", "NAME", name_of, which_tracepoint},
};

} // namespace

match hook_traits<hook::raw_tracepoint>::matches(link_info const& info) noexcept {
    return may_match_by_type<hook::raw_tracepoint>(info);
}

detail::hook_row const& hook_traits<hook::raw_tracepoint>::row() noexcept {
    static constexpr auto facts = row_for<hook::raw_tracepoint>({
        .asked_by = detail::probe{.program = program_type::raw_tracepoint},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::raw_tracepoint>::create(detail::borrowed_program prog,
                                                            hook::raw_tracepoint const& where) {
    std::string const zero_terminated{where.name};
    return open_raw_tracepoint(
        {
            .name = reinterpret_cast<std::uintptr_t>(zero_terminated.c_str()),
            .prog_fd = raw_fd(prog.fd),
            .padding = 0,
            .cookie = where.cookie.value(),
        },
        {.row = row(), .prog = &prog, .request = &where},
        [&] { return "tracepoint '" + zero_terminated + "'"; });
}

result<match> hook_traits<hook::raw_tracepoint>::is_at(hook::raw_tracepoint const& where,
                                                       located_link const& l) {
    if (details_of<hook::raw_tracepoint>(l).name != where.name) return match::no;
    // A link of tp_btf looks the same. By its own program that is told without CAP_SYS_ADMIN.
    if (l.prog) {
        auto const own = target_of(l.prog->fd);
        if (!own) return tl::unexpected{own.error()};
        if (own->id == l.info.program) return yes_or_no(detail::contains(program_types, own->type));
    }
    return target_of_running(l).map([](auto const& its) {
        return its ? yes_or_no(detail::contains(program_types, its->type)) : match::unknown;
    });
}

} // namespace bpflink
