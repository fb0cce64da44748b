// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "hook/create.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/program.hpp>
#include <bpflink/supports.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::capability;
using detail::finding;
using detail::refusal;

finding program_is_closed(attempt const& tried) {
    return tried.prog ? is_closed(tried.prog->fd) : finding{match::no};
}

bool takes_a_program(attempt const& tried) {
    return tried.prog && !tried.row.program_types.empty();
}

finding other_object(attempt const& tried) {
    if (!takes_a_program(tried)) return {match::no};
    auto const kind = identify(tried.prog->fd);
    if (!kind) return {};
    return {*kind == object_kind::program ? match::no : match::yes, describe(tried.prog->fd)};
}

finding other_program_type(attempt const& tried) {
    if (!takes_a_program(tried)) return {match::no};
    auto const facts = detail::identify_program(tried.prog->fd, {});
    if (!facts) return {};
    auto const taken = tried.row.program_types;
    if (std::ranges::find(taken, facts->type) != taken.end()) return {match::no};
    return {match::yes, to_string(facts->type) + ", and " + either_of(taken) + " is needed"};
}

match has(capability which) {
    int const told = sys::has_capability(static_cast<unsigned>(which));
    return told < 0 ? match::unknown : told == 1 ? match::yes : match::no;
}

std::string_view name_of(capability which) {
    switch (which) {
    case capability::net_admin: return "CAP_NET_ADMIN";
    case capability::sys_admin: return "CAP_SYS_ADMIN";
    case capability::perfmon: return "CAP_PERFMON";
    case capability::bpf: return "CAP_BPF";
    }
    return "a capability";
}

finding capability_is_missing(attempt const& tried) {
    return missing_of(tried.row.needs);
}

/// The capabilities of a user namespace are asked about for a hook that needs some.
finding capability_does_not_count(attempt const& tried) {
    bool const needs_any = tried.row.needs.front() != capability{};
    return needs_any ? in_other_user_namespace(tried) : finding{match::no};
}

/// Whether bpf(2) asks for CAP_BPF whatever the command is, as kernels before 5.19 do where
/// kernel.unprivileged_bpf_disabled is set. Elsewhere a map that is not open is just that.
bool is_locked() noexcept {
    constexpr int no_map = -1;
    return sys::map_look_up_nothing(no_map) == -EPERM;
}

/// Before 5.11 the kernel's memory for BPF counted as locked by the user. A helper that came with
/// 5.11 tells: an older kernel charges a program that calls it before it refuses it.
finding locked_memory_is_used_up(attempt const&) {
    int const limited = sys::has_locked_memory_limit();
    if (limited <= 0) return {limited < 0 ? match::unknown : match::no};
    if (is_locked()) return {match::no}; // of that, or a filter, comes the EPERM below too
    constexpr std::array<std::uint64_t, 2> code{0x000000a000000085,  // bpf_ktime_get_coarse_ns()
                                                0x0000000000000095}; // exit
    constexpr static char license[] = "GPL";
    uapi::prog_load_attr attr{};
    attr.prog_type = static_cast<std::uint32_t>(program_type::socket_filter);
    attr.license = reinterpret_cast<std::uintptr_t>(license);
    // One of no instructions is refused before any memory is asked for.
    if (sys::prog_load(attr).outcome() == -EPERM) return {match::no};
    attr.insn_cnt = code.size();
    attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
    auto const loaded = sys::prog_load(attr);
    if (loaded) return {match::no};
    return {loaded.outcome() == -EPERM ? match::yes : match::unknown};
}

finding lacks_bpf(attempt const&) {
    constexpr std::array needed{capability::bpf};
    return is_locked() ? missing_of(needed) : finding{match::no};
}

finding is_locked_out(attempt const& tried) {
    return is_locked() ? in_other_user_namespace(tried) : finding{match::no};
}

constexpr std::array of_programs{
    refusal{EBADF, errc::invalid_argument, "the program's descriptor is not open", "",
            "bpf_prog_get", program_is_closed},
    refusal{EINVAL, errc::invalid_argument, "{} is not a BPF program", "", "bpf_prog_get",
            other_object},
    refusal{EINVAL, errc::invalid_argument, "the program is of type {}", "",
            "bpf_prog_attach_check_attach_type", other_program_type},
};

constexpr std::array of_attaches{
    refusal{EINVAL, errc::not_supported, "this kernel has no links of {}", "", "link_create",
            kernel_is_without},
    refusal{EPERM, errc::permission_denied, "{} is missing", "run with it", "bpf_token_capable",
            capability_is_missing},
    refusal{EPERM, errc::permission_denied, in_own_user_namespace,
            "use the first user namespace, or a BPF token (6.9)", "bpf_token_capable",
            capability_does_not_count},
    refusal{EPERM, errc{}, "the memory that this user may lock is used up",
            "raise RLIMIT_MEMLOCK (before 5.11)", "bpf_charge_memlock", locked_memory_is_used_up},
    refusal{EACCES, errc::permission_denied, "{} is missing", "run with it", "security_bpf",
            capability_is_missing},
    refusal{EACCES, errc::permission_denied, in_own_user_namespace, "use the first user namespace",
            "perfmon_capable", in_other_user_namespace},
    refusal{ENOMEM, errc{}, "the memory that this user may lock is used up",
            "raise RLIMIT_MEMLOCK (before 5.11)", "bpf_charge_memlock", locked_memory_is_used_up},
    refusal{ENOSPC, errc{}, "the kernel has no link id left", "", "bpf_link_prime"},
    refusal{E2BIG, errc::not_supported, "this kernel does not know a field of the request", "",
            "bpf_check_uarg_tail_zero"},
};

constexpr std::array of_commands{
    refusal{EPERM, errc::permission_denied, "{} is missing, which bpf(2) asks for here",
            "run with it", "__sys_bpf", lacks_bpf},
    refusal{EPERM, errc::permission_denied, in_own_user_namespace, "use the first user namespace",
            "__sys_bpf", is_locked_out},
};

constexpr std::array of_all{
    refusal{EPERM, errc::permission_denied,
            "a security module refuses it, or a filter of system calls (seccomp)", "ask its log",
            "security_bpf"},
    refusal{EACCES, errc::permission_denied,
            "a security module refuses it, or a filter of system calls (seccomp)", "ask its log",
            "security_bpf"},
    refusal{EMFILE, errc{}, "the process has no free descriptor",
            "close some, or raise RLIMIT_NOFILE", "get_unused_fd_flags"},
    refusal{ENFILE, errc{}, "the system has no free file", "raise fs.file-max", "alloc_empty_file"},
    refusal{ENOMEM, errc{}, "the kernel, or the process's memory cgroup, has no memory for it", "",
            "kmalloc"},
};

constexpr std::array of_bpf{
    refusal{ENOSYS, errc::not_supported,
            "the kernel has no bpf(2), or a filter of system calls refuses it", "", "sys_bpf"},
};

constexpr auto attach_rows = joined(of_attaches, of_commands, of_all, of_bpf);
constexpr auto command_rows = joined(of_commands, of_all, of_bpf);

} // namespace

constinit detail::hook_row const detail::no_hook{};

finding is_closed(fd_view fd, std::string what) {
    int const outcome = sys::is_open(fd.get());
    return {outcome == -EBADF ? match::yes
            : outcome < 0     ? match::unknown
                              : match::no,
            std::move(what)};
}

finding in_other_user_namespace(attempt const&) {
    int const told = sys::is_in_first_user_namespace();
    return {told < 0 ? match::unknown : told == 1 ? match::no : match::yes};
}

finding missing_of(std::span<capability const> needed) {
    match const all = has(capability::sys_admin);
    finding found{match::no};
    unsigned missing = 0;
    for (capability const each : needed) {
        if (each == capability{}) continue;
        bool const is_implied = each != capability::net_admin && all == match::yes;
        match const one = is_implied ? match::yes : has(each);
        if (one == match::unknown) return {match::unknown, "a capability"};
        if (one == match::yes) continue;
        found.is = match::yes;
        (found.what += missing++ == 0 ? "" : " and ") += name_of(each);
    }
    if (missing > 1) found.what.insert(0, "each of "); // so that they take the row's "is"
    return found;
}

finding kernel_is_without(attempt const& tried) {
    if (tried.row.name.empty()) return {match::no};
    std::string name{tried.row.name};
    // A hook that only an attach tells of has causes of its own for this. The rest is an attach
    // type that no hook has.
    bool const is_a_hook = !tried.row.program_types.empty() || !tried.row.attach_types.empty();
    if (!tried.row.asked_by && is_a_hook) return {match::no};
    switch (detail::probe_support(tried.row).is) {
    case support::answer::no: return {match::yes, std::move(name)};
    case support::answer::yes: return {match::no};
    case support::answer::unknown: break;
    }
    return {match::unknown, std::move(name)};
}

finding loaded_for_another(attempt const& tried) {
    auto const expected = tried.prog->expected;
    auto const taken = tried.row.attach_types;
    if (!expected || taken.empty() || std::ranges::find(taken, *expected) != taken.end())
        return {match::no};
    return {match::yes,
            "attach type " + to_string(*expected) + ", and " + either_of(taken) + " is needed"};
}

finding not_loaded_for_it(attempt const& tried) {
    if (!tried.prog->loaded_for_none) return loaded_for_another(tried);
    return {match::yes, "no attach type, and " + either_of(tried.row.attach_types) + " is needed"};
}

finding may_sleep(attempt const& tried) {
    auto const sleeper = load_nothing(tried.prog->type, attach_type{}, 0, {}, true);
    return {sleeper.outcome() == -EINVAL ? match::no : match::unknown};
}

refusals program_causes() noexcept {
    return of_programs;
}

refusals usual_causes() noexcept {
    return attach_rows;
}

refusals command_causes() noexcept {
    return command_rows;
}

refusals common_causes() noexcept {
    return of_all;
}

} // namespace bpflink
