// SPDX-License-Identifier: Apache-2.0
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"
#include "object/identify.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/hook/freplace.hpp>
#include <bpflink/program.hpp>

#include <array>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

hook::freplace const& where_of(attempt const& tried) {
    return tried.as<hook::freplace>();
}

bool is_elsewhere(hook::freplace const& where) {
    return where.target || !where.function.empty();
}

std::string describe(hook::freplace const& where) {
    if (!is_elsewhere(where)) return "freplace program";
    return "function '" + std::string{where.function} + "' of program at " + describe(where.target);
}

finding half_a_target(attempt const& tried) {
    auto const& where = where_of(tried);
    bool const is_whole = where.target && !where.function.empty() &&
                          where.function.find('\0') == std::string_view::npos;
    return {is_elsewhere(where) && !is_whole ? match::yes : match::no};
}

finding target_is_closed(attempt const& tried) {
    return where_of(tried).target ? is_closed(where_of(tried).target) : finding{match::no};
}

finding target_is_not_a_program(attempt const& tried) {
    auto const target = where_of(tried).target;
    if (!target) return {match::no};
    auto const kind = identify(target);
    if (!kind) return {match::unknown, describe(target)};
    return {*kind == object_kind::program ? match::no : match::yes, describe(target)};
}

finding was_attached_where_loaded(attempt const& tried) {
    return is_elsewhere(where_of(tried)) ? finding{match::no} : program_was_attached(tried);
}

finding attaches_where_loaded_only_once(attempt const& tried) {
    return is_elsewhere(where_of(tried)) ? finding{match::no} : attaches_only_once(tried);
}

/// The kernel tells it to those with CAP_BPF alone.
finding target_may_not_be_compiled(attempt const& tried) {
    if (!is_elsewhere(where_of(tried))) return {match::no};
    uapi::program_info_start target{};
    std::uint32_t size = sizeof target;
    if (sys::obj_get_info(where_of(tried).target.get(), &target, size) < 0) return {};
    return {target.jited_prog_len != 0 ? match::no : match::unknown};
}

/// The target's type; nothing where it is the one that the program was loaded for, or unknown.
std::optional<program_type> type_of_target(attempt const& tried) {
    if (!is_elsewhere(where_of(tried))) return std::nullopt;
    auto const facts = detail::identify_program(where_of(tried).target, {});
    return facts ? std::optional{facts->type} : std::nullopt;
}

finding target_stands_in_itself(attempt const& tried) {
    return yes_if(type_of_target(tried) == program_type::ext);
}

finding target_may_trace(attempt const& tried) {
    bool const may = type_of_target(tried) == program_type::tracing;
    return {may ? match::unknown : match::no};
}

/// No other programs than those of probes can.
finding one_may_change_registers(attempt const& tried) {
    auto const type = type_of_target(tried);
    return {type && *type != program_type::kprobe ? match::no : match::unknown};
}

finding may_be_bound_to_a_device(attempt const& tried) {
    uapi::program_info program{};
    std::uint32_t size = sizeof program;
    if (sys::obj_get_info(tried.prog->fd.get(), &program, size) < 0) return {};
    bool const may = is_elsewhere(where_of(tried)) && program.ifindex != 0;
    return {may ? match::unknown : match::no};
}

/// The kernel compares with a function that the program was not loaded for.
finding asks_for_another_function(attempt const& tried) {
    return {is_elsewhere(where_of(tried)) ? match::unknown : match::no};
}

finding names_another_function(attempt const& tried) {
    return yes_if(is_elsewhere(where_of(tried)));
}

/// Types are opened by their ids.
finding types_may_not_be_opened(attempt const& tried) {
    constexpr std::array needed{detail::capability::sys_admin};
    return is_elsewhere(where_of(tried)) ? missing_of(needed) : finding{match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "a target is a program and the name of a function in it", "give both, or neither",
            "bpf_tracing_prog_attach", half_a_target},
};

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "the target's descriptor is not open", "",
            "bpf_prog_get", target_is_closed},
    refusal{EINVAL, errc::invalid_argument, "the target, {}, is not a BPF program", "",
            "bpf_prog_get", target_is_not_a_program},
    refusal{EINVAL, errc::invalid_argument,
            "the program was attached where it was loaded for, which it can be only once",
            "name a target and its function, or load it again", "bpf_tracing_prog_attach",
            was_attached_where_loaded},
    refusal{EINVAL, errc::invalid_argument, "the function's signature differs from the program's",
            "replace a function with the same arguments and result", "btf_check_type_match",
            asks_for_another_function},
    refusal{EINVAL, errc::invalid_argument, "the target, a freplace program, cannot have another",
            "replace a function of the program that it stands in", "bpf_check_attach_target",
            target_stands_in_itself},
    refusal{EINVAL, errc::invalid_argument,
            "the function is static, or takes exceptions, and cannot be replaced",
            "make it global, and noinline", "bpf_check_attach_target", asks_for_another_function},
    refusal{EINVAL, errc::invalid_argument,
            "the program sleeps or changes packets, and the function that it would replace does "
            "not (6.14)",
            "leave that to the target", "bpf_check_attach_target", asks_for_another_function},
    refusal{EINVAL, errc::invalid_argument,
            "the target has another type than the program that it was loaded for",
            "take one of the same type and attach type", "bpf_check_attach_target",
            asks_for_another_function},
    refusal{EINVAL, errc::invalid_argument, "the target is a fentry, fexit or fsession program", "",
            "bpf_check_attach_target", target_may_trace},
    refusal{EINVAL, errc::invalid_argument, "the target is not compiled (JIT)",
            "set net.core.bpf_jit_enable to 1, and load it again", "bpf_check_attach_target",
            target_may_not_be_compiled},
    refusal{EINVAL, errc::invalid_argument,
            "the program is bound to a network device, and the target is not bound to the same",
            "load the target for that device", "bpf_check_attach_target", may_be_bound_to_a_device},
    refusal{EINVAL, errc::invalid_argument,
            "one of the program and its target changes registers, as uprobes may, and the other "
            "does not (kernels of 2026)",
            "let both write to their context, or neither", "bpf_tracing_prog_attach",
            one_may_change_registers},
    refusal{EBUSY, errc::hook_busy, "the function is replaced already", "detach that program",
            "bpf_trampoline_link_prog"},
    refusal{EBUSY, errc::hook_busy, "fentry or fexit programs are on the function", "detach them",
            "bpf_trampoline_link_prog"},
    refusal{EBUSY, errc::hook_busy,
            "an attach to the function failed before, and the kernel keeps its place taken",
            "close all programs that were loaded for it, and load them again",
            "bpf_trampoline_link_prog"},
    refusal{EBUSY, errc::hook_busy,
            "the target is in a prog_array, as one that tail calls go to (6.13)",
            "take it out of the map", "bpf_freplace_check_tgt_prog"},
    refusal{ENOENT, errc::invalid_argument, "the target, {}, is not a BPF program", "",
            "bpf_prog_get", target_is_not_a_program},
    refusal{ENOENT, errc::invalid_argument,
            "the program was attached where it was loaded for (told so before 5.13)",
            "name a target and its function, or load it again", "bpf_tracing_prog_attach",
            attaches_where_loaded_only_once},
    refusal{ENOENT, errc::not_found, "the target has no function of that name, or no BTF",
            "name a function of its source, built with -g", "btf__find_by_name_kind",
            names_another_function},
    refusal{EPERM, errc::permission_denied, "{} is missing to see the target's functions",
            "run with it", "bpf_btf_get_fd_by_id", types_may_not_be_opened},
    refusal{EOPNOTSUPP, errc::not_supported, "this kernel does not compile BPF programs (JIT)",
            "set net.core.bpf_jit_enable to 1", "bpf_arch_text_poke"},
    refusal{uapi::enotsupp, errc::not_supported,
            "this kernel cannot replace functions of BPF programs on this processor",
            "use a newer kernel", "bpf_arch_text_poke"},
};

/// Of a program that replaces the function that it was loaded for.
result<match> is_where_loaded(located_link const& l) {
    auto const& on = details_of<hook::freplace>(l);
    if (!l.prog || !on.target || !on.target_object) return match::unknown;
    auto const own = target_of(l.prog->fd);
    if (!own) return tl::unexpected{own.error()};
    if (!own->function) return match::unknown;
    if (on.target->value() != *own->function) return match::no;
    // Once it was attached there, the kernel does not tell of which program that function was.
    if (own->types == 0) return match::unknown;
    if (own->id == l.info.program) return match::no;
    return types_of_program(program_id{*on.target_object}).map([&](auto types) {
        return types ? yes_or_no(*types == own->types) : match::unknown;
    });
}

constexpr std::array sections{
    detail::section{.kind = "freplace", .rest = "FUNCTION", .read = as_loaded<hook::freplace>},
};

} // namespace

match hook_traits<hook::freplace>::matches(link_info const& info) noexcept {
    // The kernel has no attach type for it.
    auto const* const details = std::get_if<tracing_details>(&info.details);
    return details && !details->attach ? match::yes : match::no;
}

detail::hook_row const& hook_traits<hook::freplace>::row() noexcept {
    static constexpr auto facts = row_for<hook::freplace>({
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::freplace>::create(detail::borrowed_program prog,
                                                      hook::freplace const& where) {
    attempt const tried{.row = row(), .prog = &prog, .request = &where};
    auto const subject = [&] { return describe(where); };
    if (!is_elsewhere(where))
        return open_raw_tracepoint(
            {.name = 0, .prog_fd = raw_fd(prog.fd), .padding = 0, .cookie = 0}, tried, subject);
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    std::string const function{where.function};
    int const id = sys::program_function(where.target.get(), function.c_str());
    if (id < 0)
        return refuse(id, operation::prog_get_info, subject(), tried, {causes, usual_causes()});
    auto const target = nonzero_fd::of(where.target);
    if (!target) return tl::unexpected{target.error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = target->number();
    attr.target_btf_id = static_cast<std::uint32_t>(id);
    return create_link(attr, tried, subject);
}

result<match> hook_traits<hook::freplace>::is_at(hook::freplace const& where,
                                                 located_link const& l) {
    if (!is_elsewhere(where)) return is_where_loaded(l);
    attempt const tried{.row = row(), .prog = l.prog, .request = &where};
    auto const subject = [&] { return describe(where); };
    if (auto clear = check(tried, mistakes, operation::prog_get_info, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const& on = details_of<hook::freplace>(l);
    if (!on.target || !on.target_object) return match::unknown;
    auto const target = detail::identify_program(where.target, subject());
    if (!target) return tl::unexpected{target.error()};
    if (target->id.value() != *on.target_object) return match::no;
    std::string const function{where.function};
    int const id = sys::program_function(where.target.get(), function.c_str());
    if (id == -ENOENT) return match::no;
    if (id < 0)
        return refuse(id, operation::prog_get_info, subject(), tried, {causes, usual_causes()});
    return yes_or_no(btf_id{static_cast<std::uint32_t>(id)} == *on.target);
}

} // namespace bpflink
