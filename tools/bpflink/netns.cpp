// SPDX-License-Identifier: Apache-2.0
#include "netns.hpp"

#include <bpflink/targets.hpp>

#include <filesystem>
#include <system_error>

namespace tool {

bpflink::result<bpflink::netns_inode> netns_of_here() {
    return bpflink::netns_inode_of("/proc/thread-self/ns/net");
}

std::string path_of_netns(std::string const& name) {
    return "/run/netns/" + name;
}

std::map<bpflink::netns_inode, std::string> named_namespaces() {
    std::map<bpflink::netns_inode, std::string> names;
    std::error_code none; // there need be no such directory
    for (auto const& file : std::filesystem::directory_iterator{path_of_netns(""), none})
        if (auto const inode = bpflink::netns_inode_of(file.path()))
            names.emplace(*inode, file.path().filename().string());
    return names;
}

} // namespace tool
