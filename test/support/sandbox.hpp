// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

// Places of their own to attach and pin in. Everything goes away with the object, or at the latest
// with the process; no file and no other program is needed. Failures throw std::system_error.
namespace sandbox {

/// The time that a test waits for what has to come. An emulated machine beside busy ones takes ten
/// times as long as others.
inline constexpr std::chrono::seconds patience{60};

/// Gives the process a mount namespace of its own, so that no mount outlives it. Call it first in
/// main(), before there is a second thread.
void enter_private_mounts();

/// A network namespace for the calling thread, with lo up; the thread goes back at the end.
class network {
public:
    network();
    ~network();
    network(network const&) = delete;
    network& operator=(network const&) = delete;

    [[nodiscard]] bpflink::ifindex loopback() const noexcept { return bpflink::ifindex{1}; }

    struct veth {
        bpflink::ifindex here;  // up, in this namespace
        bpflink::ifindex there; // its peer, up, in this namespace too
    };
    /// A new pair of virtual Ethernet devices.
    /// @param sending_queues  of each device, which receives by one
    veth add_veth(std::uint32_t sending_queues = 1);

    struct netkit {
        bpflink::ifindex primary; // up, in this namespace
        bpflink::ifindex peer;    // up, in this namespace too
    };
    /// A new pair of netkit devices, which hand each other Ethernet frames.
    netkit add_netkit();

    /// A new device of a kind ("bridge", "bond", "macvlan"), down.
    /// @param below  the device that it is on, where it is on one
    bpflink::ifindex add_device(std::string const& kind, bpflink::ifindex below = {});

    /// Makes a device a port of a bridge or bond; it is down meanwhile, as a bond wants it.
    void add_port(bpflink::ifindex port, bpflink::ifindex to);

    void set_mtu(bpflink::ifindex device, unsigned mtu);

    /// This namespace, which lives as long as the descriptor does.
    [[nodiscard]] static bpflink::unique_fd here();

    /// Moves a device of this namespace to another.
    void move(bpflink::ifindex device, bpflink::fd_view to);

    /// Removes a device (and, of a pair, the other).
    void remove(bpflink::ifindex device);

    /// Sends `count` UDP packets to 127.0.0.1, so that lo receives them before this returns.
    void send_to_loopback(int count) const;

    /// Sends `count` Ethernet frames out of a device by a packet socket.
    void send_from(bpflink::ifindex device, int count) const;

private:
    bpflink::unique_fd before_; // the thread's namespace
};

/// A new version 2 cgroup below the mount's root.
class cgroup {
public:
    cgroup();
    ~cgroup();
    cgroup(cgroup const&) = delete;
    cgroup& operator=(cgroup const&) = delete;

    [[nodiscard]] std::string const& path() const noexcept { return path_; }

    /// Moves this process into it; leave() or the destructor moves it back to where it was.
    void enter();
    void leave();

    /// Removes the directory now; links on it are defunct then.
    void remove();

private:
    std::string path_;
    std::string entered_from_; // empty: this process is not in it
};

/// A bpffs mounted on a new directory.
class bpffs {
public:
    bpffs();
    ~bpffs();
    bpffs(bpffs const&) = delete;
    bpffs& operator=(bpffs const&) = delete;

    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// How many descriptors the process has open.
[[nodiscard]] std::size_t open_descriptors();

/// The names in a directory of a bpffs, but for those that the kernel makes there.
[[nodiscard]] std::set<std::string> names_in(std::string const& directory);

} // namespace sandbox
