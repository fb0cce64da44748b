// SPDX-License-Identifier: Apache-2.0
#pragma once

// Perf events that a hook opens, and links to perf events.

#include "border/sys.hpp"
#include "hook/row.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/match.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

inline constexpr int every_process = -1;

/// A probe of the kernel's "kprobe" or "uprobe" PMU.
struct event_probe {
    char const* name; // the function or the executable; nullptr: `offset` is an address
    std::uint64_t offset;
    bool retprobe;
    std::uint32_t ref_ctr_offset;
};

/// Where the kernel describes a unit that perf events are of.
[[nodiscard]] std::string directory_of_pmu(char const* name);

/// What to open for a probe of the unit that the hook's row names.
[[nodiscard]] result<uapi::perf_event_attr>
probe_attr(event_probe const& where, detail::attempt const& tried, std::string const& subject);

/// Opens a perf event on one process, or on all of them; then on a processor that is online.
[[nodiscard]] sys::opened open_event(uapi::perf_event_attr const& attr, int pid);

/// Why a perf event was not opened.
[[nodiscard]] tl::unexpected<error> refuse_event(int outcome, detail::attempt const& tried,
                                                 std::string subject);

/// Attaches a program to a perf event, which the link then holds open.
[[nodiscard]] result<unique_fd> attach_to_event(detail::attempt const& tried, fd_view event,
                                                cookie given, std::string const& subject);

/// Whether the kernel's lockdown is that of confidentiality.
[[nodiscard]] match is_locked_down();

// Looks for the rows of several hooks.

/// A program of a probe's type is known to be loaded for another attach type than a perf event.
[[nodiscard]] detail::finding probe_loaded_for_another(detail::attempt const& tried);
/// The same of a program that nothing is known of: an attach to nothing tells.
[[nodiscard]] detail::finding loaded_for_another_place(detail::attempt const& tried,
                                                       attach_type attach);
[[nodiscard]] detail::finding loaded_for_no_event(detail::attempt const& tried);
/// The request's program is the one that reads past the record; with the size in "{}".
[[nodiscard]] detail::finding reads_past_record(detail::attempt const& tried, std::string size);
[[nodiscard]] detail::finding lockdown_forbids(detail::attempt const& tried);
[[nodiscard]] detail::finding unit_is_missing(detail::attempt const& tried);
[[nodiscard]] detail::finding sysfs_is_missing(detail::attempt const& tried);
[[nodiscard]] detail::finding no_processor_is_known(detail::attempt const& tried);

/// Causes that every opening of a perf event has.
inline constexpr std::array opening_causes{
    detail::refusal{ENODEV, errc{},
                    "processor 0 is offline, and /sys does not tell one that is not", "mount /sys",
                    "perf_event_open", no_processor_is_known},
    detail::refusal{ENODEV, errc{}, "the processor went offline meanwhile", "try again",
                    "perf_event_open"},
    detail::refusal{EPERM, errc::permission_denied,
                    "a filter of system calls refuses perf_event_open(2)", "let it pass",
                    "perf_event_open"},
    detail::refusal{ENOSYS, errc::not_supported,
                    "the kernel has no perf_event_open(2), or a filter of system calls refuses it",
                    "", "perf_event_open", always},
};

/// The causes of probes, by the unit that the row names.
inline constexpr std::array unit_causes{
    detail::refusal{ENOENT, errc::not_supported, "this kernel is built without {}", "",
                    "perf_pmu_register", unit_is_missing},
    detail::refusal{ENOENT, errc{}, "/sys is not mounted, which tells whether this kernel has {}",
                    "mount it", "perf_pmu_register", sysfs_is_missing},
};

/// Causes that links to all perf events have.
inline constexpr std::array event_link_causes{
    detail::refusal{EOPNOTSUPP, errc::not_supported,
                    "this kernel is built without programs on events (CONFIG_BPF_EVENTS)", "",
                    "perf_event_attach_bpf_prog"},
};

/// The causes of programs of probes.
inline constexpr std::array probe_link_causes{
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                    "bpf_prog_attach_check_attach_type", loaded_for_no_event},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "it changes what functions return (bpf_override_return), and not here",
                    "take a function that is open to error injection, and where it begins",
                    "perf_event_attach_bpf_prog"},
};

} // namespace bpflink
