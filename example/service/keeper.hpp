// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"
#include "xdp_object.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace service {

/// The state of a keeper, and its counts since the start.
struct status {
    std::string interface;                                ///< where it keeps the program
    std::string pin;                                      ///< and the path of the link's pin
    std::optional<bpflink::link_info> link;               ///< empty where there is none
    std::map<bpflink::step_kind, std::uint64_t> steps;    ///< of its set of links
    std::map<bpflink::link_change, std::uint64_t> events; ///< of all links in the kernel
    std::uint64_t failed = 0;                             ///< checks and reloads
    bool is_reloaded = true; ///< the last reload succeeded; the start is one
    std::chrono::system_clock::time_point reloaded = std::chrono::system_clock::now();
    std::vector<std::uint64_t> packets; ///< by the program's counters
    std::string amiss;                  ///< why the program is not there; else empty
};

/// Keeps the configured program on the configured interface, by a set of one pinned link.
class keeper {
public:
    /// @param stored  the link as systemd has kept it; may be empty
    keeper(configuration where, xdp_object object, bpflink::link stored = {})
        : where_{std::move(where)}, object_{std::move(object)}, stored_{std::move(stored)} {}

    /// The step that the first check would take, and the obstacle to it, if any. Changes nothing.
    /// @errors not_found  the interface is not there, and is not to be waited for
    ///         and as link_set::plan
    [[nodiscard]] bpflink::result<std::vector<bpflink::set_step>> plan() const;

    /// Makes it so, where it is not: attached to the interface that has the name now, and pinned.
    /// While the link is on the interface, that may be renamed. One that is not there is waited
    /// for, by the next check.
    bpflink::result<void> check();

    /// Loads the object anew and swaps the program in without a gap. Another interface gets its
    /// link before the old one loses its own. After a failure everything is as it was, but for maps
    /// that the object pins by name.
    /// @param next  where it could not be read, nothing is done
    bpflink::result<void> reload(bpflink::result<configuration> next);

    /// Lets go: the program stays on the interface, or is taken off, as configured.
    bpflink::result<void> finish();

    /// Counts what a watcher saw.
    void count(std::span<bpflink::link_event const> seen);

    [[nodiscard]] configuration const& where() const noexcept { return where_; }
    [[nodiscard]] service::status status() const;
    /// Null where there is none.
    [[nodiscard]] bpflink::link const* link() const noexcept;

private:
    using device = std::optional<bpflink::ifindex>; // empty: it is not there

    bpflink::result<void> make_it_so();
    bpflink::result<void> replace(configuration next);
    bpflink::result<void> apply(configuration const& to, xdp_object const& object, device on);
    bpflink::result<void> apply(bpflink::link_set& set);
    bpflink::result<void> let_go();
    void tell_name();
    [[nodiscard]] bool is_attached() const;

    configuration where_;
    xdp_object object_;
    bpflink::link stored_; // until it is adopted
    bpflink::link_set set_;
    device device_;        // that the set's link is on
    std::string called_;   // the device's name
    service::status done_; // but for interface, pin and link
};

} // namespace service
