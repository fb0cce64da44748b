// SPDX-License-Identifier: Apache-2.0
// Eight processes make, update, pin, move and tear down links, each in its own network namespace;
// a walker, snapshots and a watcher look at all of them. Nothing may be lost, touched or grow.
#include "kernel_log.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace bl = bpflink;
using xdp_program = bl::program_ref<bl::program_type::xdp>;
using clock_type = std::chrono::steady_clock;

constexpr int workers = 8;
constexpr long most_growth = 512; // pages

struct counters {
    std::atomic<std::uint64_t> operations;
    std::atomic<std::uint64_t> looks;
};
counters* shared;

template <class T>
T must(bl::result<T>&& r) {
    if (!r) throw std::runtime_error{r.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

void must_hold(bool holds, char const* what) {
    if (!holds) throw std::runtime_error{what};
}

long resident_pages() {
    std::ifstream file{"/proc/self/statm"};
    long size = 0;
    long resident = 0;
    file >> size >> resident;
    return resident;
}

/// Calls `round` until the time is over; after a tenth of it, nothing may grow any more.
void repeat(std::chrono::seconds time, std::function<void()> const& round) {
    auto const begin = clock_type::now();
    auto const warm = begin + time / 10;
    long pages = 0;
    std::size_t descriptors = 0;
    while (clock_type::now() < begin + time) {
        round();
        if (pages == 0 && clock_type::now() >= warm) {
            pages = resident_pages();
            descriptors = sandbox::open_descriptors();
        }
    }
    must_hold(pages != 0, "there was one round at least");
    must_hold(sandbox::open_descriptors() == descriptors, "no descriptor is left open");
    must_hold(resident_pages() - pages < most_growth, "memory does not grow");
}

bl::xdp_link attach(xdp_program prog, bl::ifindex where) {
    return must(bl::attach(prog, bl::hook::xdp{.ifindex = where, .mode = bl::xdp_mode::generic}));
}

void work(std::chrono::seconds time, std::string const& directory, int number) {
    sandbox::network network;
    test_programs const programs{"xdp_a", "xdp_b"};
    auto const first = must(xdp_program::from(programs.get("xdp_a")));
    auto const second = must(xdp_program::from(programs.get("xdp_b")));
    auto const pair = network.add_veth();
    auto const path = directory + "/" + std::to_string(number);
    // One that stays: it may not be lost, nor get another program.
    auto const kept_path = path + "_kept";
    auto kept = attach(first, pair.there);
    auto const id = must(kept.info()).id;
    must(kept.pin(kept_path));
    repeat(time, [&] {
        auto link = attach(first, pair.here);
        must(link.pin(path));
        must(link.update(second));
        must(link.pin(path + "_moved"));
        auto const made = must(link.info()).id;
        link = {};
        auto opened = must(bl::xdp_link::load_pinned(path + "_moved"));
        auto const info = must(opened.info());
        must_hold(info.id == made, "a pin keeps its link");
        must_hold(info.program.value() == programs.id("xdp_b"), "an update lasts");
        if (made.value() % 2 == 0) {
            must(bl::teardown(std::move(opened)));
        } else {
            must(opened.unpin());
            must(opened.detach());
        }
        auto const still = must(bl::link::load_pinned(kept_path));
        auto const told = must(still.info());
        must_hold(told.id == id && told.program.value() == programs.id("xdp_a"),
                  "a link that nobody touched is as it was");
        shared->operations += 9;
    });
    must(bl::teardown(std::move(kept)));
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
    for (int i = 0; i < workers; ++i)
        start("worker " + std::to_string(i), [&, i] { work(time, pins.path(), i); });
    start("walker", [&] { walk(time); });
    start("snapshots", [&] { take_snapshots(time); });
    start("watcher", [&] { watch(time); });
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
