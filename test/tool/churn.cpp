// SPDX-License-Identifier: Apache-2.0
// Makes links and lets them go until its standard input ends, and with them the programs, pins,
// cgroups, devices and network namespaces that they were on. Says "ready" when each has been made.
#include "must.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace bl = bpflink;
using bl::program_type;

template <program_type Type>
bl::program_ref<Type> program_of(test_programs const& programs, char const* name) {
    return must(bl::program_ref<Type>::from(programs.get(name)));
}

/// The program is loaded for the link alone, and goes with it.
void pin_and_unpin(std::string const& path) {
    test_programs const programs{"sys_enter_a"};
    auto link = must(bl::attach(program_of<program_type::raw_tracepoint>(programs, "sys_enter_a"),
                                bl::hook::raw_tracepoint{.name = "mark_victim"}));
    must(link.pin(path));
    must(link.unpin());
}

/// The links are defunct at the end, and the namespace has gone.
void remove_devices() {
    test_programs const programs{"xdp_a", "classify_a"};
    std::vector<bl::link> links;
    {
        sandbox::network network;
        auto const device = network.add_veth();
        links.emplace_back(must(bl::attach(program_of<program_type::xdp>(programs, "xdp_a"),
                                           bl::hook::xdp{.ifindex = device.here})));
        if (bl::supports<bl::hook::tcx>())
            links.emplace_back(must(bl::attach(
                program_of<program_type::sched_cls>(programs, "classify_a"),
                bl::hook::tcx{.ifindex = device.there, .attach = bl::attach_type::tcx_ingress})));
        links.emplace_back(must(bl::attach(
            program_of<program_type::xdp>(programs, "xdp_a"),
            bl::hook::xdp{.ifindex = network.loopback(), .mode = bl::xdp_mode::generic})));
        network.remove(device.here);
    }
}

class directory {
public:
    explicit directory(std::string path) : path_{std::move(path)} {
        if (::mkdir(path_.c_str(), 0755) < 0)
            throw std::system_error{errno, std::generic_category(), path_};
    }
    ~directory() { ::rmdir(path_.c_str()); }
    directory(directory const&) = delete;
    directory& operator=(directory const&) = delete;

    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// The link outlives its cgroup.
void remove_cgroups(std::string const& parent) {
    test_programs const programs{"egress_a"};
    bl::cgroup_link link;
    directory const above{parent + "/churn"};
    directory const below{above.path() + "/below"};
    link = must(bl::attach(
        program_of<program_type::cgroup_skb>(programs, "egress_a"),
        bl::hook::cgroup{.cgroup = below.path(), .attach = bl::attach_type::cgroup_inet_egress}));
}

/// The cgroup stays.
void attach_and_close(std::string const& cgroup) {
    test_programs const programs{"egress_b"};
    for (int i = 0; i != 50; ++i) {
        auto const link = must(bl::attach(
            program_of<program_type::cgroup_skb>(programs, "egress_b"),
            bl::hook::cgroup{.cgroup = cgroup, .attach = bl::attach_type::cgroup_inet_egress}));
        std::this_thread::sleep_for(std::chrono::milliseconds{2}); // long enough to be met
    }
}

std::atomic<bool> has_ended;

/// Does it over and over.
class repeated {
public:
    explicit repeated(std::function<void()> work)
        : thread_{[this, work = std::move(work)] {
              try {
                  for (; !has_ended; ++rounds_)
                      work();
              } catch (std::exception const& e) {
                  std::fprintf(stderr, "%s\n", e.what());
                  std::_Exit(1);
              }
          }} {}
    ~repeated() {
        has_ended = true;
        thread_.join();
    }
    repeated(repeated const&) = delete;
    repeated& operator=(repeated const&) = delete;

    void wait_for_a_round() const {
        while (rounds_ == 0)
            std::this_thread::yield();
    }

private:
    std::atomic<unsigned long> rounds_{0};
    std::thread thread_;
};

/// @param bpffs   the directory for pins
/// @param cgroup  that for cgroups
void run(std::string const& bpffs, std::string const& cgroup) {
    std::array<repeated, 4> const all{
        repeated{[=] { pin_and_unpin(bpffs + "/churn"); }},
        repeated{remove_devices},
        repeated{[=] { attach_and_close(cgroup); }},
        repeated{[=] { remove_cgroups(cgroup); }},
    };
    for (auto const& each : all)
        each.wait_for_a_round();
    std::puts("ready");
    std::fflush(stdout);
    char ignored[64];
    while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
}

} // namespace

int main(int argc, char** argv) {
    // Whatever ends the test ends the input too, and only that way everything is cleaned up.
    for (int const number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
        std::signal(number, SIG_IGN);
    if (argc != 3) return 2;
    run(argv[1], argv[2]);
    return 0;
}
