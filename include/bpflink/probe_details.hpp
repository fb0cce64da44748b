// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernel's facts about links on perf events and on many functions at once. Names and arrays are
// empty where the kernel does not report them: perf_event and kprobe_multi before 6.6, uprobe_multi
// before 6.8, tracing_multi before 7.3.

#include <bpflink/attach_type.hpp>
#include <bpflink/ids.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bpflink {

/// A kprobe or kretprobe.
struct perf_kprobe {
    bool retprobe = false;                 ///< a kretprobe
    std::string function;                  ///< empty when it was attached by address
    std::uint32_t offset = 0;              ///< into the function
    std::optional<std::uint64_t> address;  ///< empty where kptr_restrict hides it
    std::optional<std::uint64_t> missed;   ///< times the program could not run; since 6.7
    std::optional<bpflink::cookie> cookie; ///< since 6.9

    /// Whether all fields are the same.
    friend bool operator==(perf_kprobe const&, perf_kprobe const&) = default;
};

/// A uprobe or uretprobe.
struct perf_uprobe {
    bool retprobe = false;                       ///< a uretprobe
    std::string binary;                          ///< the path as it was given
    std::uint32_t offset = 0;                    ///< into the file
    std::optional<bpflink::cookie> cookie;       ///< since 6.9
    std::optional<std::uint64_t> ref_ctr_offset; ///< of a USDT's semaphore, 0 for none; since 6.16

    /// Whether all fields are the same.
    friend bool operator==(perf_uprobe const&, perf_uprobe const&) = default;
};

/// A tracepoint.
struct perf_tracepoint {
    std::string name;                      ///< "sched_switch", without its group
    std::optional<bpflink::cookie> cookie; ///< since 6.9

    /// Whether all fields are the same.
    friend bool operator==(perf_tracepoint const&, perf_tracepoint const&) = default;
};

/// A hardware or software event, or another unit's.
struct perf_counter {
    std::uint32_t type =
        0; ///< the unit's number as the kernel has it: it may replace the asked one
    std::uint64_t config = 0;              ///< which of the unit's events
    std::optional<bpflink::cookie> cookie; ///< since 6.9

    /// Whether all fields are the same.
    friend bool operator==(perf_counter const&, perf_counter const&) = default;
};

/// The facts of a perf event's link: hook::perf_event, hook::tracepoint, hook::kprobe,
/// hook::uprobe.
struct perf_event_details {
    /// Empty where the kernel does not tell (before 6.6).
    std::variant<std::monostate, perf_kprobe, perf_uprobe, perf_tracepoint, perf_counter> event;

    /// Whether all fields are the same.
    friend bool operator==(perf_event_details const&, perf_event_details const&) = default;
};

/// A link on many functions of the kernel.
struct kprobe_multi_details {
    /// One of them.
    struct function {
        std::optional<std::uint64_t> address;  ///< empty where kptr_restrict hides it
        std::optional<bpflink::cookie> cookie; ///< since 6.9

        /// Whether all fields are the same.
        friend bool operator==(function const&, function const&) = default;
    };
    std::optional<bool> retprobe;        ///< whether it runs on return
    std::optional<std::uint64_t> missed; ///< times the program could not run; since 6.7
    std::vector<function> functions;     ///< empty where the kernel does not tell

    /// Whether all fields are the same.
    friend bool operator==(kprobe_multi_details const&, kprobe_multi_details const&) = default;
};

/// A link on many places in a file.
struct uprobe_multi_details {
    /// One of them.
    struct place {
        std::uint64_t offset = 0;         ///< into the file
        std::uint64_t ref_ctr_offset = 0; ///< of a USDT's semaphore; 0 for none
        bpflink::cookie cookie;           ///< 0: none

        /// Whether all fields are the same.
        friend bool operator==(place const&, place const&) = default;
    };
    std::optional<bool> retprobe;     ///< whether it runs on return
    std::string binary;               ///< of the file, as seen from the caller's root directory
    std::optional<std::uint32_t> pid; ///< in the caller's pid namespace; 0 for every process
    std::vector<place> places;        ///< empty where the kernel does not tell

    /// Whether all fields are the same.
    friend bool operator==(uprobe_multi_details const&, uprobe_multi_details const&) = default;
};

/// A link on many functions known by their BTF types.
struct tracing_multi_details {
    /// One of them.
    struct function {
        btf_id target;                        ///< its BTF type
        std::optional<std::uint64_t> address; ///< empty where kptr_restrict hides it
        bpflink::cookie cookie;               ///< 0: none

        /// Whether all fields are the same.
        friend bool operator==(function const&, function const&) = default;
    };
    std::optional<attach_type> attach;       ///< trace_fentry_multi, ...
    std::optional<std::uint32_t> btf_object; ///< the object with the targets' types
    std::vector<function> functions;         ///< empty where the kernel does not tell

    /// Whether all fields are the same.
    friend bool operator==(tracing_multi_details const&, tracing_multi_details const&) = default;
};

} // namespace bpflink
