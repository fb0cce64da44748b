// SPDX-License-Identifier: Apache-2.0
#include "agreement.hpp"

#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/snapshot.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>

#include <bpf/bpf.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

struct facts {
    std::uint32_t type;
    std::uint32_t program;
    std::string name;
    std::uint64_t cgroup;

    friend bool operator==(facts const&, facts const&) = default;
};
using all_facts = std::map<bl::link_id, facts>;
using ids = std::set<bl::link_id>;

facts facts_of(bl::link_info const& info) {
    facts known{static_cast<std::uint32_t>(info.type), info.program.value(), {}, 0};
    if (auto const* const tp = std::get_if<bl::raw_tracepoint_details>(&info.details))
        known.name = tp->name;
    if (auto const* const iter = std::get_if<bl::iter_details>(&info.details))
        known.name = iter->target_name;
    if (auto const* const cgroup = std::get_if<bl::cgroup_details>(&info.details))
        known.cgroup = cgroup->cgroup_id;
    return known;
}

all_facts by_infos(ids const& wanted) {
    all_facts all;
    for (auto&& entry : bl::infos())
        if (entry && wanted.contains(entry->id)) all.emplace(entry->id, facts_of(*entry));
    return all;
}

all_facts by_links(ids const& wanted) {
    all_facts all;
    for (auto&& entry : bl::links()) {
        if (!entry) continue;
        auto const info = entry->info();
        if (info && wanted.contains(info->id)) all.emplace(info->id, facts_of(*info));
    }
    return all;
}

ids by_link_ids(ids const& wanted) {
    ids all;
    for (auto&& entry : bl::link_ids())
        if (entry && wanted.contains(*entry)) all.insert(*entry);
    return all;
}

all_facts by_hand(ids const& wanted) {
    all_facts all;
    for (std::uint32_t id = 0; ::bpf_link_get_next_id(id, &id) == 0;) {
        bl::unique_fd const fd{::bpf_link_get_fd_by_id(id)};
        if (!fd || !wanted.contains(bl::link_id{id})) continue;
        ::bpf_link_info info{};
        std::uint32_t size = sizeof info;
        if (::bpf_link_get_info_by_fd(fd.get(), &info, &size) < 0) continue;
        facts known{info.type, info.prog_id, {}, 0};
        if (info.type == BPF_LINK_TYPE_CGROUP) known.cgroup = info.cgroup.cgroup_id;
        if (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT || info.type == BPF_LINK_TYPE_ITER) {
            std::array<char, 128> name{};
            info.raw_tracepoint.tp_name = reinterpret_cast<std::uintptr_t>(name.data());
            info.raw_tracepoint.tp_name_len = name.size();
            if (::bpf_link_get_info_by_fd(fd.get(), &info, &size) < 0) continue;
            known.name = name.data();
        }
        all.emplace(bl::link_id{id}, known);
    }
    return all;
}

all_facts by_snapshot(ids const& wanted) {
    all_facts all;
    auto const records = bl::snapshot();
    if (!records) return all;
    for (auto const& record : *records) {
        if (!wanted.contains(record.id)) continue;
        facts known{static_cast<std::uint32_t>(record.type), record.program.value(), {}, 0};
        if (auto const* const cgroup = std::get_if<bl::cgroup_id>(&record.target))
            known.cgroup = cgroup->value();
        all.emplace(record.id, known);
    }
    return all;
}

all_facts without_names(all_facts all) {
    for (auto& [id, known] : all)
        known.name.clear();
    return all;
}

void require(bool holds, char const* what) {
    if (!holds) throw std::runtime_error{what};
}

} // namespace

void require_agreement(std::span<bl::link_id const> links) {
    ids const wanted{links.begin(), links.end()};
    auto const expected = by_hand(wanted);
    require(expected.size() == wanted.size(), "the walk by hand missed a link");
    require(by_link_ids(wanted) == wanted, "link_ids() missed a link");
    require(by_links(wanted) == expected, "links() disagrees with the walk by hand");
    require(by_snapshot(wanted) == without_names(expected),
            "snapshot() disagrees with the walk by hand");
    require(by_infos(wanted) == expected, "infos() disagrees with the walk by hand");
}
