// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/uapi.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

inline constexpr int every_process = -1;

/// Attaches a program to a perf event, which the link then holds open.
[[nodiscard]] result<unique_fd> attach_to_event(detail::borrowed_program const& prog, fd_view event,
                                                cookie value, std::string subject);

/// Opens a perf event on one process, or on all.
[[nodiscard]] result<unique_fd> open_event(uapi::perf_event_attr const& attr, int pid,
                                           std::string subject);

/// Where the kernel describes a unit that perf events are of.
[[nodiscard]] std::string directory_of_pmu(char const* name);

/// A probe of the kernel's "kprobe" or "uprobe" PMU.
struct probe {
    char const* pmu;
    char const* name; // the function or the executable; nullptr: `offset` is an address
    std::uint64_t offset;
    bool retprobe;
    std::uint32_t ref_ctr_offset;
    int pid;
};

/// What an errno of the kernel's means.
struct refusal {
    errc condition;
    std::string_view advice; // empty: nothing more is known
};

/// @param meaning  of an errno of the kernel's
[[nodiscard]] result<unique_fd> open_probe(probe const& where, refusal (*meaning)(int),
                                           std::string subject);

} // namespace bpflink
