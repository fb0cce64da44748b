// SPDX-License-Identifier: Apache-2.0
// Counts the links of each type, and lists the interfaces of a program, with range-v3.
#include "range_v3_pipeline.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>

#include <range/v3/action/sort.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>

namespace bl = bpflink;

bl::result<void> range_v3_pipeline(range_v3_pipeline_bpf const& loaded) {
    auto const prog = co_await bl::program_ref<bl::program_type::xdp>::from(loaded.progs.filter);
    auto const own = co_await bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{1}});

    // Records are values, so that they can be sorted.
    auto records = co_await bl::snapshot();
    records |= ranges::actions::sort(ranges::less{}, &bl::link_record::type);
    auto const same_type = [](auto const& a, auto const& b) { return a.type == b.type; };
    for (auto&& links : records | ranges::views::chunk_by(same_type))
        std::cout << ranges::distance(links) << ' ' << ranges::begin(links)->type << '\n';

    // Walked link by link: `value` is what is in an element, and has_value comes first.
    auto const interface_of = [](bl::link_info const& info) {
        return std::get<bl::xdp_details>(info.details).ifindex;
    };
    auto const indexes = bl::infos() | bl::views::of_type(bl::link_type::xdp) |
                         bl::views::of_program((co_await own.info()).program) |
                         ranges::views::filter(bl::has_value) |
                         ranges::views::transform(bl::value) |
                         ranges::views::transform(interface_of) | ranges::to<std::vector>();
    for (auto const index : indexes)
        std::cout << "the program is on interface " << index << '\n';
}

int main() {
    std::unique_ptr<range_v3_pipeline_bpf, void (*)(range_v3_pipeline_bpf*)> const loaded{
        ::range_v3_pipeline_bpf__open_and_load(), ::range_v3_pipeline_bpf__destroy};
    if (!loaded) {
        std::perror("range_v3_pipeline.bpf.o");
        return 1;
    }
    auto const done = range_v3_pipeline(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
