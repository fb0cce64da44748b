// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/views/links.hpp>

#include <vector>

/// Ten links, even ids XDP with one program, odd ids raw tracepoints with another.
struct many_links : machine {
    static constexpr int count = 10;
    fake::program& xdp_prog = add_program(bl::program_type::xdp);
    fake::program& tracepoint_prog = add_program(bl::program_type::raw_tracepoint);
    std::vector<bl::link_id> ids;
    std::vector<bl::link_id> xdp_ids;
    std::vector<bl::link_id> tracepoint_ids;

    many_links() {
        for (std::uint32_t i = 0; i != count; ++i) {
            auto const id = 1'000 + i;
            if (i % 2 == 0)
                add_link(
                    {.type = bl::link_type::xdp, .prog = &xdp_prog, .id = id, .target = i + 1});
            else
                add_link({.type = bl::link_type::raw_tracepoint,
                          .prog = &tracepoint_prog,
                          .id = id,
                          .name = "sched_switch"});
            (i % 2 == 0 ? xdp_ids : tracepoint_ids).emplace_back(id);
            ids.emplace_back(id);
        }
    }

    [[nodiscard]] int opened() const { return calls(call::link_get_fd_by_id); }
    void drop(bl::link_id id) { let_go(*find_link(id.value())); }
};

/// The id of an open link.
[[nodiscard]] inline bl::link_id id_of(bl::link const& l) {
    auto const info = l.info();
    REQUIRE(info.has_value());
    return info->id;
}

/// The ids of all the links that a range yields.
template <class Range>
std::vector<bl::link_id> ids_of(Range&& range) {
    std::vector<bl::link_id> ids;
    for (auto&& element : range) {
        REQUIRE(element.has_value());
        ids.push_back(id_of(*element));
    }
    return ids;
}
