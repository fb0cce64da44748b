// SPDX-License-Identifier: Apache-2.0
#include "lookup.hpp"

#include "netns.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/in_netns.hpp>
#include <bpflink/targets.hpp>
#include <bpflink/views/snapshot.hpp>

#include <algorithm>

namespace tool {
namespace bl = bpflink;

namespace {

template <class T>
std::optional<T> value_of(bl::result<T> answer) {
    return answer ? std::optional<T>{*std::move(answer)} : std::nullopt;
}

} // namespace

std::shared_ptr<bl::program_info const> lookup::program(bl::program_id id) {
    auto const [known, is_new] = programs_.try_emplace(id);
    if (is_new && id != bl::program_id{})
        if (auto told = bl::program_info_of(id))
            known->second = std::make_shared<bl::program_info const>(*std::move(told));
    return known->second;
}

/// One snapshot serves all links.
void lookup::look() {
    if (has_looked_) return;
    has_looked_ = true;
    if (auto const all = bl::snapshot())
        for (auto const& each : *all)
            learn(each);
}

void lookup::learn(bl::link_record const& link) {
    if (link.netns) namespaces_.insert_or_assign(link.id, *link.netns);
}

std::optional<bl::netns_inode> lookup::netns(bl::link_id link) {
    if (!namespaces_.contains(link)) look();
    auto const known = namespaces_.find(link);
    return known == namespaces_.end() ? std::nullopt : std::optional{known->second};
}

std::string lookup::netns_name(bl::netns_inode netns) {
    if (!names_) names_ = named_namespaces();
    auto const known = names_->find(netns);
    return known == names_->end() ? std::string{} : known->second;
}

bool lookup::is_here(bl::netns_inode netns) {
    if (!here_) here_ = value_of(netns_of_here());
    return here_ == netns;
}

bool lookup::is_proven_here(bl::link_id link, bl::ifindex index) {
    auto const found = bl::find_links(index);
    return found && std::ranges::find(*found, link, &bl::link_record::id) != found->end();
}

std::optional<std::string> lookup::device_in(bl::netns_inode netns, bl::ifindex index) {
    auto const [known, is_new] = devices_.try_emplace({netns, index});
    if (is_new) known->second = find_device(netns, index);
    return known->second;
}

std::optional<std::string> lookup::find_device(bl::netns_inode netns, bl::ifindex index) {
    auto const ask = [index] { return bl::interface_name_of(index); };
    if (is_here(netns)) return value_of(ask());
    auto const name = netns_name(netns);
    return name.empty() ? std::nullopt : value_of(bl::in_netns(path_of_netns(name), ask));
}

std::optional<std::string> lookup::device(bl::link_id link, bl::ifindex index) {
    if (index == bl::ifindex{}) return std::nullopt;
    if (auto const known = netns(link)) return device_in(*known, index);
    return is_proven_here(link, index) ? value_of(bl::interface_name_of(index)) : std::nullopt;
}

std::optional<std::string> lookup::cgroup(bl::cgroup_id id) {
    auto const [known, is_new] = cgroups_.try_emplace(id);
    if (is_new && id != bl::cgroup_id{}) known->second = value_of(bl::cgroup_path_of(id));
    return known->second;
}

} // namespace tool
