// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "symbol/kallsyms.hpp"
#include "symbol/names.hpp"

#include <bpflink/hook/kprobe.hpp>
#include <bpflink/kernel_symbols.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

#if defined(__x86_64__)
constexpr std::string_view system_call_prefix = "__x64_";
#elif defined(__aarch64__)
constexpr std::string_view system_call_prefix = "__arm64_";
#elif defined(__s390x__)
constexpr std::string_view system_call_prefix = "__s390x_";
#elif defined(__riscv)
constexpr std::string_view system_call_prefix = "__riscv_";
#else
constexpr std::string_view system_call_prefix = "";
#endif

hook::kprobe const& where_of(attempt const& tried) {
    return tried.as<hook::kprobe>();
}

/// A system call's function as "sys_openat", whose prefix is found where the kernel has one.
class by_function {
public:
    explicit by_function(hook::kprobe const& where) : where_{where} {
        if (!where.syscall || where.function.empty()) return;
        name_.append("sys_").append(where.function);
        where_.function = name_;
    }
    by_function(by_function const&) = delete;
    by_function& operator=(by_function const&) = delete;
    [[nodiscard]] hook::kprobe const& where() const noexcept { return where_; }

private:
    std::string name_;
    hook::kprobe where_;
};

std::string describe(hook::kprobe const& where) {
    std::string text = where.retprobe ? "kretprobe " : "kprobe ";
    if (where.function.empty()) return text + "at address " + hexadecimal(where.offset);
    text += "'" + std::string{where.function} + "'";
    return where.offset == 0 ? text : text + "+" + std::to_string(where.offset);
}

/// Where the function's name stands; nothing where that cannot be told.
std::optional<std::vector<symbol_place>> places_of_function(attempt const& tried) {
    auto places = places_of({&where_of(tried).function, 1});
    if (!places) return std::nullopt;
    return std::move(places->front());
}

finding no_place(attempt const& tried) {
    auto const& where = where_of(tried);
    bool const is_none = where.function.empty() && (where.offset == 0 || where.syscall);
    bool const is_cut = where.function.find('\0') != where.function.npos;
    return {is_none || is_cut ? match::yes : match::no};
}

finding no_such_module(attempt const& tried) {
    std::string const module{module_of(where_of(tried).function)};
    if (module.empty()) return {match::no};
    auto const is = is_loaded(module);
    return {is == match::yes ? match::no : is == match::no ? match::yes : match::unknown, module};
}

finding is_split(attempt const& tried) {
    if (where_of(tried).function.empty()) return {match::no};
    auto const copies = copies_of(where_of(tried).function);
    if (!copies) return {match::unknown, "as /proc/kallsyms would tell"};
    return {copies->empty() ? match::no : match::yes, enumerated(*copies, 10)};
}

finding has_near(attempt const& tried) {
    auto const& function = where_of(tried).function;
    auto hint = function.empty() ? std::string{} : hint_for(function);
    return {hint.empty() ? match::no : match::yes, std::move(hint)};
}

finding by_name(attempt const& tried) {
    return {where_of(tried).function.empty() ? match::no : match::unknown};
}

finding by_address(attempt const& tried) {
    return {where_of(tried).function.empty() ? match::unknown : match::no};
}

finding name_is_shared(attempt const& tried) {
    auto const places = places_of_function(tried);
    if (!places) return {match::yes, "some place in /proc/kallsyms each"};
    return {match::yes, enumerated(*places, 10)};
}

finding returns_from_inside(attempt const& tried) {
    auto const& where = where_of(tried);
    bool const is_inside = where.retprobe && where.offset != 0 && !where.function.empty();
    return {is_inside ? match::yes : match::no};
}

/// The kernel has no list of them to read. On x86-64 it is this one, and elsewhere there are none.
finding is_the_switch([[maybe_unused]] attempt const& tried) {
#if defined(__x86_64__)
    auto const& where = where_of(tried);
    return yes_if(where.retprobe && where.function == "__switch_to");
#else
    return {match::no};
#endif
}

finding is_blacklisted(attempt const& tried) {
    auto const& function = where_of(tried).function;
    return {function.empty() ? match::unknown : is_on_blacklist(function)};
}

/// Kernels that list all symbols as text (7.3) leave it to the next row.
finding is_data(attempt const& tried) {
    if (where_of(tried).function.empty()) return {match::unknown};
    auto const places = places_of_function(tried);
    if (!places || places->empty()) return {match::unknown};
    bool const is = std::ranges::none_of(*places, &symbol_place::is_function);
    return {is ? match::yes : match::no};
}

finding is_not_traced(attempt const& tried) {
    auto const& function = where_of(tried).function;
    if (function.empty()) return {match::unknown};
    auto const untraceable = untraceable_among({&function, 1});
    return {!untraceable ? match::unknown : untraceable->empty() ? match::no : match::yes};
}

finding asks_for_returns(attempt const& tried) {
    return {where_of(tried).retprobe ? match::unknown : match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "a function's name, or an address, is needed", "",
            "_kprobe_addr", no_place},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_prog_attach_check_attach_type", probe_loaded_for_another},
};

constexpr auto opening = joined(
    unit_causes,
    std::array{
        refusal{ENOENT, errc::not_found, "module '{}' is not loaded", "load it",
                "validate_probe_symbol", no_such_module},
        refusal{ENOENT, errc::not_found,
                "there is no such function, but there are the compiler's copies of it, {}",
                "probe those by these names", "validate_probe_symbol", is_split},
        refusal{ENOENT, errc::not_found, "no such function is there; {}", "",
                "validate_probe_symbol", has_near},
        refusal{ENOENT, errc::not_found, "the kernel and its loaded modules have no such function",
                "", "validate_probe_symbol", by_name},
        refusal{ENOENT, errc::not_found, "the kernel and its loaded modules have no function there",
                "", "_kprobe_addr", by_address},
        refusal{EADDRNOTAVAIL, errc::invalid_argument, "several symbols have this name, at {}",
                "probe by address, or as \"module:function\"", "validate_probe_symbol",
                name_is_shared},
        refusal{EINVAL, errc::invalid_argument,
                "a return probe is one on a whole function, and has no offset", "leave it out",
                "register_kretprobe", returns_from_inside},
        refusal{EINVAL, errc::invalid_argument,
                "the kernel probes no return of __switch_to, which returns to another thread",
                "probe where it begins", "register_kretprobe", is_the_switch},
        refusal{EINVAL, errc::invalid_argument, "it is data", "name a function",
                "check_kprobe_address_safe", is_data},
        refusal{EINVAL, errc::invalid_argument, "the kernel keeps probes off this function",
                "see /sys/kernel/debug/kprobes/blacklist", "within_kprobe_blacklist",
                is_blacklisted},
        refusal{EINVAL, errc::invalid_argument,
                "it is not for tracing (notrace, or not a function), and this kernel takes no "
                "probe there",
                "probe its caller", "within_notrace_func", is_not_traced},
        refusal{EINVAL, errc::invalid_argument,
                "ftrace, a jump label, a static call, an alternative or a BUG is at the place",
                "probe another instruction", "check_kprobe_address_safe"},
        refusal{EILSEQ, errc::invalid_argument, "no instruction begins there", "",
                "arch_prepare_kprobe"},
        refusal{EOPNOTSUPP, errc::not_supported, "this kernel is built without return probes", "",
                "register_kretprobe", asks_for_returns},
        refusal{EOPNOTSUPP, errc::invalid_argument,
                "the instruction can be neither stepped nor emulated", "probe another one",
                "arch_prepare_kprobe"},
        refusal{EBUSY, errc::hook_busy, "a live patch has the function", "probe inside it",
                "arm_kprobe_ftrace"},
        refusal{ENODEV, errc::not_supported, "the kernel's function tracer does not work",
                "see the kernel's log (dmesg)", "ftrace_set_filter_ip"},
        refusal{E2BIG, errc::invalid_argument, "no function has so long a name", "",
                "perf_kprobe_init", always},
        refusal{EPERM, errc::permission_denied, "kernel lockdown (confidentiality) forbids it",
                "raw_tracepoint and fentry work, and uprobes since 5.15", "__register_trace_kprobe",
                lockdown_forbids},
    },
    opening_causes);

constexpr auto causes =
    joined(probe_link_causes,
           std::array{
               refusal{EINVAL, errc::invalid_argument,
                       "the program sleeps, or changes registers, as those of uprobes alone may",
                       "", "perf_event_set_bpf_prog"},
           },
           event_link_causes);

bool names_same(std::string_view wanted, std::string_view told) {
    return told == wanted || (wanted.starts_with("sys_") && told.starts_with(system_call_prefix) &&
                              told.substr(system_call_prefix.size()) == wanted);
}

/// Where the function may be. Empty where there is none; with 0 where that cannot be told.
result<std::vector<std::uint64_t>> addresses_of(hook::kprobe const& where) {
    if (where.function.empty()) return std::vector<std::uint64_t>{0};
    std::string const prefixed = std::string{system_call_prefix} + std::string{where.function};
    std::array<std::string_view, 2> const names{where.function, prefixed};
    return function_addresses(std::span{names}.first(where.function.starts_with("sys_") ? 2 : 1))
        .map([](std::vector<std::vector<std::uint64_t>> all) {
            for (auto& each : all)
                if (!each.empty()) return std::move(each);
            return std::vector<std::uint64_t>{};
        });
}

std::optional<any_hook> function_of(std::string_view kind, std::string_view rest) {
    auto const place = with_offset(rest);
    if (!place || place->name.empty()) return std::nullopt;
    return hook::kprobe{
        .function = place->name, .offset = place->offset, .retprobe = kind.starts_with("kret")};
}

std::optional<any_hook> system_call_of(std::string_view kind, std::string_view rest) {
    if (rest.empty()) return std::nullopt;
    return hook::kprobe{.function = rest, .retprobe = kind.starts_with("kret"), .syscall = true};
}

constexpr std::string_view which_function = "which function";

constexpr std::array sections{
    detail::section{"kprobe", "FUNCTION[+OFFSET]", function_of, which_function},
    detail::section{"kretprobe", "FUNCTION", function_of, which_function},
    detail::section{"ksyscall", "CALL", system_call_of, "which system call"},
    detail::section{"kretsyscall", "CALL", system_call_of, "which system call"},
};

} // namespace

match hook_traits<hook::kprobe>::matches(link_info const& info) noexcept {
    return matches_event<perf_kprobe>(info, match::no);
}

detail::hook_row const& hook_traits<hook::kprobe>::row() noexcept {
    static constexpr auto facts = row_for<hook::kprobe>({
        .asked_by = detail::probe{.program = program_type::kprobe,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF,
                                  .pmu = "kprobe",
                                  .locked_down = true},
        .needs = {detail::capability::perfmon},
        .mistakes = mistakes,
        .opening = opening,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::kprobe>::create(detail::borrowed_program prog,
                                                    hook::kprobe const& asked) {
    by_function const named{asked};
    auto where = named.where();
    std::string subject = describe(where);
    if (module_of(where.function) == kernel_itself) { // which the kernel does not call a module
        auto const address = kernel_symbol_address(where.function);
        if (!address) return tl::unexpected{address.error()};
        where.offset += *address;
        where.function = {};
    }
    attempt const tried{.row = row(), .prog = &prog, .request = &where};
    if (auto clear = check(tried, mistakes, operation::link_create, [&] { return subject; });
        !clear)
        return tl::unexpected{std::move(clear).error()};
    std::string function{where.function};
    auto attr = probe_attr({.name = function.empty() ? nullptr : function.c_str(),
                            .offset = where.offset,
                            .retprobe = where.retprobe,
                            .ref_ctr_offset = 0},
                           tried, subject);
    if (!attr) return tl::unexpected{std::move(attr).error()};
    auto event = open_event(*attr, every_process);
    if (event.outcome() == -ENOENT && function.starts_with("sys_")) {
        function.insert(0, system_call_prefix);
        attr->name = reinterpret_cast<std::uintptr_t>(function.c_str());
        event = open_event(*attr, every_process);
    }
    if (!event) return refuse_event(event.outcome(), tried, subject);
    return attach_to_event(tried, event.view(), where.cookie, subject);
}

result<match> hook_traits<hook::kprobe>::is_at(hook::kprobe const& asked, located_link const& l) {
    by_function const named{asked};
    auto const& where = named.where();
    auto const* const on = std::get_if<perf_kprobe>(&details_of<hook::kprobe>(l).event);
    if (!on) return match::unknown;
    if (on->retprobe != where.retprobe) return match::no;
    if (!where.function.empty() && names_same(where.function, on->function))
        return yes_or_no(on->offset == where.offset);
    if (!on->address) return match::unknown;
    return addresses_of(where).map(
        [&](auto const& all) { return is_among(*on->address, all, where.offset); });
}

} // namespace bpflink
