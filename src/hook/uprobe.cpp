// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/user_places.hpp"
#include "info/netns_of.hpp"

#include <bpflink/hook/uprobe.hpp>

#include <array>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

std::string describe(hook::uprobe const& where) {
    std::string text = where.retprobe ? "uretprobe " : "uprobe ";
    text += std::string{where.binary} + ":";
    if (where.symbol.empty()) return text + std::to_string(where.offset);
    text += where.symbol;
    return where.offset == 0 ? text : text + "+" + std::to_string(where.offset);
}

/// Newer kernels let nobody else probe a file by a perf event, whatever perf_event_paranoid says.
/// @kernel kernel/events/core.c, perf_uprobe_event_init(); read at v5.10 and v7.1
finding administrator_is_missing(match profiler_is_missing) {
    constexpr std::array all{detail::capability::sys_admin}, part{detail::capability::perfmon};
    auto const missing = missing_of(all);
    if (missing.is != match::yes) return missing;
    return yes_if(missing_of(part).is == profiler_is_missing);
}

finding administrator_alone_is_missing(attempt const&) {
    return administrator_is_missing(match::no);
}

finding both_are_missing(attempt const&) {
    return administrator_is_missing(match::yes);
}

constexpr std::string_view run_or_take_multi =
    "run with it, or attach by hook::uprobe_multi (6.6), which asks for neither";

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_prog_attach_check_attach_type", probe_loaded_for_another},
};

constexpr auto opening = joined(
    unit_causes, place_causes,
    std::array{
        refusal{EACCES, errc::permission_denied,
                "CAP_SYS_ADMIN is missing, which newer kernels (6.18) ask for beside CAP_PERFMON",
                run_or_take_multi, "perf_uprobe_event_init", administrator_alone_is_missing},
        refusal{EACCES, errc::permission_denied,
                "CAP_PERFMON is missing, or CAP_SYS_ADMIN, which newer kernels (6.18) ask for",
                run_or_take_multi, "perf_uprobe_event_init", both_are_missing},
        refusal{E2BIG, errc::invalid_argument, "the file's path is longer than the kernel takes",
                "attach by a shorter one", "perf_uprobe_init", always},
        refusal{EOPNOTSUPP, errc::not_supported, "this processor's code takes no probes here", "",
                "arch_uprobe_analyze_insn"},
        refusal{ETXTBSY, errc{},
                "no path leads to the file that was opened: it was removed, or replaced twice "
                "meanwhile",
                "attach again", "create_local_trace_uprobe"},
    },
    opening_causes);

constexpr auto causes = joined(probe_link_causes, event_link_causes);

std::optional<any_hook> function_of(std::string_view kind, std::string_view rest) {
    auto const parts = split(rest, ':');
    if (!parts) return std::nullopt;
    // C++ has names with a plus in them.
    auto const place = with_offset(parts->second).value_or(name_and_offset{parts->second});
    if (place.name.empty()) return std::nullopt;
    return hook::uprobe{.binary = parts->first,
                        .symbol = place.name,
                        .offset = place.offset,
                        .retprobe = kind.starts_with("uret")};
}

constexpr std::string_view which_function = "which function of which file";

constexpr std::array sections{
    detail::section{"uprobe", "FILE:FUNCTION[+OFFSET]", function_of, which_function},
    detail::section{"uprobe.s", "FILE:FUNCTION[+OFFSET]", function_of, which_function},
    detail::section{"uretprobe", "FILE:FUNCTION", function_of, which_function},
    detail::section{"uretprobe.s", "FILE:FUNCTION", function_of, which_function},
};

} // namespace

match hook_traits<hook::uprobe>::matches(link_info const& info) noexcept {
    return matches_event<perf_uprobe>(info, match::no);
}

detail::hook_row const& hook_traits<hook::uprobe>::row() noexcept {
    static constexpr auto facts = row_for<hook::uprobe>({
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF,
                                  .pmu = "uprobe"},
        .needs = {detail::capability::perfmon},
        .mistakes = mistakes,
        .opening = opening,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

namespace {

/// @param symbol  none, or the one that `where` names
named_places places_of(hook::uprobe const& where, std::span<std::string_view const> symbol) {
    return {where.binary, symbol,       {&where.offset, 1},     where.indirect,
            {},           where.unique, where.debug_directories};
}

} // namespace

result<unique_fd> hook_traits<hook::uprobe>::create(detail::borrowed_program prog,
                                                    hook::uprobe const& where) {
    std::string subject = describe(where);
    user_request request{.ref_ctr_offsets = {}};
    attempt const tried{.row = row(), .prog = &prog, .request = &request};
    if (auto clear = check(tried, mistakes, operation::link_create, [&] { return subject; });
        !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const process = checked_process(where.pid, operation::perf_event_open, subject);
    if (!process) return tl::unexpected{process.error()};
    std::span const symbol{&where.symbol, where.symbol.empty() ? 0U : 1U};
    std::uint64_t const counter = where.ref_ctr_offset;
    // The kernel keeps a path, and opens it by itself: it may have become another file's.
    constexpr int attempts = 2;
    for (int attempt = 0; attempt != attempts; ++attempt) {
        auto const found =
            find_places(places_of(where, symbol), operation::perf_event_open, subject);
        if (!found) return tl::unexpected{found.error()};
        auto const path = found->file.lasting_path();
        if (!path) return tl::unexpected{path.error()};
        if (path->empty()) continue;
        request = {.offsets = found->offsets,
                   .ref_ctr_offsets = {&counter, counter == 0 ? 0U : 1U},
                   .process = *process};
        auto const attr = probe_attr({.name = path->c_str(),
                                      .offset = found->offsets.front(),
                                      .retprobe = where.retprobe,
                                      .ref_ctr_offset = where.ref_ctr_offset},
                                     tried, subject);
        if (!attr) return tl::unexpected{attr.error()};
        auto const event = open_event(*attr, process->value_or(every_process));
        auto const is_same = found->file.is_at(*path);
        if (!is_same) return tl::unexpected{is_same.error()};
        if (*is_same != match::yes) continue;
        if (!event) return refuse_event(event.outcome(), tried, subject);
        return attach_to_event(tried, event.view(), where.cookie, subject);
    }
    return refuse_event(-ETXTBSY, tried, subject);
}

result<match> hook_traits<hook::uprobe>::is_at(hook::uprobe const& where, located_link const& l) {
    auto const* const on = std::get_if<perf_uprobe>(&details_of<hook::uprobe>(l).event);
    if (!on || on->binary.empty()) return match::unknown;
    if (on->retprobe != where.retprobe) return match::no;
    std::span const symbol{&where.symbol, where.symbol.empty() ? 0U : 1U};
    std::array const told{std::uint64_t{on->offset}};
    netns_reader reader;
    auto found = find_places(places_of(where, symbol), operation::link_get_info, on->binary);
    auto file = is_at_found(reader, l.fd, std::move(found), on->binary, told);
    if (!file || *file == match::no) return file;
    return is_of_process(reader, l.fd, where.pid).map([&](match process) {
        return both(*file, process);
    });
}

} // namespace bpflink
