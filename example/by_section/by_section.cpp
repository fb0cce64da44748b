// SPDX-License-Identifier: Apache-2.0
// Attaches the ten programs of a skeleton by the names of their sections:
//   by_section INTERFACE CGROUP_DIRECTORY
#include "by_section.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>

namespace bl = bpflink;

bl::result<void> attach_all(by_section_bpf& loaded, bl::ifindex interface,
                            std::string_view cgroup) {
    // The places that sections do not say: the interface and the cgroup.
    auto const place_of =
        [&](::bpf_program const* prog) -> bl::result<std::optional<bl::any_hook>> {
        std::string_view const section = ::bpf_program__section_name(prog);
        if (section == "xdp") return bl::hook::xdp{.ifindex = interface};
        if (section.starts_with("cgroup")) return bl::hook::cgroup{.cgroup = cgroup};
        return std::nullopt; // left alone
    };
    bl::link_set set;
    set.want_all(loaded.obj, place_of);
    co_await set.apply();

    for (auto const& member : set)
        std::cout << member.name() << ": " << (co_await member.link()->info()).type << '\n';
    std::cout << "attached " << set.size() << " programs\n";
}

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "usage: by_section INTERFACE CGROUP_DIRECTORY\n";
        return 2;
    }
    std::unique_ptr<by_section_bpf, void (*)(by_section_bpf*)> const loaded{
        ::by_section_bpf__open_and_load(), ::by_section_bpf__destroy};
    if (!loaded) {
        std::perror("by_section.bpf.o");
        return 1;
    }
    auto const done = bl::ifindex_of(arguments[1]).and_then([&](bl::ifindex interface) {
        return attach_all(*loaded, interface, arguments[2]);
    });
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
