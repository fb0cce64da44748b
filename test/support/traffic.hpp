// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

/// Takes the frames of sandbox::network::send_from that arrive at a device. What XDP does on the
/// device is done by then.
class frame_receiver {
public:
    explicit frame_receiver(bpflink::ifindex device);

    /// Waits until `count` have arrived; throws when they do not.
    void receive(int count) const;

private:
    bpflink::unique_fd socket_;
};

/// Connects that many UDP sockets to a port of 127.0.0.1: cgroup/connect4 programs run.
void connect_to_loopback(int count);

/// Makes that many system calls.
void call_the_kernel(int count);

/// Changes what a page of memory is protected from: the LSM hook file_mprotect is asked.
void protect_memory();
