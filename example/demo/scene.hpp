// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "demo_programs.hpp"
#include "report.hpp"
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <string_view>
#include <vector>

namespace demo {

/// The things that the sections of the demo share; each section reports as it goes.
struct scene {
    explicit scene(report& where) : out{where} {}

    report& out;
    stage here;
    programs run;
    // The XDP link is not among them: nobody holds it but its pin.
    bpflink::cgroup_link egress;
    bpflink::raw_tracepoint_link calls;
    bpflink::iter_link threads;
};

inline constexpr std::string_view xdp_pin = "/sys/fs/bpf/demo_xdp";

/// The links that run one of our programs, among all that there are.
[[nodiscard]] bpflink::result<std::vector<bpflink::link_info>> our_links(programs const& run);

bpflink::result<void> attach_four(scene& s);
bpflink::result<void> swap_under_traffic(scene& s);
bpflink::result<void> walk(scene& s);
bpflink::result<void> fail_and_undo(scene& s);

/// After it no link is pinned any more; links that the scene holds go with the scene.
bpflink::result<void> leave(scene& s);

} // namespace demo
