// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"
#include "hook/many_places.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "symbol/kallsyms.hpp"
#include "symbol/names.hpp"

#include <bpflink/hook/kprobe_multi.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

/// The request to the kernel: a pattern is resolved by then.
struct request {
    hook::kprobe_multi const& where;
    std::span<std::string_view const> symbols;
    std::span<std::uint64_t const> addresses;
};

hook::kprobe_multi const& where_of(attempt const& tried) {
    return tried.as<request>().where;
}

std::span<std::string_view const> symbols_of(attempt const& tried) {
    return tried.as<request>().symbols;
}

std::string describe(hook::kprobe_multi const& where) {
    std::string const kind = where.session ? "session of " : where.retprobe ? "returns of " : "";
    if (!where.pattern.empty()) return kind + "functions '" + std::string{where.pattern} + "'";
    return kind + std::to_string(std::max(where.symbols.size(), where.addresses.size())) +
           " functions";
}

attach_type attach_type_of(hook::kprobe_multi const& where) {
    return where.session ? attach_type::trace_kprobe_session : attach_type::trace_kprobe_multi;
}

finding is_not_named_one_way(attempt const& tried) {
    auto const& where = where_of(tried);
    int const ways = !where.symbols.empty() + !where.addresses.empty() + !where.pattern.empty();
    return {ways == 1 ? match::no : match::yes};
}

finding gives_pattern_cookies(attempt const& tried) {
    auto const& where = where_of(tried);
    return {!where.cookies.empty() && !where.pattern.empty() ? match::yes : match::no};
}

finding cookies_differ(attempt const& tried) {
    auto const& where = where_of(tried);
    auto const count = std::max(where.symbols.size(), where.addresses.size());
    return counts_differ(where.cookies.size(), "cookie", count, "function");
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
    return without_sessions(tried, attach_type::trace_kprobe_session);
}

finding names_addresses(attempt const& tried) {
    return {symbols_of(tried).empty() ? match::unknown : match::no};
}

/// The kernel refuses all of them for one, and does not say which.
finding some_are_missing(attempt const& tried) {
    auto const symbols = symbols_of(tried);
    if (symbols.empty()) return {match::no};
    auto const places = places_of(symbols);
    if (!places) return {match::unknown, "which one cannot be told: " + places.error().message()};
    std::vector<std::string> missing;
    constexpr std::size_t most_hints = 3; // each reads the kernel's symbols
    for (std::size_t i = 0; i != symbols.size(); ++i) {
        if (std::ranges::any_of((*places)[i], &symbol_place::is_function)) continue;
        missing.emplace_back(symbols[i]);
        auto const copies = copies_of(symbols[i]);
        if (copies && !copies->empty())
            missing.back() += " (only " + enumerated(*copies, 3) + ")";
        else if (missing.size() <= most_hints)
            if (auto const hint = hint_for(symbols[i]); !hint.empty())
                missing.back() += " (" + hint + ")";
    }
    return {missing.empty() ? match::no : match::yes, enumerated(missing, 10)};
}

/// Of kernels that do not take "module:function" here, and hide what stands in its place.
finding are_hidden(attempt const& tried) {
    auto const symbols = symbols_of(tried);
    if (std::ranges::all_of(symbols, [](auto name) { return module_of(name).empty(); }))
        return {match::no};
    auto const places = places_of(symbols);
    if (!places) return {};
    for (auto const& each : *places)
        if (std::ranges::any_of(each, [](auto const& one) { return one.address == 0; }))
            return {match::yes};
    return {match::no};
}

finding some_are_not_traced(attempt const& tried) {
    if (symbols_of(tried).empty()) return {match::no};
    auto const untraceable = untraceable_among(symbols_of(tried));
    if (!untraceable) return {match::unknown, "one of them"};
    return {untraceable->empty() ? match::no : match::yes, enumerated(*untraceable, 10)};
}

finding are_too_many(attempt const& tried) {
    auto const& asked = tried.as<request>();
    auto const count = std::max(asked.symbols.size(), asked.addresses.size());
    return {count > most_places ? match::yes : match::no, std::to_string(count)};
}

finding have_long_name(attempt const& tried) {
    constexpr std::size_t most = 127; // 511 since 6.1
    bool const any = std::ranges::any_of(symbols_of(tried),
                                         [](std::string_view name) { return name.size() > most; });
    return {any ? match::yes : match::no};
}

finding are_shared(attempt const& tried) {
    auto const symbols = symbols_of(tried);
    auto const places = places_of(symbols);
    if (!places) return {match::unknown, "some of them"};
    return {match::yes, enumerated(ambiguous_among(symbols, *places), 10)};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "symbols, addresses or a pattern are needed, and one of them only", "",
            "bpf_kprobe_multi_link_attach", is_not_named_one_way},
    refusal{EINVAL, errc::invalid_argument,
            "a pattern takes no cookies: the functions it matches have no known order", "",
            "bpf_kprobe_multi_link_attach", gives_pattern_cookies},
    refusal{EINVAL, errc::invalid_argument, "{}", "give each its own, or none",
            "bpf_kprobe_multi_link_attach", cookies_differ},
    refusal{EINVAL, errc::invalid_argument, "a session sees the returns already", "",
            "bpf_kprobe_multi_link_attach", sees_returns_twice},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "is_kprobe_multi",
            loaded_otherwise},
};

constexpr std::array causes{
    refusal{EADDRNOTAVAIL, errc::invalid_argument, "several functions have one name: {}",
            "probe by address, or as \"module:function\"", "ftrace_lookup_symbols", are_shared},
    refusal{ESRCH, errc::not_found, "no such functions are there: {}", "", "ftrace_lookup_symbols",
            some_are_missing},
    refusal{ESRCH, errc::not_supported, "ftrace cannot trace {}", "use a kprobe",
            "ftrace_lookup_symbols", some_are_not_traced},
    refusal{ESRCH, errc::permission_denied,
            "this kernel does not take \"module:function\" here, and it hides addresses",
            "CAP_SYSLOG, and kernel.kptr_restrict below 2", "ftrace_lookup_symbols", are_hidden},
    refusal{ESRCH, errc::not_found, "a module was unloaded meanwhile", "", "ftrace_lookup_symbols"},
    refusal{ENOENT, errc::invalid_argument, "an address is not where ftrace traces a function",
            "see kernel_symbol_address()", "get_ftrace_locations"},
    refusal{EINVAL, errc::not_supported, "this kernel has no sessions of kprobe_multi", "",
            "link_create", has_no_sessions},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "is_kprobe_multi",
            loaded_for_another_kind},
    refusal{EINVAL, errc::invalid_argument, "an address is not where ftrace traces a function",
            "see kernel_symbol_address()", "ftrace_set_filter_ips", names_addresses},
    refusal{EINVAL, errc::invalid_argument,
            "the program changes what functions return (bpf_override_return), and not all of "
            "these are open to error injection",
            "", "addrs_check_error_injection_list"},
    refusal{EINVAL, errc::invalid_argument,
            "the program sleeps, or changes registers, as those of uprobes alone may", "",
            "bpf_kprobe_multi_link_attach"},
    refusal{EOPNOTSUPP, errc::not_supported, "this kernel is built without fprobe (CONFIG_FPROBE)",
            "", "bpf_kprobe_multi_link_attach"},
    refusal{E2BIG, errc::invalid_argument, "{} functions are more than the kernel takes",
            "take several links", "bpf_kprobe_multi_link_attach", are_too_many},
    refusal{E2BIG, errc::invalid_argument, "a name is longer than the kernel takes", "",
            "copy_user_syms", have_long_name},
    refusal{EBUSY, errc::hook_busy, "another tracer has the functions' returns",
            "wait until it has ended", "register_ftrace_graph"},
    refusal{ENOSPC, errc::hook_busy, "no place is left among the tracers of functions' returns",
            "end another one", "fgraph_alloc_index"},
    refusal{ENODEV, errc{}, "ftrace has stopped after an error of its own", "see the kernel's log",
            "register_ftrace_function"},
};

/// A list of names, or of addresses.
result<unique_fd> create(request const& asked, detail::borrowed_program const& prog) {
    auto const& where = asked.where;
    std::vector<std::string> const names(asked.symbols.begin(), asked.symbols.end());
    std::vector<char const*> pointers;
    pointers.reserve(names.size());
    for (auto const& name : names)
        pointers.push_back(name.c_str());
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type_of(where));
    attr.kprobe_multi.flags = where.retprobe ? 1 : 0;
    attr.kprobe_multi.count =
        static_cast<std::uint32_t>(std::max(names.size(), asked.addresses.size()));
    attr.kprobe_multi.symbols = address_of(std::span<char const* const>{pointers});
    attr.kprobe_multi.addresses = address_of(asked.addresses);
    attr.kprobe_multi.cookies = address_of(where.cookies);
    return create_link(
        attr, {.row = hook_traits<hook::kprobe_multi>::row(), .prog = &prog, .request = &asked},
        [&] { return describe(where); });
}

/// The one address of each, for kernels that take no "module:function" here. Empty where such a
/// name is not among them, or one is not there, or the kernel hides the addresses.
std::vector<std::uint64_t> addresses_of(std::span<std::string_view const> symbols,
                                        std::span<std::vector<symbol_place> const> places) {
    std::vector<std::uint64_t> addresses;
    if (std::ranges::all_of(symbols, [](auto name) { return module_of(name).empty(); }))
        return addresses;
    for (auto const& each : places) {
        auto const function = std::ranges::find_if(each, &symbol_place::is_function);
        if (function == each.end() || function->address == 0) return {};
        addresses.push_back(function->address);
    }
    return addresses;
}

/// Refuses a name that stands for several functions: the kernel would take one by chance.
result<unique_fd> create_by_names(detail::borrowed_program const& prog, attempt const& tried,
                                  hook::kprobe_multi const& where) {
    auto const places = places_of(where.symbols);
    if (!places && places.error() == errc::not_found)
        return fail(-ENOENT, operation::open, errc::not_supported, describe(where),
                    "names are looked up in /proc/kallsyms, which is not there: probe by address");
    if (!places) return tl::unexpected{places.error()};
    if (!ambiguous_among(where.symbols, *places).empty())
        return refuse(-EADDRNOTAVAIL, operation::resolve_symbol, describe(where), tried,
                      {tried.row.causes});
    auto const addresses = addresses_of(where.symbols, *places);
    if (!addresses.empty()) return create({where, {}, addresses}, prog);
    return create({where, where.symbols, {}}, prog);
}

result<unique_fd> create_by_pattern(detail::borrowed_program const& prog,
                                    hook::kprobe_multi const& where) {
    auto const matching = matching_kernel_functions(where.pattern);
    if (!matching) return tl::unexpected{matching.error()};
    if (matching->empty())
        return fail(-ENOENT, operation::resolve_symbol, errc::not_found, describe(where),
                    "no function that can be probed matches");
    std::vector<std::string_view> const symbols(matching->begin(), matching->end());
    return create({where, symbols, {}}, prog);
}

/// The addresses that each function may have; 0 is one that is hidden.
result<std::vector<std::vector<std::uint64_t>>> places_wanted(hook::kprobe_multi const& where) {
    if (!where.addresses.empty()) {
        std::vector<std::vector<std::uint64_t>> each;
        for (auto const address : where.addresses)
            each.push_back({address});
        return each;
    }
    if (where.pattern.empty()) return function_addresses(where.symbols);
    return matching_kernel_functions(where.pattern).and_then([](auto const& names) {
        return function_addresses(std::vector<std::string_view>(names.begin(), names.end()));
    });
}

std::optional<any_hook> functions_of(std::string_view kind, std::string_view rest) {
    if (rest.empty()) return std::nullopt;
    return hook::kprobe_multi{.pattern = rest,
                              .retprobe = kind.starts_with("kret"),
                              .session = kind.ends_with(".session")};
}

constexpr std::string_view which_functions = "which functions";

constexpr std::array sections{
    detail::section{"kprobe.multi", "PATTERN", functions_of, which_functions},
    detail::section{"kretprobe.multi", "PATTERN", functions_of, which_functions},
    detail::section{"kprobe.session", "PATTERN", functions_of, which_functions},
};

} // namespace

detail::hook_row const& hook_traits<hook::kprobe_multi>::row() noexcept {
    static constexpr auto facts = row_for<hook::kprobe_multi>({
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .expected = attach_type::trace_kprobe_multi,
                                  .attach = attach_type::trace_kprobe_multi,
                                  .known = ESRCH},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::kprobe_multi>::create(detail::borrowed_program prog,
                                                          hook::kprobe_multi const& where) {
    request const asked{where, where.symbols, where.addresses};
    attempt const tried{.row = row(), .prog = &prog, .request = &asked};
    if (auto clear =
            check(tried, mistakes, operation::link_create, [&] { return describe(where); });
        !clear)
        return tl::unexpected{std::move(clear).error()};
    if (!where.symbols.empty()) return create_by_names(prog, tried, where);
    if (!where.pattern.empty()) return create_by_pattern(prog, where);
    return bpflink::create(asked, prog);
}

result<match> hook_traits<hook::kprobe_multi>::is_at(hook::kprobe_multi const& where,
                                                     located_link const& l) {
    auto const& on = details_of<hook::kprobe_multi>(l);
    if (on.functions.empty()) return match::unknown;
    if (on.retprobe && *on.retprobe != where.retprobe) return match::no;
    auto const wanted = places_wanted(where);
    if (!wanted) return unless_told_nothing(tl::unexpected{wanted.error()});
    if (wanted->size() != on.functions.size()) return match::no;
    std::vector<std::uint64_t> left;
    for (auto const& each : on.functions) {
        if (!each.address) return match::unknown; // hidden
        left.push_back(*each.address);
    }
    for (auto const& places : *wanted) {
        if (std::ranges::count(places, 0U) != 0) return match::unknown;
        auto const found = std::ranges::find_first_of(left, places);
        if (found == left.end()) return match::no;
        left.erase(found);
    }
    return match::yes;
}

} // namespace bpflink
