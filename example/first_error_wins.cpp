// SPDX-License-Identifier: Apache-2.0
// Several steps that can each fail, without an if: co_await stops at the first error and returns
// it.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <string_view>
#include <utility>

namespace bl = bpflink;

bl::result<bl::cgroup_link> count_packets(test_programs const& programs, std::string_view cgroup,
                                          std::string_view pin) {
    auto const prog =
        co_await bl::program_ref<bl::program_type::cgroup_skb>::from(programs.get("egress_a"));
    auto link = co_await bl::attach(
        prog, bl::hook::cgroup{.cgroup = cgroup, .attach = bl::attach_type::cgroup_inet_egress});
    co_await link.pin(pin); // when it fails, `link` goes out of scope, and off the hook
    co_return std::move(link);
}

bl::result<void> first_error_wins() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    sandbox::cgroup const cgroup;
    test_programs const programs{"egress_a"};

    auto const pin = bpffs.path() + "/egress";
    auto const link = co_await count_packets(programs, cgroup.path(), pin);
    std::cout << "counting by a " << (co_await link.info()).type << " link\n";

    // Attaches, and then finds the path taken.
    auto const again = count_packets(programs, cgroup.path(), pin);
    if (!again) std::cout << again.error().message() << '\n';

    auto links = bl::links() | bl::views::of_program(bl::program_id{programs.id("egress_a")});
    std::cout << "links that run it: " << (co_await (links | bl::collect)).size() << '\n';
}

int main() {
    return run(first_error_wins);
}
