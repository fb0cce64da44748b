// SPDX-License-Identifier: Apache-2.0
// Interfaces and their XDP programs, sockets; namespaces and cgroups by their numbers.
#include "model.hpp"

#include <algorithm>
#include <cerrno>

namespace fake {

xdp_ids kernel::xdp_on(std::uint32_t index, bool links) const {
    xdp_ids all;
    if (auto const found = interface_facts.find(index); found != interface_facts.end())
        all = found->second.without_link;
    for (auto const& entry : links_) {
        auto const l = entry.second.lock();
        if (!links || !l || l->defunct || l->facts.type != bl::link_type::xdp ||
            l->facts.target != index || l->facts.netns != own_netns)
            continue;
        program_of_mode(all, l->facts.flags) = l->prog->id;
    }
    return all;
}

} // namespace fake

namespace bpflink::sys {
namespace {

int set_filter(kernel& k, int socket, std::optional<int> program) {
    k.descriptor_at(socket);
    k.last_filter = program;
    return 0;
}

/// What a map of the fake kernel has for a path; EINVAL for a file of another kind.
template <class Map, class Number>
int number_at(std::string const& path, Map const& numbers, bool is_there, Number& number) {
    auto const found = numbers.find(path);
    if (found == numbers.end()) return is_there ? -EINVAL : -ENOENT;
    number = found->second;
    return 0;
}

} // namespace

int interface_index(char const* name) noexcept {
    return entered(interface_index, [&](kernel& k) {
        for (auto const& [index, own] : k.interfaces)
            if (own == name) return static_cast<int>(index);
        return -ENODEV;
    });
}

int interface_name(std::uint32_t index, std::span<char, 16> into) noexcept {
    return entered(interface_name, [&](kernel& k) {
        if (!k.has_interface(index)) return -ENODEV;
        std::ranges::copy(k.interfaces[index] + '\0', into.begin());
        return 0;
    });
}

int interface_facts_of(std::uint32_t index, interface_facts& facts) noexcept {
    return entered(interface_facts_of, [&](kernel& k) {
        if (!k.has_interface(index)) return -ENODEV;
        auto const& known = k.interface_facts[index];
        std::ranges::copy(known.kind + '\0', facts.kind);
        facts.mtu = known.mtu;
        return 0;
    });
}

int neighbour_with_xdp(std::uint32_t index, side where, std::span<char, 16> name) noexcept {
    return entered(neighbour_with_xdp, [&](kernel& k) {
        for (auto const& [each, own] : k.interfaces) {
            auto const [one, other] =
                where == side::above ? std::pair{each, index} : std::pair{index, each};
            auto const found = k.interface_facts.find(other);
            bool const is_next = found != k.interface_facts.end() && found->second.above == one;
            auto const all = k.xdp_on(each);
            if (!is_next || (all.offload | all.driver | all.generic) == 0) continue;
            std::ranges::copy(own + '\0', name.begin());
            return 1;
        }
        return 0;
    });
}

int xdp_query(std::uint32_t index, xdp_programs& programs) noexcept {
    return entered(xdp_query, [&](kernel& k) {
        auto const all = k.xdp_on(index);
        programs = {all.offload, all.driver, all.generic};
        return 0;
    });
}

int xdp_replace_by_itself(std::uint32_t index, int prog_fd, unsigned mode) noexcept {
    return entered(xdp_replace_by_itself, [&](kernel& k) {
        auto const prog = k.get<program>(prog_fd);
        auto all = k.xdp_on(index);
        auto without = k.xdp_on(index, false);
        auto const there = program_of_mode(all, mode);
        if (there != program_of_mode(without, mode)) return -EBUSY;
        return there == prog->id ? 0 : -EEXIST;
    });
}

int attach_socket_filter(int socket, int program) noexcept {
    return entered(attach_socket_filter, [&](kernel& k) { return set_filter(k, socket, program); });
}

int detach_socket_filter(int socket) noexcept {
    return entered(detach_socket_filter,
                   [&](kernel& k) { return set_filter(k, socket, std::nullopt); });
}

int is_socket_filter_locked(int) noexcept {
    return entered(is_socket_filter_locked, [](kernel& k) { return k.filter_is_locked; });
}

int netns_inode(char const* path, std::uint32_t& inode) noexcept {
    return entered(netns_inode, [&](kernel& k) {
        return number_at(path, k.network_namespaces, k.has_path(path), inode);
    });
}

int netns_inode_of(int fd, std::uint32_t& inode) noexcept {
    return entered(netns_inode_of, [&](kernel& k) {
        return number_at(k.descriptor_at(fd).name, k.network_namespaces, true, inode);
    });
}

int set_netns(int fd) noexcept {
    return entered(set_netns, [&](kernel& k) {
        return number_at(k.descriptor_at(fd).name, k.network_namespaces, true, k.own_netns);
    });
}

int cgroup_id(char const* path, std::uint64_t& id) noexcept {
    return entered(cgroup_id,
                   [&](kernel& k) { return number_at(path, k.cgroups, k.has_path(path), id); });
}

int cgroup_id_of(int fd, std::uint64_t& id) noexcept {
    return entered(cgroup_id_of, [&](kernel& k) {
        return number_at(k.descriptor_at(fd).name, k.cgroups, true, id);
    });
}

int cgroup_path(std::uint64_t id, std::span<char> into) noexcept {
    return entered(cgroup_path, [&](kernel& k) {
        for (auto const& [path, own] : k.cgroups)
            if (own == id) return copy_text(path, into);
        return -ESTALE;
    });
}

} // namespace bpflink::sys
