// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "two_looks.hpp"

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
    bl::cgroup_id id;
    std::string path;
    two_looks links; // that nothing was matched with yet
};

/// The programs of a hook.
struct answer {
    bl::attach_type hook;
    std::vector<bl::hook_query> found; // on each level from below
};

/// The cgroup and those above it.
std::vector<level> levels_from(bl::cgroup_id id, problems& report) {
    std::vector<level> levels;
    auto const start = report.value_of(bl::cgroup_path_of(id));
    if (!start) return levels;
    for (std::filesystem::path path{*start};; path = path.parent_path()) {
        auto const here = bl::cgroup_id_of(path);
        if (!here) return levels; // above the root
        levels.push_back(
            {*here, path.string(), {.before = report.value_of(bl::find_links(*here))}});
        if (!path.has_relative_path()) return levels;
    }
}

answer ask(bl::attach_type hook, std::vector<level> const& levels, problems& report) {
    answer to{hook, {}};
    for (auto const& level : levels) {
        auto found =
            bl::query(bl::hook::cgroup{.cgroup = std::string_view{level.path}, .attach = hook});
        if (!found && is_absent(found.error())) return {hook, {}}; // on every level
        if (!found) {
            report(found.error());
            break;
        }
        to.found.push_back(*std::move(found));
    }
    return to;
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
void add_hook(answer const& of, std::vector<level>& levels, programs& to) {
    programs all;
    bool runs_below = false;
    auto level = levels.begin();
    for (auto const& here : of.found) {
        bool const runs = !runs_below || (here.flags & BPF_F_ALLOW_MULTI) != 0;
        for (auto const& entry : here.entries) {
            attached one{to_string(of.hook), entry.program, std::nullopt, level->path};
            level->links.give_link(one, here.revision, [&](bl::link_record const& link) {
                return link.attach == of.hook;
            });
            if (!runs) one.note += one.note.empty() ? "overridden" : ", overridden";
            all.push_back(std::move(one));
        }
        runs_below = runs_below || !here.entries.empty();
        ++level;
    }
    if (all.size() > 1) put_into_run_order(levels.front().path, of.hook, all);
    std::ranges::move(all, std::back_inserter(to));
}

} // namespace

void add_cgroup(bl::cgroup_id id, programs& to, problems& report) {
    auto levels = levels_from(id, report);
    std::vector<answer> answers;
    for (auto const hook : bl::hook_traits<bl::hook::cgroup>::attach_types)
        answers.push_back(ask(hook, levels, report));
    for (auto& level : levels)
        level.links.after = report.value_of(bl::find_links(level.id));
    for (auto const& each : answers)
        add_hook(each, levels, to);
}

} // namespace tool::on
