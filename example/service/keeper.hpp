// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"
#include "xdp_object.hpp"

#include <bpflink/error.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/typed_link.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace service {

/// What a keeper does, and has done since the start.
struct status {
    std::string interface;                  ///< where it keeps the program
    std::optional<bpflink::link_info> link; ///< empty where there is none
    std::uint64_t attached = 0;             ///< new links
    std::uint64_t adopted = 0;              ///< links taken over from an earlier process
    std::uint64_t swapped = 0;              ///< programs replaced by another
    std::uint64_t failed = 0;               ///< checks and reloads that came to nothing
};

/// Keeps the configured program on the configured interface, by one pinned link.
class keeper {
public:
    keeper(configuration where, xdp_object object)
        : where_{std::move(where)}, object_{std::move(object)} {}

    /// Makes it so, if it is not: attached to the interface that has the name now, and pinned. An
    /// interface that is not there is waited for, by the next check.
    bpflink::result<void> check();

    /// Loads the object anew and swaps the program in without a gap, if the one that runs is this
    /// service's. Another interface gets its link before the old one loses its own. After a failure
    /// everything is as it was, but for maps that the object pins by name.
    bpflink::result<void> reload(configuration next);

    /// Lets go: the program stays on the interface, or is taken off, as configured.
    bpflink::result<void> finish();

    [[nodiscard]] configuration const& where() const noexcept { return where_; }
    [[nodiscard]] service::status status() const;

private:
    bpflink::result<void> make_it_so();
    bpflink::result<void> replace(configuration const& next, xdp_object const& object);
    bpflink::result<bpflink::xdp_link> adopt_or_attach(configuration const& to, xdp_program program,
                                                       bpflink::ifindex device);
    bpflink::result<void> remove_defunct_pin();
    bpflink::result<void> counted(bpflink::result<void> outcome);

    configuration where_;
    xdp_object object_;
    bpflink::xdp_link link_; // empty: the interface is not there
    service::status done_;   // but for interface and link
    bool waiting_ = false;   // it was said which interface is not there
};

} // namespace service
