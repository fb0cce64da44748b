// SPDX-License-Identifier: Apache-2.0
// The library's main job, shown in the running kernel: attach, pin, swap under traffic, list, undo,
// and leave everything as it was. Only a network namespace, a cgroup and a bpffs of its own are
// touched, and every number is measured.
#include "interrupts.hpp"
#include "report.hpp"
#include "scene.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// The objects that must be gone in the end.
struct traces {
    std::vector<bl::link_id> links;
    std::vector<bl::program_id> programs;
    std::string cgroup;
};

/// Everything but the checks of what is left, for which the scene has to be gone.
bl::result<traces> perform(demo::report& out) {
    demo::scene s{out};
    traces left;
    left.cgroup = s.here.cgroup();
    left.programs = s.run.ids();
    for (auto const section :
         {demo::attach_four, demo::swap_under_traffic, demo::walk, demo::fail_and_undo}) {
        co_await section(s);
        demo::stop_if_interrupted();
    }
    for (auto const& link : co_await demo::our_links(s.run))
        left.links.push_back(link.id);
    co_await demo::leave(s);
    co_return std::move(left);
}

/// Whether nothing of that id is in the kernel, now or soon. A worker frees some of it, and a
/// process that lists links holds each for a moment.
template <class T>
bool is_gone(auto id) {
    for (auto const end = clock::now() + 1s; clock::now() < end; std::this_thread::sleep_for(1ms))
        if (auto const found = T::from_id(id); !found) return found.error() == bl::errc::not_found;
    return false;
}

void check_what_is_left(demo::report& out, traces const& left, demo::surroundings const& before) {
    std::string ids;
    for (auto const id : left.links)
        ids += (ids.empty() ? "" : ", ") + demo::text(id);
    out.check(left.links.size() == 4 &&
                  std::ranges::all_of(left.links, is_gone<bl::link, bl::link_id>) &&
                  std::ranges::all_of(left.programs, is_gone<bl::program, bl::program_id>),
              "links " + ids + " and their programs are gone");
    auto const after = demo::surroundings::now();
    out.check(!std::filesystem::exists(left.cgroup) && after == before,
              "the cgroup is gone; network namespace and " +
                  demo::counted(after.open_descriptors, "open descriptor") + " are as before");
}

std::string kernel() {
    utsname name;
    return ::uname(&name) == 0 ? std::string{name.sysname} + " " + name.release : "this kernel";
}

std::string version() {
    auto const v = bl::version();
    return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
}

int complain(std::string_view what) {
    std::cerr << "bpflink-demo: " << what << '\n';
    return 1;
}

int run_demo() {
    demo::report out;
    try {
        auto const before = demo::surroundings::now();
        out.heading("bpflink " + version() + " on " + kernel());
        auto const left = perform(out);
        if (!left) return complain(left.error().message());
        check_what_is_left(out, *left, before);
        return out.finish();
    } catch (demo::interruption) {
        return std::cout ? complain("interrupted; everything was put back") : 1;
    } catch (std::exception const& e) {
        return complain(e.what());
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        bool const asked = argv[1] == std::string_view{"--help"};
        (asked ? std::cout : std::cerr) << R"(usage: bpflink-demo

Attaches BPF programs, swaps one under traffic, lists links and pins, and leaves
the kernel as it was. Needs root. Exits with 1 when a check failed.
)";
        return asked ? 0 : 2;
    }
    if (::geteuid() != 0) return complain("attaching BPF programs needs root");
    demo::note_interrupts();
    int const code = run_demo();
    demo::die_if_interrupted();
    return code;
}
