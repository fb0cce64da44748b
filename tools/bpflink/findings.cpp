// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include "facts.hpp"
#include "json.hpp"
#include "program_text.hpp"

#include <bpflink/link_info.hpp>
#include <bpflink/link_type.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <ranges>
#include <set>

#include <fmt/format.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tool {
namespace {

namespace bl = bpflink;

/// "link 17 (xdp, program 35 count)"
std::string name_of(record const& link) {
    return fmt::format("link {} ({}, program {})", link.info.id.value(), to_string(link.info.type),
                       program_text(link.info.program, link.program));
}

std::string directory_of(std::string const& path) {
    auto const end = path.rfind('/');
    return end == 0 || end == std::string::npos ? "/" : path.substr(0, end);
}

/// The processes but this one, as "12 agent, 13 agent".
std::string processes_of(record const& link) {
    std::string text;
    if (!link.holders) return text;
    for (auto const& each : link.holders->processes)
        if (each.process != ::getpid())
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", each.process, each.command);
    return text;
}

std::vector<std::string> pins_of(record const& link) {
    return link.pinned.value_or(std::vector<std::string>{});
}

/// The events that make a link of a kind defunct.
std::string_view gone_for(bl::link_type type) {
    switch (type) {
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit: return "its interface is gone, or it was detached";
    case bl::link_type::cgroup: return "its cgroup is gone, or it was detached";
    case bl::link_type::netns:
    case bl::link_type::netfilter: return "its network namespace is gone, or it was detached";
    default: return "it was detached";
    }
}

/// Whether links of a kind are told apart by what the kernel says of their place. Iterators are
/// made by the dozen, events one a processor, and a process of a uprobe is not told.
bool tells_its_place(record const& link, std::vector<fact> const& facts) {
    auto const has = [&](std::string_view key) {
        return std::ranges::find(facts, key, &fact::key) != facts.end();
    };
    auto const is_hidden = [](fact const& each) {
        return (each.key == "addr" || each.key == "func") && (each.value == 0 || each.value == "");
    };
    switch (link.info.type) {
    case bl::link_type::iter: return false;
    case bl::link_type::perf_event:
        return has("tracepoint") || (has("func") && !std::ranges::all_of(facts, is_hidden));
    case bl::link_type::kprobe_multi: return has("funcs");
    case bl::link_type::xdp:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::netfilter: return link.netns.has_value();
    default: return !facts.empty();
    }
}

/// The place and the program, as one text; empty where they do not tell.
std::string key_of(record const& link) {
    if (link.state == bl::link_state::defunct || !link.program) return {};
    auto const facts = facts_of(link);
    if (!tells_its_place(link, facts)) return {};
    auto text = fmt::format("{} {} {} {} {}", to_string(link.info.type),
                            to_string(link.program->type), link.program->name,
                            tag_of(*link.program), link.netns ? link.netns->value() : 0);
    for (auto const& each : facts)
        if (each.key != "missed") text += fmt::format(" {}={}", each.key, to_text(each.value));
    return text;
}

} // namespace

std::vector<finding> find_defunct(std::vector<record> const& links) {
    std::vector<finding> all;
    for (auto const& link : links) {
        if (link.state != bl::link_state::defunct) continue;
        auto const id = link.info.id;
        auto const pins = pins_of(link);
        auto const why = gone_for(link.info.type);
        for (auto const& path : pins)
            all.push_back(
                {"defunct_pin",
                 fmt::format("{} is defunct and pinned at {}: {}", name_of(link), path, why),
                 fmt::format("bpflink gc {} --yes removes such pins", directory_of(path)),
                 {id}});
        if (!pins.empty()) continue;
        auto const who = processes_of(link);
        all.push_back({"defunct",
                       fmt::format("{} is defunct: {}", name_of(link), why),
                       who.empty() ? fmt::format("bpflink show {} says who holds it", id.value())
                                   : fmt::format("it is held by {}, which should close it", who),
                       {id}});
    }
    return all;
}

std::vector<finding> find_twice(std::vector<record> const& links) {
    std::map<std::string, std::vector<record const*>> places;
    for (auto const& link : links)
        if (auto const key = key_of(link); !key.empty()) places[key].push_back(&link);
    std::vector<finding> all;
    for (auto const& same : places | std::views::values) {
        if (same.size() < 2) continue;
        std::vector<bl::link_id> ids;
        std::string numbers;
        for (auto const* const each : same) {
            ids.push_back(each->info.id);
            numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", each->info.id.value());
        }
        all.push_back({"attached_twice",
                       fmt::format("links {} run the same program, {}, at the same place: {} {}",
                                   numbers, same.front()->program->name,
                                   to_string(same.front()->info.type), target_of(*same.front())),
                       fmt::format("bpflink show ID says who holds each; bpflink teardown ID ends "
                                   "the one that was left behind, often {}",
                                   ids.front().value()),
                       std::move(ids)});
    }
    return all;
}

std::vector<finding> find_kept_by_pins(std::vector<record> const& links) {
    std::vector<bl::link_id> ids;
    record const* first = nullptr;
    for (auto const& link : links) {
        if (link.state == bl::link_state::defunct || pins_of(link).empty()) continue;
        if (!link.holders || !processes_of(link).empty()) continue;
        if (!first) first = &link;
        ids.push_back(link.info.id);
    }
    if (!first) return {};
    auto const count = ids.size();
    return {{"kept_by_pins",
             fmt::format("{} {} kept by pins alone as far as can be seen, such as {} at {}", count,
                         count == 1 ? "link is" : "links are", name_of(*first),
                         pins_of(*first).front()),
             "where no program comes back to such a link: bpflink teardown PATH", std::move(ids),
             true}};
}

std::vector<finding> find_temporary(std::vector<std::string> const& paths) {
    std::vector<finding> all;
    for (auto const& path : paths)
        all.push_back(
            {"temporary_pin",
             fmt::format("{} was left by a process that was killed as it replaced a pin, "
                         "or is one that is being replaced",
                         path),
             fmt::format("it goes when that program pins again; or bpflink unpin {}", path)});
    return all;
}

std::vector<finding> find_lockdown() {
    std::ifstream file{"/sys/kernel/security/lockdown"};
    std::string text;
    std::getline(file, text);
    if (text.find("[confidentiality]") == std::string::npos) return {};
    return {{"lockdown",
             "the kernel is locked down (confidentiality): programs that read the kernel's memory "
             "cannot be loaded, and kprobes cannot be made",
             "boot with lockdown=integrity, or without lockdown; bpflink features says what is "
             "left"}};
}

std::vector<finding> find_memlock() {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
    // Since 5.11 the kernel counts the memory of BPF by cgroups. This helper is as old.
    int const is_new = ::libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER,
                                                 BPF_FUNC_ktime_get_coarse_ns, nullptr);
    if (is_new != 0) return {};
    return {{"memlock",
             fmt::format("this kernel counts programs and maps as locked memory, of which {} KiB "
                         "are allowed here",
                         limit.rlim_cur / 1024),
             "raise RLIMIT_MEMLOCK: ulimit -l unlimited, or LimitMEMLOCK=infinity of a service"}};
}

} // namespace tool
