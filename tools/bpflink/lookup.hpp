// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/program_info.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tool {

/// Finds the names of what links are on and of the programs that they run; asks for each once.
class lookup {
public:
    /// Empty where there is no program, it has gone, or it may not be asked for.
    [[nodiscard]] std::shared_ptr<bpflink::program_info const> program(bpflink::program_id id);

    /// Takes the network namespace of a link that is newer than what was looked at.
    void learn(bpflink::link_record const& link);

    /// The network namespace of a link's device, where that is proven.
    [[nodiscard]] std::optional<bpflink::netns_inode> netns(bpflink::link_id link);

    /// Whether it is the one that this command runs in.
    [[nodiscard]] bool is_here(bpflink::netns_inode netns);

    /// "blue" of /run/netns/blue; empty where the namespace has no name.
    [[nodiscard]] std::string netns_name(bpflink::netns_inode netns);

    /// The name of the interface that a link is on, in the namespace that it is proven to be in.
    /// That has to be this one or have a name: another one may have an interface of the same index.
    [[nodiscard]] std::optional<std::string> device(bpflink::link_id link, bpflink::ifindex index);

    /// The path of a cgroup's directory.
    [[nodiscard]] std::optional<std::string> cgroup(bpflink::cgroup_id id);

private:
    void look();
    /// That it is here may be proven though nothing tells its namespace.
    [[nodiscard]] bool is_proven_here(bpflink::link_id link, bpflink::ifindex index);
    [[nodiscard]] std::optional<std::string> find_device(bpflink::netns_inode netns,
                                                         bpflink::ifindex index);
    [[nodiscard]] std::optional<std::string> device_in(bpflink::netns_inode netns,
                                                       bpflink::ifindex index);

    bool has_looked_ = false;
    std::optional<bpflink::netns_inode> here_;
    std::map<bpflink::link_id, bpflink::netns_inode> namespaces_; // of links
    std::optional<std::map<bpflink::netns_inode, std::string>> names_;
    std::map<std::pair<bpflink::netns_inode, bpflink::ifindex>, std::optional<std::string>>
        devices_;
    std::map<bpflink::program_id, std::shared_ptr<bpflink::program_info const>> programs_;
    std::map<bpflink::cgroup_id, std::optional<std::string>> cgroups_;
};

} // namespace tool
