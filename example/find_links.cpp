// SPDX-License-Identifier: Apache-2.0
// Finds the links on an interface and on a cgroup, by names that people use.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <variant>

namespace bl = bpflink;

bl::result<void> find_links() {
    sandbox::network const network;
    sandbox::cgroup const cgroup;
    test_programs const programs{"xdp_a", "egress_a"};
    auto const filter =
        co_await bl::program_ref<bl::program_type::xdp>::from(programs.get("xdp_a"));
    auto const egress =
        co_await bl::program_ref<bl::program_type::cgroup_skb>::from(programs.get("egress_a"));
    auto const on_lo = co_await bl::attach(filter, bl::hook::xdp{network.loopback()});
    auto const on_cgroup = co_await bl::attach(
        egress,
        bl::hook::cgroup{.cgroup = cgroup.path(), .attach = bl::attach_type::cgroup_inet_egress});

    // An index means what it means in this network namespace, though another one's interface may
    // have the same.
    auto const index = co_await bl::ifindex_of("lo");
    for (auto const& link : co_await bl::find_links(index)) {
        auto const name = co_await bl::interface_name_of(std::get<bl::ifindex>(link.target));
        std::cout << "on interface " << name << ": " << link.type << ", " << bl::state_of(link)
                  << '\n';
    }

    auto const id = co_await bl::cgroup_id_of(cgroup.path());
    for (auto const& link : co_await bl::find_links(id)) {
        auto const path = co_await bl::cgroup_path_of(std::get<bl::cgroup_id>(link.target));
        std::cout << "on cgroup " << path << ": " << *link.attach << '\n';
    }

    auto const of_program = co_await bl::find_links(bl::program_id{programs.id("egress_a")});
    std::cout << "links of that program: " << of_program.size() << '\n';
}

int main() {
    return run(find_links);
}
