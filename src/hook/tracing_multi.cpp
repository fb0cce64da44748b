// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"

#include <bpflink/hook/tracing_multi.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

hook::tracing_multi const& where_of(attempt const& tried) {
    return tried.as<hook::tracing_multi>();
}

finding no_functions(attempt const& tried) {
    return yes_if(where_of(tried).functions.empty());
}

finding other_number_of_cookies(attempt const& tried) {
    auto const cookies = where_of(tried).cookies.size();
    auto const functions = where_of(tried).functions.size();
    if (cookies == 0 || cookies == functions) return {match::no};
    return {match::yes,
            std::to_string(cookies) + " cookies for " + std::to_string(functions) + " functions"};
}

finding attach_type_is_missing(attempt const& tried) {
    return yes_if(!where_of(tried).attach && !tried.prog->expected && !tried.prog->loaded_for_none);
}

finding other_attach_type_is_named(attempt const& tried) {
    auto const named = where_of(tried).attach;
    auto const expected = tried.prog->expected;
    if (!named || !expected || *named == *expected) return {match::no};
    return {match::yes,
            "attach type " + to_string(*expected) + ", and " + to_string(*named) + " is needed"};
}

finding attach_type_of_another_hook(attempt const& tried) {
    auto const named = where_of(tried).attach;
    auto const taken = tried.row.attach_types;
    if (!named || std::ranges::find(taken, *named) != taken.end()) return {match::no};
    return {match::yes, to_string(*named) + ", and " + either_of(taken) + " is needed"};
}

finding function_is_there_twice(attempt const& tried) {
    auto const given = where_of(tried).functions;
    std::vector<btf_id> sorted{given.begin(), given.end()};
    std::ranges::sort(sorted, {}, [](btf_id each) { return each.value(); });
    auto const twice = std::ranges::adjacent_find(sorted);
    if (twice == sorted.end()) return {match::no};
    return {match::yes, std::to_string(twice->value())};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "no functions are named", "",
            "bpf_tracing_multi_attach", no_functions},
    refusal{EINVAL, errc::invalid_argument, "there are {}", "give none, or one for each",
            "bpf_tracing_multi_attach", other_number_of_cookies},
    refusal{EINVAL, errc::invalid_argument,
            "the attach type is needed where only the program's descriptor is known",
            "name the attach type", "link_create", attach_type_is_missing},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "link_create",
            not_loaded_for_it},
    refusal{EINVAL, errc::invalid_argument, "attach type {}", "", "link_create",
            attach_type_of_another_hook},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "link_create",
            other_attach_type_is_named},
};

constexpr std::array causes{
    refusal{EINVAL, errc::invalid_argument, "BTF id {} is there twice", "name each function once",
            "bpf_tracing_multi_attach", function_is_there_twice},
    refusal{EINVAL, errc::invalid_argument,
            "a BTF id is not that of a function, or of one that cannot be traced",
            "take ids of functions in the program's BTF object", "bpf_check_attach_btf_id_multi"},
    refusal{EBUSY, errc::not_supported,
            "one of the functions has no place for a trampoline, or a livepatch has it",
            "leave that one out", "update_ftrace_direct_add"},
    refusal{EBUSY, errc::already_exists, "this program is on one of the functions already",
            "one link is enough", "bpf_trampoline_add_prog"},
    refusal{E2BIG, errc{},
            "there are more functions than the kernel takes (2^20), or 38 programs are on one of "
            "them",
            "take fewer, or detach one", "bpf_trampoline_add_prog", always},
    refusal{ENOENT, errc::not_found, "one of the functions is not there: its module was unloaded",
            "", "bpf_check_attach_btf_id_multi"},
    refusal{ENODEV, errc::not_supported, "this kernel has no function tracer that works", "",
            "update_ftrace_direct_add"},
    refusal{EOPNOTSUPP, errc::not_supported, "this kernel is built without it", "use hook::tracing",
            "bpf_tracing_multi_attach"},
    refusal{uapi::enotsupp, errc::not_supported, "one of the functions takes no trampoline here",
            "leave that one out", "arch_prepare_bpf_trampoline"},
};

template <class Functions, class Projection>
std::vector<std::uint32_t> numbers_of(Functions const& functions, Projection id) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(std::size(functions));
    for (auto const& each : functions)
        numbers.push_back(std::invoke(id, each).value());
    std::ranges::sort(numbers);
    return numbers;
}

/// Whether a link's functions are of the BTF object that the hook's are of: that of the program.
result<match> has_same_types(located_link const& l, std::optional<std::uint32_t> of_link) {
    // The numbers of the kernel's own functions mean the same with every module's, too.
    constexpr std::uint32_t kernels_own = 1;
    if (of_link == kernels_own) return match::yes;
    if (!l.prog || !of_link) return match::unknown;
    return target_of(l.prog->fd).map([&](program_target const& own) {
        if (own.id == l.info.program) return match::yes;
        return own.types == 0 ? match::unknown : yes_or_no(own.types == *of_link);
    });
}

constexpr std::string_view which_ids = "which BTF ids the functions have";

constexpr std::array sections{
    detail::section{.kind = "fentry.multi", .rest = "PATTERN", .lacks = which_ids},
    detail::section{.kind = "fentry.multi.s", .rest = "PATTERN", .lacks = which_ids},
    detail::section{.kind = "fexit.multi", .rest = "PATTERN", .lacks = which_ids},
    detail::section{.kind = "fexit.multi.s", .rest = "PATTERN", .lacks = which_ids},
    detail::section{.kind = "fsession.multi", .rest = "PATTERN", .lacks = which_ids},
    detail::section{.kind = "fsession.multi.s", .rest = "PATTERN", .lacks = which_ids},
};

} // namespace

detail::hook_row const& hook_traits<hook::tracing_multi>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_fentry_multi},
        .needs = {detail::capability::perfmon, detail::capability::bpf},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tracing_multi>::create(detail::borrowed_program prog,
                                                           hook::tracing_multi const& where) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    if (auto const attach = where.attach ? where.attach : prog.expected)
        attr.attach_type = static_cast<std::uint32_t>(*attach);
    attr.tracing_multi.ids = address_of(where.functions);
    attr.tracing_multi.cookies = address_of(where.cookies);
    attr.tracing_multi.count = static_cast<std::uint32_t>(where.functions.size());
    return create_link(attr, {.row = row(), .prog = &prog, .request = &where},
                       [&] { return std::to_string(where.functions.size()) + " functions"; });
}

result<match> hook_traits<hook::tracing_multi>::is_at(hook::tracing_multi const& where,
                                                      located_link const& l) {
    auto const& on = details_of<hook::tracing_multi>(l);
    if (on.functions.empty()) return match::unknown;
    auto const wanted = where.attach ? where.attach
                        : l.prog     ? l.prog->expected
                                     : std::optional<attach_type>{};
    if (wanted && on.attach && *wanted != *on.attach) return match::no;
    if (numbers_of(where.functions, std::identity{}) !=
        numbers_of(on.functions, &details::function::target))
        return match::no;
    return has_same_types(l, on.btf_object).map([&](match types) {
        return both(types, wanted && on.attach ? match::yes : match::unknown);
    });
}

} // namespace bpflink
