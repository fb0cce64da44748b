// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>

#include <string>
#include <string_view>

namespace bpflink {

/// Whether the running kernel has a hook, and how that is known.
struct support {
    /// The answer, as far as it is known.
    enum class answer {
        yes,     ///< it has it
        no,      ///< it has not
        unknown, ///< it could not be asked, or does not tell
    };
    answer is = answer::unknown; ///< the answer
    std::string why;             ///< the kernel's words, or the reason why it could not be asked

    /// Whether the answer is yes: unknown is false.
    [[nodiscard]] explicit operator bool() const noexcept { return is == answer::yes; }
};

namespace detail {
[[nodiscard]] support probe_support(hook_row const& row);
[[nodiscard]] support probe_support(std::string_view hook); // by its name
[[nodiscard]] support cached_support(hook_row const& row);
} // namespace detail

/// Asks the kernel, never its version: loads the smallest program of the hook's type and tries to
/// attach it to an impossible target. A kernel that has the hook refuses with that hook's own
/// errno. Nothing stays attached. A kernel may load programs of tracing and LSM and then not attach
/// them (arm64 before 6.4). So a program that does nothing is attached for a moment there. A yes or
/// no is remembered for the process; unknown is asked again.
///
/// no: the kernel said just that. unknown: the kernel could not be asked. A privilege is missing, a
/// filter of system calls is in the way, descriptors or memory ran out, or /sys is not mounted yet.
/// It is unknown for struct_ops and freplace, too: only an attach with a real table or target
/// tells.
/// @kernel kernel/bpf/syscall.c, bpf_prog_load(), link_create(); read at v6.12
/// @cost 3 system calls and more the first time, none later
/// @threads any
template <hook_like H>
[[nodiscard]] support supports() {
    return detail::cached_support(hook_traits<H>::row());
}

} // namespace bpflink
