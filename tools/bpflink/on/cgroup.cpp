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
#include <system_error>
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

/// Below the first mount, which may show more of those above. Else as it is given: that may be on
/// another mount, and needs no privilege.
std::filesystem::path path_of(std::string const& given, bl::cgroup_id id) {
    if (auto const known = bl::cgroup_path_of(id)) return *known;
    std::error_code failure;
    auto const path = std::filesystem::canonical(given, failure);
    return failure ? std::filesystem::path{given} : path;
}

/// The cgroup and those above it.
std::vector<level> levels_from(std::string const& given, problems& report) {
    std::vector<level> levels;
    auto const id = report.value_of(bl::cgroup_id_of(given));
    if (!id) return levels;
    for (auto path = path_of(given, *id);; path = path.parent_path()) {
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

/// The programs that run for a cgroup, in order; empty where the kernel does not tell.
std::vector<bl::program_id> effective(std::string const& path, bl::attach_type hook) {
    constexpr std::size_t most = 1024; // a cgroup takes 64 of a hook, as do those above it
    bl::unique_fd const cgroup{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::vector<std::uint32_t> ids(most);
    struct ::bpf_prog_query_opts asked{};
    asked.sz = sizeof asked;
    asked.query_flags = BPF_F_QUERY_EFFECTIVE;
    asked.prog_ids = ids.data();
    asked.prog_cnt = static_cast<std::uint32_t>(ids.size());
    if (!cgroup ||
        ::bpf_prog_query_opts(cgroup.get(), static_cast<::bpf_attach_type>(hook), &asked) != 0)
        return {};
    ids.resize(std::min<std::size_t>(ids.size(), asked.prog_cnt));
    return {ids.begin(), ids.end()};
}

/// In the order that they run in, as the kernel alone knows where some are in preorder.
/// @param all    of one hook of a cgroup and those above it; those that do not run come last
/// @param above  where others come from, of cgroups that are not seen from here; may be empty
void put_into_run_order(std::vector<bl::program_id> const& order, bl::attach_type hook,
                        std::string const& above, programs& all) {
    auto next = all.begin();
    for (auto const id : order) {
        auto const found = std::find_if(next, all.end(), [id](attached const& each) {
            return each.program == id && !each.note.ends_with("overridden");
        });
        if (found != all.end())
            std::rotate(next, found, std::next(found));
        else if (!above.empty())
            next = all.insert(next,
                              attached{to_string(hook), id, std::nullopt, above, perhaps_a_link});
        else
            continue; // it is new
        ++next;
    }
}

/// "above /sys/fs/cgroup", where the mount or a namespace hides the cgroups there.
std::string hidden_above(level const& highest) {
    constexpr bl::cgroup_id root{1};
    return highest.id == root ? std::string{} : "above " + highest.path;
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
    auto const above = hidden_above(levels.back());
    if (all.size() > 1 || !above.empty())
        put_into_run_order(effective(levels.front().path, of.hook), of.hook, above, all);
    std::ranges::move(all, std::back_inserter(to));
}

} // namespace

void add_cgroup(std::string const& directory, programs& to, problems& report) {
    auto levels = levels_from(directory, report);
    if (levels.empty()) return;
    std::vector<answer> answers;
    for (auto const hook : bl::hook_traits<bl::hook::cgroup>::attach_types)
        answers.push_back(ask(hook, levels, report));
    for (auto& level : levels)
        level.links.after = report.value_of(bl::find_links(level.id));
    for (auto const& each : answers)
        add_hook(each, levels, to);
}

} // namespace tool::on
