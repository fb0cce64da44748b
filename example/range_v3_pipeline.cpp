// SPDX-License-Identifier: Apache-2.0
// Counts the links of each type, and lists the cgroups of a program, with range-v3.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

#include <range/v3/action/sort.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>

namespace bl = bpflink;

bl::result<void> range_v3_pipeline() {
    sandbox::cgroup const web;
    sandbox::cgroup const mail;
    test_programs const programs{"egress_a"};
    auto const prog =
        co_await bl::program_ref<bl::program_type::cgroup_skb>::from(programs.get("egress_a"));
    bl::hook::cgroup where{.cgroup = web.path(), .attach = bl::attach_type::cgroup_inet_egress};
    auto const on_web = co_await bl::attach(prog, where);
    where.cgroup = mail.path();
    auto const on_mail = co_await bl::attach(prog, where);

    // Records are values, so that they can be sorted.
    auto records = co_await bl::snapshot();
    records |= ranges::actions::sort(ranges::less{}, &bl::link_record::type);
    auto const same_type = [](auto const& a, auto const& b) { return a.type == b.type; };
    for (auto&& links : records | ranges::views::chunk_by(same_type))
        std::cout << ranges::distance(links) << ' ' << ranges::begin(links)->type << '\n';

    // Walked link by link: `value` is what is in an element, and has_value comes first.
    auto const cgroup_of = [](bl::link_info const& info) {
        return std::get<bl::cgroup_details>(info.details).cgroup_id;
    };
    auto const ids = bl::infos() | bl::views::of_type(bl::link_type::cgroup) |
                     bl::views::of_program(bl::program_id{programs.id("egress_a")}) |
                     ranges::views::filter(bl::has_value) | ranges::views::transform(bl::value) |
                     ranges::views::transform(cgroup_of) | ranges::to<std::vector>();
    std::cout << "the program is on " << ids.size() << " cgroups\n";
}

int main() {
    return run(range_v3_pipeline);
}
