// SPDX-License-Identifier: Apache-2.0
// What the other tests stand on: a program of theirs runs by their own packets alone.
#include "sandbox.hpp"

#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <thread>
#include <vector>

namespace bl = bpflink;

TEST_CASE_FIXTURE(kernel_case, "the devices of a test send nothing by themselves") {
    sandbox::network net;
    constant_program<bl::program_type::xdp> const prog{2};
    run_statistics const statistics;
    std::vector<bl::link> links;
    auto const runs = statistics.runs_during(prog, [&] {
        auto const devices = net.add_veth();
        for (auto const device : {devices.here, devices.there})
            links.push_back(must(
                bl::attach(prog, bl::hook::xdp{.ifindex = device, .mode = bl::xdp_mode::generic})));
        std::this_thread::sleep_for(std::chrono::seconds{1});
    });
    CHECK(runs == 0);
}
