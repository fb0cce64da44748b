// SPDX-License-Identifier: Apache-2.0
// Eight processes make, update, pin, move and tear down links, each at places of its own; a walker,
// snapshots, a watcher and the example of a service are beside them. Nothing may be lost, touched
// or grow.
#include "kernel_log.hpp"
#include "must.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace bl = bpflink;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t workers = 8;
constexpr long most_growth = 512; // pages

struct counters {
    std::atomic<std::uint64_t> operations;
    std::atomic<std::uint64_t> looks;
};
counters* shared;

void must_hold(bool holds, char const* what) {
    if (!holds) throw std::runtime_error{what};
}

void eventually(std::function<bool()> const& holds, char const* what) {
    using namespace std::chrono_literals;
    for (auto const begin = clock_type::now(); !holds(); std::this_thread::sleep_for(10ms))
        must_hold(clock_type::now() - begin < 15s, what);
}

/// What a process holds.
struct holdings {
    long pages = 0;
    std::ptrdiff_t descriptors = 0;
};

/// @param process  its number, or self
holdings held_by(std::string const& process) {
    namespace fs = std::filesystem;
    std::ifstream file{"/proc/" + process + "/statm"};
    holdings now;
    long size = 0;
    file >> size >> now.pages;
    now.descriptors = std::distance(fs::directory_iterator{"/proc/" + process + "/fd"}, {});
    return now;
}

/// Calls `round` until the time is over; after a tenth of it, the process may hold no more.
void repeat(std::chrono::seconds time, std::function<void()> const& round,
            std::string const& process = "self") {
    auto const begin = clock_type::now();
    auto const warm = begin + time / 10;
    holdings first;
    while (clock_type::now() < begin + time) {
        round();
        if (first.pages == 0 && clock_type::now() >= warm) first = held_by(process);
    }
    must_hold(first.pages != 0, "there was one round at least");
    // Another process may be at work.
    eventually([&] { return held_by(process).descriptors <= first.descriptors; },
               "no descriptor is left open");
    must_hold(held_by(process).pages - first.pages < most_growth, "memory does not grow");
}

/// Two programs of one type, the first of which is on the links that stay.
template <bl::program_type Type>
struct pair_of_programs {
    test_programs loaded;
    bl::program_ref<Type> first, second;
    bl::program_id first_id, second_id;

    pair_of_programs(char const* one, char const* other)
        : loaded{one, other}, first{must(bl::program_ref<Type>::from(loaded.get(one)))},
          second{must(bl::program_ref<Type>::from(loaded.get(other)))},
          first_id{bl::program_id{loaded.id(one)}}, second_id{bl::program_id{loaded.id(other)}} {}
};

/// Swaps, moves and opens a link again and again. In the end it has the first program and is at
/// `path`.
template <class Link, class Programs>
void churn(Link& link, Programs const& programs, std::string const& path) {
    constexpr int times = 50;
    auto const moved = path + "_moved";
    for (int i = 0; i < times; ++i) {
        must(link.update(programs.second));
        must(link.pin(moved));
        auto opened = must(Link::load_pinned(moved));
        must_hold(must(opened.info()).program == programs.second_id, "an update lasts");
        must(link.update(programs.first));
        must(link.pin(path));
        shared->operations += 6;
    }
}

/// Makes links at one place until the time is over, beside one that stays at another.
template <class Programs, class H>
void work(std::chrono::seconds time, std::string const& path, Programs const& programs,
          H const& here, H const& there) {
    auto const attach = [&](H const& where) { return must(bl::attach(programs.first, where)); };
    using link_type = decltype(attach(here));
    auto const kept_path = path + "_kept";
    auto kept = attach(there);
    auto const id = must(kept.info()).id;
    must(kept.pin(kept_path));
    repeat(time, [&] {
        auto link = attach(here);
        must(link.pin(path));
        churn(link, programs, path);
        auto const made = must(link.info()).id;
        link = {};
        auto opened = must(link_type::load_pinned(path));
        must_hold(must(opened.info()).id == made, "a pin keeps its link");
        if (made.value() % 2 == 0) {
            must(bl::teardown(std::move(opened)));
        } else {
            must(opened.unpin());
            must(opened.detach());
        }
        auto const still = must(bl::link::load_pinned(kept_path));
        auto const told = must(still.info());
        must_hold(told.id == id && told.program == programs.first_id,
                  "a link that nobody touched is as it was");
        shared->operations += 8;
    });
    must(bl::teardown(std::move(kept)));
}

void work_on_xdp(std::chrono::seconds time, std::string const& path) {
    sandbox::network network;
    auto const pair = network.add_veth();
    auto const at = [](bl::ifindex device) {
        return bl::hook::xdp{.ifindex = device, .mode = bl::xdp_mode::generic};
    };
    work(time, path, pair_of_programs<bl::program_type::xdp>{"xdp_a", "xdp_b"}, at(pair.here),
         at(pair.there));
}

void work_on_tcx(std::chrono::seconds time, std::string const& path) {
    sandbox::network network;
    auto const pair = network.add_veth();
    auto const at = [](bl::ifindex device) {
        return bl::hook::tcx{.ifindex = device, .attach = bl::attach_type::tcx_ingress};
    };
    work(time, path, pair_of_programs<bl::program_type::sched_cls>{"classify_a", "classify_b"},
         at(pair.here), at(pair.there));
}

void work_on_cgroup(std::chrono::seconds time, std::string const& path) {
    sandbox::cgroup const one, other;
    auto const at = [](sandbox::cgroup const& group) {
        return bl::hook::cgroup{.cgroup = group.path(),
                                .attach = bl::attach_type::cgroup_inet_egress};
    };
    work(time, path, pair_of_programs<bl::program_type::cgroup_skb>{"egress_a", "egress_b"},
         at(one), at(other));
}

void walk(std::chrono::seconds time) {
    repeat(time, [] {
        for (auto&& each : bl::infos())
            static_cast<void>(must(std::move(each)));
        ++shared->looks;
    });
}

void take_snapshots(std::chrono::seconds time) {
    bl::snapshotter by;
    repeat(time, [&] {
        static_cast<void>(must(by.take()));
        ++shared->looks;
    });
}

void watch(std::chrono::seconds time) {
    auto watcher = must(bl::watcher::start({.period = std::chrono::milliseconds{10}}));
    repeat(time, [&] {
        static_cast<void>(must(watcher.wait(std::chrono::milliseconds{100})));
        ++shared->looks;
    });
}

#ifdef SERVICE
bl::program_id program_at(std::string const& pin, std::optional<bl::link_id> expected) {
    auto const info = must(must(bl::link::load_pinned(pin)).info());
    must_hold(!expected || info.id == *expected, "the service keeps its link");
    return info.program;
}

/// The example of a service, which is not left behind.
struct running_service {
    pid_t pid;
    ~running_service() {
        if (pid != 0) ::kill(pid, SIGKILL);
    }
    /// Whether it ends well when it is told to.
    bool ends() {
        pid_t const ending = std::exchange(pid, 0);
        int status = 0;
        return ::kill(ending, SIGTERM) == 0 && ::waitpid(ending, &status, 0) == ending &&
               WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
    }
};

/// Has the service swap its program once a second.
void serve(std::chrono::seconds time, std::string const& pins) {
    namespace fs = std::filesystem;
    static constexpr char const* objects[]{SERVICE_OBJECTS};
    sandbox::network network;
    auto const interface = must(bl::interface_name_of(network.add_veth().here));
    auto const pin = pins + '/' + bl::pin_name(interface);
    auto const configure = [&](char const* object) {
        std::ofstream{"/tmp/next"} << "interface = \"" << interface << "\"\nobject = \"" << object
                                   << "\"\nprogram = \"count\"\ncounters = \"frames\"\npins = \""
                                   << pins << "\"\nkeep = false\n";
        fs::rename("/tmp/next", "/tmp/service.toml");
    };
    configure(objects[0]);
    running_service service{::fork()};
    if (service.pid == 0) {
        static_cast<void>(std::freopen("/tmp/service.log", "w", stderr));
        ::execl(SERVICE, SERVICE, "/tmp/service.toml", nullptr);
        std::_Exit(EXIT_FAILURE);
    }
    eventually([&] { return fs::exists(pin); }, "the service starts");
    auto const id = must(must(bl::link::load_pinned(pin)).info()).id;
    auto const swap = [&, version = 0]() mutable {
        std::this_thread::sleep_for(std::chrono::seconds{1});
        auto const before = program_at(pin, id);
        configure(objects[version ^= 1]);
        ::kill(service.pid, SIGHUP);
        eventually([&] { return program_at(pin, id) != before; }, "the service swaps its program");
        ++shared->operations;
    };
    repeat(time, swap, std::to_string(service.pid));
    must_hold(service.ends(), "the service ends as it is told");
    must_hold(!fs::exists(pin), "the service takes its link down");
    fs::remove_all(pins); // its map, and the directory
}
#endif

void start(std::string const& name, std::function<void()> const& act) {
    auto const child = ::fork();
    if (child < 0) throw std::runtime_error{"fork"};
    if (child > 0) return;
    int status = EXIT_SUCCESS;
    try {
        act();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "soak: %s: %s\n", name.c_str(), e.what());
        status = EXIT_FAILURE;
    }
    std::_Exit(status);
}

bool all_went_well() {
    bool good = true;
    int status = 0;
    while (::wait(&status) > 0)
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) good = false;
    return good;
}

int run(std::chrono::seconds time) {
    sandbox::enter_private_mounts();
    if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) < 0)
        throw std::runtime_error{"mounting /tmp"};
    kernel_log log;
    void* const memory = ::mmap(nullptr, sizeof(counters), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error{"mmap"};
    shared = new (memory) counters{};
    sandbox::bpffs const pins;
    // What the library loads once, and keeps: the children have it too.
    static_cast<void>(bl::snapshot());
    static_cast<void>(bl::holders());
    std::vector works{work_on_xdp, work_on_cgroup};
    if (bl::supports<bl::hook::tcx>()) works.push_back(work_on_tcx);
    for (std::size_t i = 0; i < workers; ++i)
        start("worker " + std::to_string(i),
              [&, i] { works[i % works.size()](time, pins.path() + '/' + std::to_string(i)); });
    start("walker", [&] { walk(time); });
    start("snapshots", [&] { take_snapshots(time); });
    start("watcher", [&] { watch(time); });
#ifdef SERVICE
    start("service", [&] { serve(time, pins.path() + "/service"); });
#else
    std::puts("without the example of a service, which is not built here");
#endif
    bool good = all_went_well();
    if (auto const left = sandbox::names_in(pins.path()); !left.empty()) {
        std::fprintf(stderr, "soak: pins are left, such as %s\n", left.begin()->c_str());
        good = false;
    }
    for (auto const& fault : log.faults()) {
        std::fprintf(stderr, "soak: the kernel complained: %s\n", fault.c_str());
        good = false;
    }
    std::printf("%s: %llu operations, %llu looks at all links in %lld s\n",
                good ? "held" : "FAILED", static_cast<unsigned long long>(shared->operations),
                static_cast<unsigned long long>(shared->looks),
                static_cast<long long>(time.count()));
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2 || std::atoi(argv[1]) <= 0) {
        std::fputs("usage: bpflink-soak SECONDS\n", stderr);
        return 2;
    }
    try {
        return run(std::chrono::seconds{std::atoi(argv[1])});
    } catch (std::exception const& e) {
        std::fprintf(stderr, "soak: %s\n", e.what());
        return EXIT_FAILURE;
    }
}
