// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared.h"

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

namespace demo {

/// Sends numbered frames out of a device from a thread of its own, as fast as they are counted at
/// the other end.
class traffic {
public:
    /// Starts. Throws std::system_error.
    traffic(bpflink::ifindex from, demo_state& counted);

    /// Ends the thread and gives what is under way a second to arrive.
    void stop();

    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

    /// Returns when a version has counted one more packet. Throws std::runtime_error when that
    /// takes two seconds.
    void wait_for_packet(int version) const;

private:
    void run(std::stop_token const& stopped);
    [[nodiscard]] std::uint64_t counted() const noexcept;

    bpflink::unique_fd socket_;
    demo_state& state_;
    std::atomic<std::uint64_t> sent_ = 0;
    std::jthread thread_; // last: it uses the others
};

/// The fates of the packets 0 ... sent - 1, by the marks that the programs left.
struct delivery {
    std::uint64_t unseen = 0;
    std::uint64_t seen_twice = 0;
    std::uint64_t changes = 0; ///< of version, in the order of the packets' numbers
};
[[nodiscard]] delivery trace(demo_state const& state, std::uint64_t sent);

} // namespace demo
