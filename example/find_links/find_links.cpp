// SPDX-License-Identifier: Apache-2.0
// Finds the links on an interface and on a cgroup, by names that people use:
//   find_links INTERFACE CGROUP_DIRECTORY
#include "find_links.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>
#include <variant>

namespace bl = bpflink;

bl::result<void> find_links(find_links_bpf const& loaded, std::string_view interface,
                            std::string_view cgroup) {
    // Links of our own, so that there is something to find.
    auto const index = co_await bl::ifindex_of(interface);
    auto const filter = co_await bl::program_ref<bl::program_type::xdp>::from(loaded.progs.filter);
    auto const egress =
        co_await bl::program_ref<bl::program_type::cgroup_skb>::from(loaded.progs.egress);
    auto const on_interface = co_await bl::attach(filter, bl::hook::xdp{.ifindex = index});
    auto const on_cgroup = co_await bl::attach(
        egress, bl::hook::cgroup{.cgroup = cgroup, .attach = bl::attach_type::cgroup_inet_egress});

    // An index means what it means in this network namespace, though another one's interface may
    // have the same.
    for (auto const& link : co_await bl::find_links(index)) {
        auto const name = co_await bl::interface_name_of(std::get<bl::ifindex>(link.target));
        std::cout << "on interface " << name << ": " << link.type << ", " << bl::state_of(link)
                  << '\n';
    }
    auto const id = co_await bl::cgroup_id_of(cgroup);
    for (auto const& link : co_await bl::find_links(id)) {
        auto const path = co_await bl::cgroup_path_of(std::get<bl::cgroup_id>(link.target));
        std::cout << "on cgroup " << path << ": " << *link.attach << '\n';
    }
    auto const program = (co_await on_cgroup.info()).program;
    auto const of_program = co_await bl::find_links(program);
    std::cout << "links of that program: " << of_program.size() << '\n';
}

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "usage: find_links INTERFACE CGROUP_DIRECTORY\n";
        return 2;
    }
    std::unique_ptr<find_links_bpf, void (*)(find_links_bpf*)> const loaded{
        ::find_links_bpf__open_and_load(), ::find_links_bpf__destroy};
    if (!loaded) {
        std::perror("find_links.bpf.o");
        return 1;
    }
    auto const done = find_links(*loaded, arguments[1], arguments[2]);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
