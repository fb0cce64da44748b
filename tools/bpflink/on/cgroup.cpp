// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/find_links.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/query.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <utility>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <fcntl.h>

namespace tool::on {
namespace {

namespace bl = bpflink;

struct level {
    std::string path;
    std::optional<std::vector<bl::link_record>> links; // that nothing was matched with yet
};

/// The cgroup and those above it.
std::vector<level> levels_from(bl::cgroup_id id, problems& report) {
    std::vector<level> levels;
    auto const start = report.value_of(bl::cgroup_path_of(id));
    if (!start) return levels;
    for (std::filesystem::path path{*start};; path = path.parent_path()) {
        auto const here = bl::cgroup_id_of(path);
        if (!here) return levels; // above the root
        levels.push_back({path.string(), report.value_of(bl::find_links(*here))});
        if (!path.has_relative_path()) return levels;
    }
}

/// The kernel does not tell which of a cgroup's programs are links'; the links do.
attached matched(bl::attach_type hook, bl::program_id program, level& at) {
    attached found{to_string(hook), program, std::nullopt, at.path,
                   at.links ? not_a_link : perhaps_a_link};
    if (!at.links) return found;
    auto const link = std::ranges::find_if(*at.links, [&](bl::link_record const& each) {
        return each.program == program && each.attach == hook;
    });
    if (link == at.links->end()) return found;
    found.link = link->id;
    found.note.clear();
    at.links->erase(link);
    return found;
}

/// In the order that they run in, as the kernel alone knows where some are in preorder.
/// @param all  of one hook of a cgroup and those above it; those that do not run come last
void put_into_run_order(std::string const& path, bl::attach_type hook, programs& all) {
    constexpr std::size_t spare = 64; // above what is seen from here, or new
    bl::unique_fd const cgroup{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::vector<std::uint32_t> ids(all.size() + spare);
    struct ::bpf_prog_query_opts asked{};
    asked.sz = sizeof asked;
    asked.query_flags = BPF_F_QUERY_EFFECTIVE;
    asked.prog_ids = ids.data();
    asked.prog_cnt = static_cast<std::uint32_t>(ids.size());
    if (!cgroup ||
        ::bpf_prog_query_opts(cgroup.get(), static_cast<::bpf_attach_type>(hook), &asked) != 0)
        return;
    ids.resize(std::min<std::size_t>(ids.size(), asked.prog_cnt));
    auto next = all.begin();
    for (auto const id : ids) {
        auto const found = std::find_if(next, all.end(), [id](attached const& each) {
            return each.program.value() == id && !each.note.ends_with("overridden");
        });
        if (found == all.end()) continue;
        std::rotate(next, found, std::next(found));
        ++next;
    }
}

/// As kernel/bpf/cgroup.c, compute_effective_progs(): from below, and above that only where several
/// are allowed.
void add_hook(bl::attach_type hook, std::vector<level>& levels, programs& to, problems& report) {
    programs all;
    bool runs_below = false;
    for (auto& level : levels) {
        auto const found =
            bl::query(bl::hook::cgroup{.cgroup = std::string_view{level.path}, .attach = hook});
        if (!found && is_absent(found.error())) return; // on every level
        if (!found) {
            report(found.error());
            break;
        }
        bool const runs = !runs_below || (found->flags & BPF_F_ALLOW_MULTI) != 0;
        for (auto const& entry : found->entries) {
            auto one = matched(hook, entry.program, level);
            if (!runs) one.note += one.note.empty() ? "overridden" : ", overridden";
            all.push_back(std::move(one));
        }
        runs_below = runs_below || !found->entries.empty();
    }
    if (all.size() > 1) put_into_run_order(levels.front().path, hook, all);
    std::ranges::move(all, std::back_inserter(to));
}

} // namespace

void add_cgroup(bl::cgroup_id id, programs& to, problems& report) {
    auto levels = levels_from(id, report);
    for (auto const hook : bl::hook_traits<bl::hook::cgroup>::attach_types)
        add_hook(hook, levels, to, report);
}

} // namespace tool::on
