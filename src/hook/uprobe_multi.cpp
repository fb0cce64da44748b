// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"
#include "hook/many_places.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/user_places.hpp"

#include <bpflink/hook/uprobe_multi.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

struct request : user_request {
    hook::uprobe_multi const* where = nullptr;
};

hook::uprobe_multi const& where_of(attempt const& tried) {
    return *static_cast<request const&>(tried.as<user_request>()).where;
}

std::size_t count_of(hook::uprobe_multi const& where) {
    return std::max(where.symbols.size(), where.offsets.size());
}

named_places places_of(hook::uprobe_multi const& where) {
    return {where.binary,  where.symbols, where.offsets,          where.indirect,
            where.pattern, where.unique,  where.debug_directories};
}

std::string describe(hook::uprobe_multi const& where) {
    std::string text = where.session ? "session of " : where.retprobe ? "returns of " : "";
    text += where.pattern.empty() ? several(count_of(where), "place")
                                  : "functions like '" + std::string{where.pattern} + "'";
    return text + " in " + describe(where.binary);
}

attach_type attach_type_of(hook::uprobe_multi const& where) {
    return where.session ? attach_type::trace_uprobe_session : attach_type::trace_uprobe_multi;
}

finding has_no_places(attempt const& tried) {
    auto const& where = where_of(tried);
    return {where.pattern.empty() && count_of(where) == 0 ? match::yes : match::no};
}

finding is_named_twice(attempt const& tried) {
    auto const& where = where_of(tried);
    bool const has_more =
        count_of(where) != 0 || !where.ref_ctr_offsets.empty() || !where.cookies.empty();
    return {!where.pattern.empty() && has_more ? match::yes : match::no};
}

finding offsets_differ(attempt const& tried) {
    auto const& where = where_of(tried);
    if (where.symbols.empty()) return {match::no};
    return counts_differ(where.offsets.size(), "offset", where.symbols.size(), "symbol");
}

finding counters_differ(attempt const& tried) {
    auto const& where = where_of(tried);
    return counts_differ(where.ref_ctr_offsets.size(), "reference counter", count_of(where),
                         "place");
}

finding cookies_differ(attempt const& tried) {
    auto const& where = where_of(tried);
    return counts_differ(where.cookies.size(), "cookie", count_of(where), "place");
}

finding sees_returns_twice(attempt const& tried) {
    return {where_of(tried).retprobe && where_of(tried).session ? match::yes : match::no};
}

finding loaded_otherwise(attempt const& tried) {
    return not_loaded_for(tried, attach_type_of(where_of(tried)));
}

finding loaded_for_another_kind(attempt const& tried) {
    return loaded_for_another_place(tried, attach_type_of(where_of(tried)));
}

finding has_no_sessions(attempt const& tried) {
    if (!where_of(tried).session) return {match::no};
    return without_sessions(tried, attach_type::trace_uprobe_session);
}

finding are_too_many(attempt const& tried) {
    auto const count = count_of(where_of(tried));
    return {count > most_places ? match::yes : match::no, std::to_string(count)};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "symbols, offsets or a pattern are needed", "",
            "bpf_uprobe_multi_link_attach", has_no_places},
    refusal{EINVAL, errc::invalid_argument,
            "a pattern takes no symbols, offsets, counters or cookies: the functions it matches "
            "have no known order",
            "", "bpf_uprobe_multi_link_attach", is_named_twice},
    refusal{EINVAL, errc::invalid_argument, "{}", "give each its own, or none",
            "bpf_uprobe_multi_link_attach", offsets_differ},
    refusal{EINVAL, errc::invalid_argument, "{}", "give each its own, or none",
            "bpf_uprobe_multi_link_attach", counters_differ},
    refusal{EINVAL, errc::invalid_argument, "{}", "give each its own, or none",
            "bpf_uprobe_multi_link_attach", cookies_differ},
    refusal{EINVAL, errc::invalid_argument, "a session sees the returns already", "",
            "bpf_uprobe_multi_link_attach", sees_returns_twice},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "is_uprobe_multi",
            loaded_otherwise},
};

constexpr auto causes = joined(
    std::array{
        refusal{EINVAL, errc::not_supported, "this kernel has no sessions of uprobe_multi", "",
                "link_create", has_no_sessions},
        refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                "is_uprobe_multi", loaded_for_another_kind},
        refusal{E2BIG, errc::invalid_argument, "{} places are more than the kernel takes",
                "take several links", "bpf_uprobe_multi_link_attach", are_too_many},
        refusal{EOPNOTSUPP, errc::not_supported,
                "this kernel is built without uprobes (CONFIG_UPROBES), or has 32 bits", "",
                "bpf_uprobe_multi_link_attach"},
    },
    place_causes);

std::optional<any_hook> functions_of(std::string_view kind, std::string_view rest) {
    auto const parts = split(rest, ':');
    if (!parts) return std::nullopt;
    return hook::uprobe_multi{.binary = parts->first,
                              .retprobe = kind.starts_with("uret"),
                              .session = kind.starts_with("uprobe.session"),
                              .pattern = parts->second};
}

constexpr std::string_view which_functions = "which functions of which file";

constexpr std::array sections{
    detail::section{"uprobe.multi", "FILE:PATTERN", functions_of, which_functions},
    detail::section{"uprobe.multi.s", "FILE:PATTERN", functions_of, which_functions},
    detail::section{"uretprobe.multi", "FILE:PATTERN", functions_of, which_functions},
    detail::section{"uretprobe.multi.s", "FILE:PATTERN", functions_of, which_functions},
    detail::section{"uprobe.session", "FILE:PATTERN", functions_of, which_functions},
    detail::section{"uprobe.session.s", "FILE:PATTERN", functions_of, which_functions},
};

} // namespace

detail::hook_row const& hook_traits<hook::uprobe_multi>::row() noexcept {
    static constexpr auto facts = row_for<hook::uprobe_multi>({
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .expected = attach_type::trace_uprobe_multi,
                                  .attach = attach_type::trace_uprobe_multi,
                                  .known = EBADF},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::uprobe_multi>::create(detail::borrowed_program prog,
                                                          hook::uprobe_multi const& where) {
    auto const subject = [&] { return describe(where); };
    request asked{{.ref_ctr_offsets = where.ref_ctr_offsets}, &where};
    attempt const tried{
        .row = row(), .prog = &prog, .request = static_cast<user_request const*>(&asked)};
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const process = checked_process(where.pid, operation::link_create, subject());
    if (!process) return tl::unexpected{process.error()};
    auto const found = find_places(places_of(where), operation::link_create, subject());
    if (!found) return tl::unexpected{found.error()};
    asked.offsets = found->offsets;
    asked.process = *process;
    return attach_to_places(tried,
                            {.at = *found,
                             .attach = attach_type_of(where),
                             .ref_ctr_offsets = where.ref_ctr_offsets,
                             .cookies = where.cookies,
                             .process = *process,
                             .retprobe = where.retprobe},
                            subject);
}

result<match> hook_traits<hook::uprobe_multi>::is_at(hook::uprobe_multi const& where,
                                                     located_link const& l) {
    return is_at_many(l, where.retprobe, where.pid, [&] {
        return find_places(places_of(where), operation::link_get_info, describe(where));
    });
}

} // namespace bpflink
