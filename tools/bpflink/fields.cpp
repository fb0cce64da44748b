// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace tool {

namespace bl = bpflink;

std::string option_of(std::string_view field) {
    std::string name{"--"};
    for (char const each : field)
        name += each == '_' ? '-' : each;
    return name;
}

std::string placeholder_of(std::string_view field) {
    std::string name;
    for (char const each : field)
        name += static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    return name;
}

std::string about(std::string_view field) {
    // A field that is not among them has its name to speak for it.
    constexpr auto known = std::to_array<named<std::string_view>>({
        {"addresses", "Name functions by address, in place of symbols"},
        {"binary", "The file: a path, or a name that the dynamic loader finds"},
        {"cgroup", "A cgroup of version 2"},
        {"cookie", "The value that bpf_get_attach_cookie() returns"},
        {"cookies", "Give each place its cookie, in their order"},
        {"defragment", "Put fragments together first"},
        {"event", "A perf event that the caller has opened: fd:3"},
        {"expected_revision", "Only while the hook has this revision"},
        {"function", "Name the function"},
        {"functions", "Their types in the BTF object of the program"},
        {"group", "Of the tracepoint: sched"},
        {"hook", "Run at this place of a packet's way (prerouting)"},
        {"ifindex", "An interface of this network namespace, or its index"},
        {"debug_directories", "Look for debug files in these directories, too"},
        {"indirect", "Probe an indirect function's choice, too"},
        {"map", "Its id, or the path of a pin"},
        {"mode", "Run the program there (automatic)"},
        {"name", "Name the tracepoint or the probe: sched_switch"},
        {"netns", "The file of a network namespace: /run/netns/NAME"},
        {"offset", "Bytes from the function or symbol, or in the file"},
        {"offsets", "Bytes in the file, or from the symbols"},
        {"pattern", "All functions that match, with * and ?"},
        {"pid", "Only in this process"},
        {"preorder", "Run before the programs of the cgroups below"},
        {"priority", "Run in this order, the lowest first (0)"},
        {"protocol_family", "The family of the packets"},
        {"ref_ctr_offset", "Count those that watch at this offset in the file"},
        {"ref_ctr_offsets", "Count those that watch at these offsets in the file"},
        {"provider", "Name the probe's provider: libstdcxx"},
        {"retprobe", "Run where functions return"},
        {"session", "Run where functions begin, and where they return"},
        {"specs", "Lend the program's map __bpf_usdt_specs, by its pin or fd:N"},
        {"symbol", "A function of the file"},
        {"symbols", "Functions, by name"},
        {"syscall", "The function is a system call's own name: openat"},
        {"target", "The program whose function is replaced"},
        {"task", "Only this process, or this thread"},
        {"unique", "Refuse a symbol that several functions have"},
    });
    auto const* const found = std::ranges::find(known, field, &named<std::string_view>::first);
    return found == known.end() ? std::string{} : std::string{found->second};
}

std::vector<named<bl::attach_type>> directions_of(std::span<bl::attach_type const> all) {
    std::vector<named<bl::attach_type>> found;
    for (std::string_view const direction : {"ingress", "egress"})
        for (auto const each : all)
            if (to_string(each).ends_with(std::string{"_"} += direction))
                found.emplace_back(direction, each);
    return found;
}

} // namespace tool
