// SPDX-License-Identifier: Apache-2.0
#include "sandbox.hpp"

#include "eventually.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox {
namespace {

using bpflink::ifindex;
using bpflink::unique_fd;

int checked(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

/// A name that no other run has at the same time.
std::string unique_name() {
    static std::atomic<unsigned> counter;
    return "bpflink_test_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
}

/// One rtnetlink request, as the kernel wants it: a header, a fixed part, nested attributes.
class netlink_request {
public:
    netlink_request(std::uint16_t type, std::uint16_t flags, ifinfomsg const& device) {
        bytes_.resize(NLMSG_LENGTH(sizeof device));
        header().nlmsg_type = type;
        header().nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK);
        std::memcpy(NLMSG_DATA(&header()), &device, sizeof device);
    }

    void add(std::uint16_t type, void const* data, std::size_t size) {
        auto const start = open(type);
        append(data, size);
        close(start);
    }
    void add(std::uint16_t type, std::string const& text) {
        add(type, text.c_str(), text.size() + 1);
    }
    std::size_t open(std::uint16_t type) {
        bytes_.resize(NLMSG_ALIGN(bytes_.size()));
        auto const start = bytes_.size();
        rtattr const attribute{sizeof attribute, type};
        append(&attribute, sizeof attribute);
        return start;
    }
    void close(std::size_t start) {
        auto const length = static_cast<unsigned short>(bytes_.size() - start);
        std::memcpy(bytes_.data() + start, &length, sizeof length);
    }
    void append(void const* data, std::size_t size) {
        auto const end = bytes_.size();
        bytes_.resize(end + size);
        std::memcpy(bytes_.data() + end, data, size);
    }

    void send(char const* what) {
        unique_fd const socket{
            checked(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), what)};
        header().nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
        checked(static_cast<int>(::send(socket.get(), bytes_.data(), bytes_.size(), 0)), what);
        alignas(nlmsghdr) char reply[4096];
        checked(static_cast<int>(::recv(socket.get(), reply, sizeof reply, 0)), what);
        nlmsgerr outcome;
        std::memcpy(&outcome, NLMSG_DATA(reply), sizeof outcome);
        if (outcome.error != 0)
            throw std::system_error{-outcome.error, std::generic_category(), what};
    }

private:
    nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }

    std::vector<char> bytes_;
};

void set_up(ifindex device, bool up = true) {
    ifinfomsg change{};
    change.ifi_index = static_cast<int>(device);
    change.ifi_flags = up ? IFF_UP : 0;
    change.ifi_change = IFF_UP;
    netlink_request{RTM_NEWLINK, 0, change}.send("setting a device up or down");
}

/// A request that changes one attribute of a device.
void change(ifindex device, std::uint16_t attribute, unsigned value, char const* what) {
    ifinfomsg which{};
    which.ifi_index = static_cast<int>(device);
    netlink_request request{RTM_NEWLINK, 0, which};
    request.add(attribute, &value, sizeof value);
    request.send(what);
}

ifindex index_of(std::string const& name) {
    unsigned const index = ::if_nametoindex(name.c_str());
    checked(index == 0 ? -1 : 0, "looking up a device");
    return ifindex{index};
}

/// The indexes of all devices of the namespace, sorted.
std::vector<unsigned> devices() {
    std::vector<unsigned> indexes;
    auto* const all = ::if_nameindex();
    checked(all ? 0 : -1, "listing devices");
    for (auto const* each = all; each->if_index != 0; ++each)
        indexes.push_back(each->if_index);
    ::if_freenameindex(all);
    std::ranges::sort(indexes);
    return indexes;
}

/// Where version 2 cgroups are mounted, or become so.
std::string cgroup_root() {
    std::ifstream mounts{"/proc/self/mounts"};
    for (std::string device, place, type, rest; mounts >> device >> place >> type;
         std::getline(mounts, rest))
        if (type == "cgroup2") return place;
    std::string const place = "/sys/fs/cgroup";
    checked(::mount("cgroup2", place.c_str(), "cgroup2", 0, nullptr), "mounting cgroup2");
    return place;
}

/// The version 2 cgroup that this process is in.
std::string current_cgroup() {
    std::ifstream all{"/proc/self/cgroup"};
    for (std::string line; std::getline(all, line);)
        if (line.starts_with("0::")) return cgroup_root() + line.substr(3);
    throw std::runtime_error{"this process is in no version 2 cgroup"};
}

void move_process_to(std::string const& cgroup) {
    std::ofstream processes{cgroup + "/cgroup.procs"};
    processes << ::getpid() << std::flush;
    if (!processes) throw std::runtime_error{"cannot enter " + cgroup};
}

/// Removes a cgroup that nobody else is in. A process that was waited for may be in it a moment
/// longer. 0, or -1 with errno.
int remove_cgroup(std::string const& path) {
    int removed = -1;
    static_cast<void>(eventually([&] {
        removed = ::rmdir(path.c_str());
        return removed == 0 || errno != EBUSY;
    }));
    return removed;
}

/// Keeps IPv6 off every device that this namespace gets, whose own packets (neighbours, routers,
/// groups) would run a program on it at any time.
void silence_devices() {
    std::ofstream{"/proc/sys/net/ipv6/conf/default/disable_ipv6"} << 1;
}

} // namespace

void enter_private_mounts() {
    checked(::unshare(CLONE_NEWNS), "a mount namespace");
    checked(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
}

network::network() : before_{here()} {
    checked(::unshare(CLONE_NEWNET), "a network namespace");
    silence_devices();
    set_up(loopback());
}

network::~network() {
    if (::setns(before_.get(), CLONE_NEWNET) < 0) {
        std::perror("cannot return to the network namespace");
        std::abort(); // every later test would run in the wrong place
    }
}

network::veth network::add_veth(std::uint32_t sending_queues) {
    std::string stem{'v'}; // fits into IFNAMSIZ; not "v" + ..., on which gcc 12 warns in vain
    stem += std::to_string(::getpid() % 10'000'000);
    auto const here = stem + "a";
    auto const there = stem + "b";
    netlink_request request{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{}};
    request.add(IFLA_IFNAME, here);
    auto const info = request.open(IFLA_LINKINFO);
    request.add(IFLA_INFO_KIND, "veth", 4);
    auto const data = request.open(IFLA_INFO_DATA);
    auto const peer = request.open(VETH_INFO_PEER);
    ifinfomsg const peer_device{};
    request.append(&peer_device, sizeof peer_device);
    request.add(IFLA_IFNAME, there);
    auto const add_queues = [&] { // the kernel reads both places for the peer
        if (sending_queues != 1)
            request.add(IFLA_NUM_TX_QUEUES, &sending_queues, sizeof sending_queues);
    };
    add_queues();
    request.close(peer);
    request.close(data);
    request.close(info);
    add_queues();
    request.send("a veth pair");
    veth const pair{index_of(here), index_of(there)};
    set_up(pair.here);
    set_up(pair.there);
    return pair;
}

network::netkit network::add_netkit() {
    constexpr std::uint16_t mode = 5; // IFLA_NETKIT_MODE, which older headers do not have
    constexpr std::uint32_t layer_2 = 0;
    auto const before = devices();
    // Without a name: a given one would be the peer's as well, and taken.
    netlink_request request{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{}};
    auto const info = request.open(IFLA_LINKINFO);
    request.add(IFLA_INFO_KIND, "netkit", 6);
    auto const data = request.open(IFLA_INFO_DATA);
    request.add(mode, &layer_2, sizeof layer_2);
    request.close(data);
    request.close(info);
    request.send("a netkit pair");
    std::vector<unsigned> made;
    std::ranges::set_difference(devices(), before, std::back_inserter(made));
    if (made.size() != 2) throw std::runtime_error{"a netkit pair is no pair"};
    netkit const pair{ifindex{made[1]}, ifindex{made[0]}}; // the peer is registered first
    set_up(pair.primary);
    set_up(pair.peer);
    return pair;
}

ifindex network::add_device(std::string const& kind, ifindex below) {
    auto const before = devices();
    netlink_request request{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{}};
    if (auto const index = below.value(); index != 0) request.add(IFLA_LINK, &index, sizeof index);
    auto const info = request.open(IFLA_LINKINFO);
    request.add(IFLA_INFO_KIND, kind);
    request.close(info);
    request.send("a device");
    std::vector<unsigned> made;
    std::ranges::set_difference(devices(), before, std::back_inserter(made));
    return ifindex{made.at(0)};
}

void network::add_port(ifindex port, ifindex to) {
    set_up(port, false);
    change(port, IFLA_MASTER, to.value(), "making a port");
    set_up(port);
}

void network::set_mtu(ifindex device, unsigned mtu) {
    change(device, IFLA_MTU, mtu, "setting an MTU");
}

unique_fd network::here() {
    return unique_fd{
        checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "namespace")};
}

void network::move(ifindex device, bpflink::fd_view to) {
    ifinfomsg which{};
    which.ifi_index = static_cast<int>(device);
    netlink_request request{RTM_NEWLINK, 0, which};
    auto const number = to.get();
    request.add(IFLA_NET_NS_FD, &number, sizeof number);
    request.send("moving a device");
}

void network::remove(ifindex device) {
    ifinfomsg which{};
    which.ifi_index = static_cast<int>(device);
    netlink_request{RTM_DELLINK, 0, which}.send("removing a device");
}

void network::send_to_loopback(int count) const {
    unique_fd const receiver{checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(receiver.get(), raw, sizeof address), "bind");
    socklen_t size = sizeof address;
    checked(::getsockname(receiver.get(), raw, &size), "getsockname");
    unique_fd const sender{checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
    for (int i = 0; i != count; ++i) {
        char byte = 0;
        checked(static_cast<int>(::sendto(sender.get(), &byte, 1, 0, raw, sizeof address)), "send");
        checked(static_cast<int>(::recv(receiver.get(), &byte, 1, 0)), "receive");
    }
}

void network::send_from(ifindex device, int count) const {
    unique_fd const socket{
        checked(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "a packet socket")};
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(device);
    unsigned char frame[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    frame[12] = 0x88; // an experimental protocol, which nobody answers
    frame[13] = 0xb5;
    for (int i = 0; i != count; ++i)
        checked(static_cast<int>(::sendto(socket.get(), frame, sizeof frame, 0,
                                          reinterpret_cast<sockaddr*>(&address), sizeof address)),
                "sending a frame");
}

cgroup::cgroup() : path_{cgroup_root() + "/" + unique_name()} {
    checked(::mkdir(path_.c_str(), 0755), "a cgroup");
}

cgroup::~cgroup() {
    if (path_.empty()) return;
    try {
        leave();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
    }
    if (remove_cgroup(path_) < 0) std::perror(path_.c_str());
}

void cgroup::enter() {
    auto from = current_cgroup();
    move_process_to(path_);
    entered_from_ = std::move(from);
}

void cgroup::leave() {
    if (entered_from_.empty()) return;
    move_process_to(entered_from_);
    entered_from_.clear();
}

void cgroup::remove() {
    leave();
    checked(remove_cgroup(path_), "removing a cgroup");
    path_.clear();
}

bpffs::bpffs() {
    path_ = std::filesystem::temp_directory_path() / unique_name();
    checked(::mkdir(path_.c_str(), 0700), "a directory");
    checked(::mount("bpf", path_.c_str(), "bpf", 0, nullptr), "mounting a bpffs");
}

bpffs::~bpffs() {
    if (::umount2(path_.c_str(), MNT_DETACH) < 0 || ::rmdir(path_.c_str()) < 0)
        std::perror(path_.c_str());
}

std::size_t open_descriptors() {
    std::filesystem::directory_iterator const all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1; // its own
}

std::set<std::string> names_in(std::string const& directory) {
    std::set<std::string> found;
    for (auto const& entry : std::filesystem::directory_iterator{directory})
        if (auto const name = entry.path().filename().string(); !name.ends_with(".debug"))
            found.insert(name);
    return found;
}

} // namespace sandbox
