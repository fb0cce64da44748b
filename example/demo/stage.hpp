// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox.hpp"

#include <bpflink/ids.hpp>

#include <string>
#include <string_view>

namespace demo {

/// The place of the demo: a network namespace with a veth, a cgroup, and a bpffs at the usual path
/// that no other process sees. Make it before there is a second thread.
class stage {
public:
    static constexpr std::string_view bpffs = "/sys/fs/bpf";

    stage();

    [[nodiscard]] bpflink::ifindex sender() const noexcept { return veth_.there; }
    [[nodiscard]] bpflink::ifindex receiver() const noexcept { return veth_.here; }
    [[nodiscard]] std::string const& cgroup() const noexcept { return cgroup_.path(); }

    /// Sends packets from a process in the cgroup.
    void send_from_cgroup(int count);

private:
    struct mounts {
        mounts();
    };

    mounts mounts_;
    sandbox::network network_;
    sandbox::network::veth veth_ = network_.add_veth();
    sandbox::cgroup cgroup_;
};

/// The facts that have to be the same before and after.
struct surroundings {
    std::size_t open_descriptors;
    unsigned long network_namespace;

    static surroundings now();
    friend bool operator==(surroundings const&, surroundings const&) = default;
};

} // namespace demo
