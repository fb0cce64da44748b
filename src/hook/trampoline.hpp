// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hooks on the function that the program was loaded for: tracing and LSM. Their request is a
// cookie.

#include "hook/row.hpp"

#include <bpflink/ids.hpp>

#include <array>
#include <cerrno>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Loads a program that does nothing for the function that the request's program was loaded for.
/// -EOPNOTSUPP where the kernel does not tell it (before 6.0), and -ENOENT where it is unknown, or
/// one of a BPF program's.
[[nodiscard]] sys::opened load_another(detail::attempt const& tried);

[[nodiscard]] detail::finding tracer_is_off(detail::attempt const& tried);
[[nodiscard]] detail::finding program_is_there(detail::attempt const& tried);
[[nodiscard]] detail::finding program_was_attached(detail::attempt const& tried);
/// Before 5.13 a program attaches where it was loaded for once, and then gets ENOENT.
[[nodiscard]] detail::finding attaches_only_once(detail::attempt const& tried);
[[nodiscard]] detail::finding function_is_a_programs(detail::attempt const& tried);
[[nodiscard]] detail::finding function_takes_no_program(detail::attempt const& tried);
/// Whether the kernel attaches tracing and LSM programs only by BPF_RAW_TRACEPOINT_OPEN, without a
/// cookie. Kernels before 5.19 do.
[[nodiscard]] match has_only_older_command();
[[nodiscard]] detail::finding cookies_are_not_known(detail::attempt const& tried);

inline constexpr std::string_view cannot_be_traced =
    "the function cannot be traced here: it lacks a place for a trampoline, or a live patch has it";
inline constexpr std::string_view use_a_kprobe = "use a kprobe (5.15)";
inline constexpr std::string_view no_trampolines =
    "this kernel does not have trampolines (arm64 before 6.4), or the function takes too many "
    "arguments or has no place for one";
inline constexpr std::string_view function_is_full =
    "38 programs are on the function (40 on 5.10), or their trampoline is larger than a page";
inline constexpr std::string_view function_is_gone =
    "the function is not there any more: its module was unloaded";

inline constexpr std::array trampoline_causes{
    detail::refusal{
        EBUSY, errc::hook_busy,
        "the function is one of a BPF program, and a freplace program replaces it, or an "
        "attach of one failed before",
        "detach that one, or load the function's program again", "bpf_trampoline_link_prog",
        function_is_a_programs},
    detail::refusal{EBUSY, errc{}, "the function tracer is switched off",
                    "set kernel.ftrace_enabled to 1", "__register_ftrace_function", tracer_is_off},
    detail::refusal{EBUSY, errc::already_exists, "this program is on the function already",
                    "one link is enough", "bpf_trampoline_add_prog", program_is_there},
    detail::refusal{EBUSY, errc::not_supported, cannot_be_traced, use_a_kprobe,
                    "bpf_arch_text_poke", function_takes_no_program},
    detail::refusal{EINVAL, errc::invalid_argument, "a cookie needs kernel 5.19", "attach without",
                    "link_create", cookies_are_not_known},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "the program was attached before, and this function takes it only once",
                    "load it again", "bpf_tracing_prog_attach", program_was_attached},
    detail::refusal{EINVAL, errc::not_supported, cannot_be_traced, use_a_kprobe,
                    "bpf_arch_text_poke", function_takes_no_program},
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for another hook", "",
                    "bpf_tracing_prog_attach", may_be_loaded_for_another},
    detail::refusal{E2BIG, errc{}, function_is_full, "detach one", "bpf_trampoline_add_prog",
                    always},
    detail::refusal{EFAULT, errc{},
                    "the function's programs have a trampoline larger than a page (told so before "
                    "6.8), or its place for one is not at its start",
                    "detach one of its programs", "arch_prepare_bpf_trampoline"},
    detail::refusal{ENOENT, errc::invalid_argument,
                    "the program was attached before, which kernels before 5.13 take only once",
                    "load it again", "bpf_tracing_prog_attach", attaches_only_once},
    detail::refusal{ENOENT, errc::not_found, function_is_gone, "", "bpf_check_attach_target"},
    detail::refusal{ENODEV, errc::not_supported, "the kernel's function tracer does not work",
                    use_a_kprobe, "register_ftrace_direct"},
    detail::refusal{EOPNOTSUPP, errc::not_supported, no_trampolines, use_a_kprobe,
                    "arch_prepare_bpf_trampoline"},
    detail::refusal{uapi::enotsupp, errc::not_supported, no_trampolines, use_a_kprobe,
                    "register_fentry"},
};

/// Without a cookie by the older command: it needs no attach type, and kernels before 5.19 know no
/// other.
template <class Subject>
[[nodiscard]] result<unique_fd> attach_where_loaded(detail::attempt const& tried, Subject subject) {
    auto const& prog = *tried.prog;
    auto const given = tried.as<cookie>();
    if (given == cookie{})
        return open_raw_tracepoint(
            {.name = 0, .prog_fd = raw_fd(prog.fd), .padding = 0, .cookie = 0}, tried, subject);
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type =
        static_cast<std::uint32_t>(prog.expected.value_or(tried.row.attach_types.front()));
    attr.tracing.cookie = given.value();
    return create_link(attr, tried, subject);
}

} // namespace bpflink
