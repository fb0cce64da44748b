// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>

#include <string>
#include <string_view>

namespace bpflink {

/// Whether the running kernel has a hook, and how that is known.
struct support {
    /// What is known of it.
    enum class answer {
        yes,     ///< it has it
        no,      ///< it has not
        unknown, ///< it could not be asked, or does not tell
    };
    answer is = answer::unknown; ///< the answer
    std::string why;             ///< what the kernel said, or what keeps it from being asked

    /// Whether the answer is yes: unknown is false.
    [[nodiscard]] explicit operator bool() const noexcept { return is == answer::yes; }
};

namespace detail {
[[nodiscard]] support probe_support(hook_row const& row);
[[nodiscard]] support probe_support(std::string_view hook); // by its name
[[nodiscard]] support cached_support(hook_row const& row);
} // namespace detail

/// Asks the kernel, never its version: loads the smallest program of the hook's type and attaches
/// it to what cannot be, which a kernel with the hook refuses in its own way. Nothing stays
/// attached: of tracing and LSM, whose programs a kernel may load and then not attach (arm64
/// before 6.4), a program that does nothing is attached for a moment. A yes or no is remembered for
/// the process; unknown is asked again.
///
/// no: the kernel said just that. unknown: all else that keeps it from being asked, as a missing
/// privilege, a filter of system calls, want of descriptors or memory, or /sys not mounted yet;
/// and struct_ops and freplace, which only an attach with a real table or target tells.
/// @kernel kernel/bpf/syscall.c, bpf_prog_load(), link_create(); read at v6.12
/// @cost 3 system calls and more the first time, none later
/// @threads any
template <hook_like H>
[[nodiscard]] support supports() {
    return detail::cached_support(hook_traits<H>::row());
}

} // namespace bpflink
