// SPDX-License-Identifier: Apache-2.0
#include "traffic.hpp"

#include "demo_programs.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <pthread.h>
#include <span>
#include <stdexcept>
#include <system_error>

#include <linux/if_packet.h>
#include <sched.h>
#include <sys/socket.h>

namespace demo {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Half of what a veth's queue takes. The queue drops what is above, before any program could see
// it.
constexpr std::uint64_t window = 128;

bpflink::unique_fd open_socket(bpflink::ifindex device) {
    bpflink::unique_fd fd{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
    if (!fd) throw std::system_error{errno, std::generic_category(), "a packet socket"};
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(device);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
        throw std::system_error{errno, std::generic_category(), "a packet socket's device"};
    return fd;
}

/// A veth has a queue for each processor: on one, packets keep their order.
void stay_on_this_processor() {
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &here);
    ::pthread_setaffinity_np(::pthread_self(), sizeof here, &here);
}

} // namespace

traffic::traffic(bpflink::ifindex from, demo_state& counted)
    : socket_{open_socket(from)}, state_{counted},
      thread_{[this](std::stop_token const& stopped) { run(stopped); }} {
}

void traffic::run(std::stop_token const& stopped) {
    ::pthread_setname_np(::pthread_self(), "sender");
    stay_on_this_processor();
    demo_frame frame{};
    std::ranges::fill(frame.ethernet.h_dest, std::uint8_t{0xff});
    frame.ethernet.h_proto = ::htons(demo_protocol);
    std::uint64_t lost = 0;
    auto last = clock::now();
    while (!stopped.stop_requested() && sent_ != demo_capacity) {
        if (sent_ - lost >= counted() + window) {
            if (clock::now() - last > 500ms) lost = sent_ - counted(); // the check will tell
            std::this_thread::yield();
            continue;
        }
        frame.number = sent_;
        if (::send(socket_.get(), &frame, sizeof frame, 0) == sizeof frame) ++sent_;
        last = clock::now();
    }
}

void traffic::stop() {
    thread_.request_stop();
    thread_.join();
    for (auto const end = clock::now() + 1s; counted() < sent_ && clock::now() < end;)
        std::this_thread::sleep_for(1ms);
}

void traffic::wait_for_packet(int version) const {
    auto const end = clock::now() + 2s;
    for (auto const before = read(state_.packets[version]);
         read(state_.packets[version]) == before;) {
        if (clock::now() > end) throw std::runtime_error{"no packet has arrived for two seconds"};
        std::this_thread::sleep_for(50us);
    }
}

std::uint64_t traffic::counted() const noexcept {
    return read(state_.packets[0]) + read(state_.packets[1]);
}

delivery trace(demo_state const& state, std::uint64_t sent) {
    delivery all;
    int last = -1;
    for (auto const mark : std::span{state.marks}.first(sent)) {
        if (mark == 0) {
            ++all.unseen;
        } else if (mark != demo_mark_1 && mark != demo_mark_2) {
            ++all.seen_twice;
        } else {
            int const version = mark == demo_mark_2;
            if (last >= 0 && version != last) ++all.changes;
            last = version;
        }
    }
    return all;
}

} // namespace demo
