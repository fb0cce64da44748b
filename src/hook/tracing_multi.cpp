// SPDX-License-Identifier: Apache-2.0
#include "hook/many_places.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"
#include "symbol/function_types.hpp"
#include "symbol/kallsyms.hpp"
#include "symbol/names.hpp"

#include <bpflink/hook/tracing_multi.hpp>
#include <bpflink/kernel_symbols.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;
using names = std::vector<std::string>;

/// Names that cannot be attached to, by why not.
struct unresolved {
    names shared, missing, untyped, unpassed;
};

/// A request to the kernel: names are resolved by then.
struct request {
    hook::tracing_multi const& where;
    std::span<btf_id const> functions;
    unresolved const* left = nullptr;
};

constexpr std::uint32_t kernels_own = 1; // the id of the kernel's own BTF object

hook::tracing_multi const& where_of(attempt const& tried) {
    return tried.as<request>().where;
}

std::size_t count_of(hook::tracing_multi const& where) {
    return std::max(where.functions.size(), where.symbols.size());
}

std::string describe(hook::tracing_multi const& where) {
    if (!where.pattern.empty()) return "functions '" + std::string{where.pattern} + "'";
    return std::to_string(count_of(where)) + " functions";
}

/// The module that a name or pattern is of; empty: the kernel itself.
std::string_view module_named(std::string_view name) {
    auto const module = module_of(name);
    return module == kernel_itself ? std::string_view{} : module;
}

std::string_view module_named(hook::tracing_multi const& where) {
    return module_named(where.symbols.empty() ? where.pattern : where.symbols.front());
}

std::string_view without_module(std::string_view name) {
    return name.substr(name.find(':') + 1); // npos + 1 is 0
}

std::string module_text(std::string_view module) {
    return module.empty() ? "the kernel itself" : "module '" + std::string{module} + "'";
}

finding is_not_named_one_way(attempt const& tried) {
    auto const& where = where_of(tried);
    int const ways = !where.functions.empty() + !where.symbols.empty() + !where.pattern.empty();
    return yes_if(ways != 1);
}

finding gives_pattern_cookies(attempt const& tried) {
    auto const& where = where_of(tried);
    return yes_if(!where.cookies.empty() && !where.pattern.empty());
}

finding other_number_of_cookies(attempt const& tried) {
    auto const& where = where_of(tried);
    return counts_differ(where.cookies.size(), "cookie", count_of(where), "function");
}

finding names_nothing(attempt const& tried) {
    auto const& where = where_of(tried);
    auto const is_none = [](std::string_view name) {
        auto const module = module_of(name);
        return without_module(name).empty() || name.starts_with(':') ||
               name.find('\0') != name.npos || module.find_first_of("*?/") != module.npos;
    };
    for (auto const each : where.symbols)
        if (is_none(each)) return {match::yes, std::string{each}};
    bool const is = !where.pattern.empty() && is_none(where.pattern);
    return {is ? match::yes : match::no, std::string{where.pattern}};
}

finding names_several_modules(attempt const& tried) {
    auto const& where = where_of(tried);
    for (auto const each : where.symbols)
        if (module_named(each) != module_named(where))
            return {match::yes, module_text(module_named(where)) + " and some of " +
                                    module_text(module_named(each))};
    return {match::no};
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
    auto const given = tried.as<request>().functions;
    std::vector<btf_id> sorted{given.begin(), given.end()};
    std::ranges::sort(sorted, {}, [](btf_id each) { return each.value(); });
    auto const twice = std::ranges::adjacent_find(sorted);
    if (twice == sorted.end()) return {match::no};
    return {match::yes, std::to_string(twice->value())};
}

/// Whether the program was loaded for functions of the kernel itself, or of the module, that are
/// named. The kernel takes ids in the program's own BTF object.
result<finding> compare_types(detail::borrowed_program const& prog, std::string_view wanted) {
    auto const target = target_of(prog.fd);
    if (!target && target.error() == errc::invalid_argument) return finding{match::no};
    if (!target) return tl::unexpected{target.error()};
    if (target->types == 0) return finding{match::no}; // an older kernel, which says so itself
    if (target->types == kernels_own) return finding{yes_or_no(!wanted.empty()), module_text({})};
    auto const opened = sys::btf_get_fd_by_id(target->types);
    if (opened.outcome() == -EPERM) return finding{match::unknown};
    if (!opened) return refuse_id(opened.outcome(), operation::prog_get_info, target->types);
    std::array<char, 64> room{};
    uapi::btf_info told{};
    told.name = reinterpret_cast<std::uintptr_t>(room.data());
    told.name_len = room.size();
    std::uint32_t size = sizeof told;
    if (int const outcome = sys::obj_get_info(opened.outcome(), &told, size); outcome < 0)
        return refuse_info(outcome, operation::prog_get_info, opened.view());
    std::string_view const module{room.data(), ::strnlen(room.data(), room.size())};
    return finding{yes_or_no(module != wanted), module_text(module)};
}

finding is_for_another_module(attempt const& tried) {
    auto const& where = where_of(tried);
    if (!where.functions.empty()) return {match::no};
    auto const compared = compare_types(*tried.prog, module_named(where));
    return compared ? *compared : finding{};
}

template <names unresolved::* Which>
finding are_left(attempt const& tried) {
    auto const* const left = tried.as<request>().left;
    if (!left) return {match::no};
    auto const& all = left->*Which;
    return {all.empty() ? match::no : match::yes, enumerated(all, 10)};
}

finding names_a_module(attempt const& tried) {
    return yes_if(!module_named(where_of(tried)).empty());
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "BTF ids, symbols or a pattern are needed, and one of them only", "",
            "bpf_tracing_multi_attach", is_not_named_one_way},
    refusal{EINVAL, errc::invalid_argument,
            "a pattern takes no cookies: the functions it matches have no known order", "",
            "bpf_tracing_multi_attach", gives_pattern_cookies},
    refusal{EINVAL, errc::invalid_argument, "{}", "give each its own, or none",
            "bpf_tracing_multi_attach", other_number_of_cookies},
    refusal{EINVAL, errc::invalid_argument,
            "'{}' names no function: give \"function\" or \"module:function\", with one module's "
            "own name",
            "", "bpf_tracing_multi_attach", names_nothing},
    refusal{EINVAL, errc::invalid_argument,
            "functions of {} are named: a link has those of one BTF object", "take a link for each",
            "bpf_tracing_multi_attach", names_several_modules},
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
    refusal{EADDRNOTAVAIL, errc::invalid_argument, "several functions have one name: {}",
            "take the BTF id, or a kprobe by address", "bpf_check_attach_btf_id_multi",
            are_left<&unresolved::shared>},
    refusal{ENOENT, errc::not_found, "no such functions are there: {}", "",
            "bpf_check_attach_btf_id_multi", are_left<&unresolved::missing>},
    refusal{ENOENT, errc::not_supported, "BTF does not describe {}", "use a kprobe",
            "bpf_check_attach_btf_id_multi", are_left<&unresolved::untyped>},
    refusal{uapi::enotsupp, errc::not_supported,
            "a trampoline cannot pass the arguments, or what is returned, of {}", "use a kprobe",
            "btf_distill_func_proto", are_left<&unresolved::unpassed>},
    refusal{
        EINVAL, errc::invalid_argument, "the program was loaded for functions of {}",
        "name one of those as \"module:function\", and one of the kernel itself without a module",
        "bpf_check_attach_btf_id_multi", is_for_another_module},
    refusal{EPERM, errc::permission_denied,
            "CAP_SYS_ADMIN is missing to see which module the program was loaded for",
            "give the BTF ids", "bpf_btf_get_fd_by_id", names_a_module},
    refusal{EINVAL, errc::invalid_argument, "BTF id {} is there twice", "name each function once",
            "bpf_tracing_multi_attach", function_is_there_twice},
    refusal{EINVAL, errc::invalid_argument,
            "a BTF id is not that of a function, or of one that cannot be traced",
            "take ids of functions in the program's BTF object", "bpf_check_attach_btf_id_multi"},
    refusal{EINVAL, errc::invalid_argument,
            "the program sleeps, and on one of the functions none may",
            "leave that one out, or load one that does not", "check_attach_sleepable"},
    refusal{EBUSY, errc::not_supported,
            "one of the functions lacks a place for a trampoline, or a live patch has it",
            "leave that one out", "update_ftrace_direct_add"},
    refusal{EBUSY, errc::already_exists, "this program is on one of the functions already",
            "one link is enough", "bpf_trampoline_add_prog"},
    refusal{E2BIG, errc{},
            "there are more functions than the kernel takes (2^20), or 38 programs are on one of "
            "them",
            "take fewer, or detach one", "bpf_trampoline_add_prog", always},
    refusal{ENOENT, errc::not_found, "one of the functions is not there: its module was unloaded",
            "", "bpf_check_attach_btf_id_multi"},
    refusal{ENODEV, errc::not_supported, "the kernel's function tracer does not work", "",
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

/// The functions that the pattern stands for.
result<std::vector<btf_id>> matching(hook::tracing_multi const& where) {
    auto const module = module_named(where);
    // Names that occur more than once are out: the kernel would take one of them by chance.
    auto const found = matching_kernel_functions(
        std::string{module.empty() ? kernel_itself : module}.append(":").append(
            without_module(where.pattern)));
    if (!found) return tl::unexpected{found.error()};
    auto const none = [&](char const* why) {
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found, describe(where), why);
    };
    if (found->empty()) return none("no function that ftrace can trace matches");
    std::vector<std::string_view> const all(found->begin(), found->end());
    auto const types = types_of(module, all);
    if (!types) return tl::unexpected{types.error()};
    std::vector<btf_id> functions;
    for (auto const& each : *types)
        if (each.size() == 1 && each.front().can_be_traced) functions.emplace_back(each.front().id);
    if (functions.empty())
        return none("no function that matches has BTF and arguments that can be passed");
    return functions;
}

/// The functions of the names; or `left` has the names that are not functions.
result<std::vector<btf_id>> named(hook::tracing_multi const& where, unresolved& left) {
    names qualified;
    std::vector<std::string_view> own;
    for (auto const each : where.symbols) {
        own.push_back(without_module(each));
        qualified.push_back(module_of(each).empty()
                                ? std::string{kernel_itself}.append(":").append(each)
                                : std::string{each});
    }
    std::vector<std::string_view> const asked(qualified.begin(), qualified.end());
    auto const places = places_of(asked);
    if (!places && places.error() == errc::not_found)
        return fail(-ENOENT, operation::open, errc::not_supported, describe(where),
                    "names are looked up in /proc/kallsyms, which is not there: attach by BTF id");
    if (!places) return tl::unexpected{places.error()};
    auto const types = types_of(module_named(where), own);
    if (!types) return tl::unexpected{types.error()};
    std::vector<btf_id> functions;
    for (std::size_t i = 0; i != own.size(); ++i) {
        auto const count = static_cast<std::size_t>(
            std::ranges::count_if((*places)[i], &symbol_place::is_function));
        auto const& its = (*types)[i];
        std::string name{where.symbols[i]};
        if (count > 1 || its.size() > 1)
            left.shared.push_back(name + " (" + std::to_string(std::max(count, its.size())) + ")");
        else if (count == 0)
            left.missing.push_back(qualified[i]);
        else if (its.empty())
            left.untyped.push_back(std::move(name));
        else if (!its.front().can_be_traced)
            left.unpassed.push_back(std::move(name));
        else
            functions.emplace_back(its.front().id);
    }
    constexpr std::size_t most_hints = 3; // each reads the kernel's symbols
    bool const has_hints = left.missing.size() <= most_hints;
    for (auto& each : left.missing) {
        auto const hint = has_hints ? hint_for(each) : std::string{};
        if (module_named(each).empty()) each.erase(0, each.find(':') + 1);
        if (!hint.empty()) each += " (" + hint + ")";
    }
    return functions;
}

/// The BTF ids of what is named, where `prog` was loaded for those: it may be unknown (nullptr).
result<std::vector<btf_id>> resolve(detail::borrowed_program const* prog,
                                    hook::tracing_multi const& where) {
    unresolved left;
    request const asked{where, {}, &left};
    attempt const tried{
        .row = hook_traits<hook::tracing_multi>::row(), .prog = prog, .request = &asked};
    auto const refused = [&](int number) {
        return refuse(-number, operation::resolve_symbol, describe(where), tried,
                      {tried.row.causes});
    };
    auto const compared =
        prog ? compare_types(*prog, module_named(where)) : result<finding>{finding{match::no}};
    if (!compared) return tl::unexpected{compared.error()};
    if (compared->is == match::yes) return refused(EINVAL);
    if (compared->is == match::unknown) return refused(EPERM);
    if (!where.pattern.empty()) return matching(where);
    auto functions = named(where, left);
    if (!functions) return functions;
    if (!left.shared.empty()) return refused(EADDRNOTAVAIL);
    if (!left.missing.empty() || !left.untyped.empty()) return refused(ENOENT);
    if (!left.unpassed.empty()) return refused(uapi::enotsupp);
    return functions;
}

/// Whether a link's functions are of the BTF object that the hook's are of: that of the program.
result<match> has_same_types(located_link const& l, std::optional<std::uint32_t> of_link) {
    // The numbers of the kernel's own functions mean the same with every module's, too.
    if (of_link == kernels_own) return match::yes;
    if (!l.prog || !of_link) return match::unknown;
    return target_of(l.prog->fd).map([&](program_target const& own) {
        if (own.id == l.info.program) return match::yes;
        return own.types == 0 ? match::unknown : yes_or_no(own.types == *of_link);
    });
}

std::optional<any_hook> functions_of(std::string_view, std::string_view rest) {
    if (rest.empty()) return std::nullopt;
    return hook::tracing_multi{.pattern = rest};
}

constexpr std::string_view which_functions = "which functions";

constexpr std::array sections{
    detail::section{"fentry.multi", "PATTERN", functions_of, which_functions},
    detail::section{"fentry.multi.s", "PATTERN", functions_of, which_functions},
    detail::section{"fexit.multi", "PATTERN", functions_of, which_functions},
    detail::section{"fexit.multi.s", "PATTERN", functions_of, which_functions},
    detail::section{"fsession.multi", "PATTERN", functions_of, which_functions},
    detail::section{"fsession.multi.s", "PATTERN", functions_of, which_functions},
};

} // namespace

detail::hook_row const& hook_traits<hook::tracing_multi>::row() noexcept {
    static constexpr auto facts = row_for<hook::tracing_multi>({
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_fentry_multi},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::tracing_multi>::create(detail::borrowed_program prog,
                                                           hook::tracing_multi const& where) {
    auto const subject = [&] { return describe(where); };
    request asked{where, where.functions};
    attempt const tried{.row = row(), .prog = &prog, .request = &asked};
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    std::vector<btf_id> resolved;
    if (where.functions.empty()) {
        auto functions = resolve(&prog, where);
        if (!functions) return tl::unexpected{std::move(functions).error()};
        resolved = *std::move(functions);
        asked.functions = resolved;
    }
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    if (auto const attach = where.attach ? where.attach : prog.expected)
        attr.attach_type = static_cast<std::uint32_t>(*attach);
    attr.tracing_multi.ids = address_of(asked.functions);
    attr.tracing_multi.cookies = address_of(where.cookies);
    attr.tracing_multi.count = static_cast<std::uint32_t>(asked.functions.size());
    return create_link(attr, tried, subject);
}

result<match> hook_traits<hook::tracing_multi>::is_at(hook::tracing_multi const& where,
                                                      located_link const& l) {
    auto const& on = details_of<hook::tracing_multi>(l);
    if (on.functions.empty()) return match::unknown;
    auto const wanted = where.attach ? where.attach
                        : l.prog     ? l.prog->expected
                                     : std::optional<attach_type>{};
    if (wanted && on.attach && *wanted != *on.attach) return match::no;
    std::vector<btf_id> functions(where.functions.begin(), where.functions.end());
    if (functions.empty()) {
        auto resolved = resolve(l.prog, where);
        if (!resolved && resolved.error() == errc::not_found) return match::no;
        if (!resolved) return unless_told_nothing(tl::unexpected{std::move(resolved).error()});
        functions = *std::move(resolved);
    }
    if (numbers_of(functions, std::identity{}) !=
        numbers_of(on.functions, &details::function::target))
        return match::no;
    return has_same_types(l, on.btf_object).map([&](match types) {
        return both(types, wanted && on.attach ? match::yes : match::unknown);
    });
}

} // namespace bpflink
