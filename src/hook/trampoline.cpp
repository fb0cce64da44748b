// SPDX-License-Identifier: Apache-2.0
#include "hook/trampoline.hpp"

#include "border/small_file.hpp"

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;

/// The function that a program was loaded for.
struct function {
    bool can_be_told = true;         // by the kernel: since 6.0
    match is_known = match::unknown; // no: the program was attached to it, and does not tell it
    match is_the_kernels = match::unknown;
    std::uint32_t id = 0; // in `types`
    unique_fd types = {};
};

function function_of(attempt const& tried) {
    uapi::program_info program{};
    std::uint32_t size = sizeof program;
    function found;
    if (sys::obj_get_info(tried.prog->fd.get(), &program, size) < 0) return found;
    found.can_be_told = size >= sizeof program;
    if (!found.can_be_told) return found;
    found.id = program.attach_btf_id;
    found.is_known = program.attach_btf_obj_id != 0 ? match::yes : match::no;
    if (found.is_known == match::no) return found;
    auto opened = sys::btf_get_fd_by_id(program.attach_btf_obj_id);
    if (!opened) return found;
    found.types = std::move(opened);
    uapi::btf_info types{};
    size = sizeof types;
    if (sys::obj_get_info(found.types.get(), &types, size) >= 0 && size >= sizeof types)
        found.is_the_kernels = types.kernel_btf != 0 ? match::yes : match::no;
    return found;
}

int attach(fd_view program) {
    return sys::raw_tracepoint_open(
               {.name = 0, .prog_fd = raw_fd(program), .padding = 0, .cookie = 0})
        .outcome(); // one that was made goes at once
}

/// Loads a program that does nothing for a function of the kernel's that is there to be traced.
sys::opened load_trial() {
    auto const type = attach_type::trace_fentry;
    int const id = sys::kernel_type("bpf_fentry_test1", static_cast<unsigned>(type));
    return id <= 0 ? sys::opened{-ENOENT}
                   : load_nothing(program_type::tracing, type, static_cast<std::uint32_t>(id));
}

/// Whether a program attaches where it was loaded for only once, and the second time is ENOENT.
/// @kernel kernel/bpf/syscall.c, bpf_tracing_prog_attach(); changed in 5.13
match attaches_only_once(function const& where) {
    if (where.can_be_told) return match::no; // since 6.0
    auto const trial = load_trial();
    if (!trial || attach(trial.view()) < 0) return match::unknown;
    int const again = attach(trial.view());
    return again >= 0 ? match::no : again == -ENOENT ? match::yes : match::unknown;
}

/// Loads a program for the same function, as load_another().
sys::opened load_for(function const& where, attempt const& tried) {
    if (!where.can_be_told) return sys::opened{-EOPNOTSUPP};
    if (where.is_the_kernels != match::yes) return sys::opened{-ENOENT};
    return load_nothing(tried.row.program_types.front(), tried.row.attach_types.front(), where.id,
                        where.types);
}

/// Whether a function of the kernel's takes another program, which does nothing. A BPF program's
/// function is not asked: no program is left that could be loaded for it.
match takes_another(function const& where, attempt const& tried) {
    auto const another = load_for(where, tried);
    if (!another) return match::unknown;
    int const outcome = attach(another.view());
    if (outcome >= 0) return match::yes;
    return outcome == -EBUSY || outcome == -EINVAL ? match::no : match::unknown;
}

} // namespace

sys::opened load_another(attempt const& tried) {
    return load_for(function_of(tried), tried);
}

finding program_is_there(attempt const& tried) {
    auto const where = function_of(tried);
    if (attaches_only_once(where) == match::yes) return {match::no};
    return {takes_another(where, tried)};
}

/// Before 6.0, direct calls do not go with kernel.ftrace_enabled at 0.
/// @kernel kernel/trace/ftrace.c, __register_ftrace_function(); read at v5.10
finding tracer_is_off(attempt const& tried) {
    if (function_of(tried).can_be_told) return {match::no}; // since 6.0
    auto const enabled = read_number("/proc/sys/kernel/ftrace_enabled");
    return {!enabled ? match::unknown : *enabled == 0 ? match::yes : match::no};
}

finding program_was_attached(attempt const& tried) {
    auto const where = function_of(tried);
    if (where.is_known == match::unknown)
        return {attaches_only_once(where) == match::yes ? match::no : match::unknown};
    return {where.is_known == match::no && where.id != 0 ? match::yes : match::no};
}

finding attaches_only_once(attempt const& tried) {
    return {attaches_only_once(function_of(tried))};
}

finding function_is_a_programs(attempt const& tried) {
    auto const kernels = function_of(tried).is_the_kernels;
    return {kernels == match::unknown ? match::unknown
            : kernels == match::no    ? match::yes
                                      : match::no};
}

finding function_takes_no_program(attempt const& tried) {
    auto const where = function_of(tried);
    if (where.is_the_kernels == match::no) return {match::no};
    auto const another = takes_another(where, tried);
    return {another == match::unknown ? match::unknown
            : another == match::no    ? match::yes
                                      : match::no};
}

match has_only_older_command() {
    auto const trial = load_trial();
    if (!trial) return match::unknown;
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(trial.view());
    attr.attach_type = static_cast<std::uint32_t>(attach_type::trace_fentry);
    int const by_newer = sys::link_create(attr).outcome();
    if (by_newer >= 0) return match::no;
    return by_newer == -EINVAL && attach(trial.view()) >= 0 ? match::yes : match::unknown;
}

finding cookies_are_not_known(attempt const& tried) {
    return {tried.as<cookie>() == cookie{} ? match::no : has_only_older_command()};
}

} // namespace bpflink
