// SPDX-License-Identifier: Apache-2.0
#include "traffic.hpp"

#include "sandbox.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <system_error>

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::uint16_t protocol = 0x88b5; // what send_from sends

int checked(long outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return static_cast<int>(outcome);
}

} // namespace

frame_receiver::frame_receiver(bpflink::ifindex device)
    : socket_{checked(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "a packet socket")} {
    timeval const limit{sandbox::patience.count(), 0};
    checked(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit),
            "a timeout");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = ::htons(protocol);
    address.sll_ifindex = static_cast<int>(device);
    checked(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
}

void frame_receiver::receive(int count) const {
    while (count > 0) {
        unsigned char frame[64];
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        checked(::recvfrom(socket_.get(), frame, sizeof frame, 0,
                           reinterpret_cast<sockaddr*>(&from), &size),
                "receiving a frame");
        if (from.sll_pkttype != PACKET_OUTGOING) --count;
    }
}

void connect_to_loopback(int count) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = ::htons(9);
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    for (int i = 0; i != count; ++i) {
        bpflink::unique_fd const socket{
            checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a socket")};
        checked(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                "connect");
    }
}

void call_the_kernel(int count) {
    for (int i = 0; i != count; ++i)
        ::syscall(SYS_getppid);
}

void protect_memory() {
    constexpr std::size_t size = 4'096;
    auto* const page = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::system_error{errno, std::generic_category(), "mmap"};
    ::mprotect(page, size, PROT_NONE);
    ::munmap(page, size);
}
