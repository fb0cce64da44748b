// SPDX-License-Identifier: Apache-2.0
#include "places.hpp"

#include "netns.hpp"

#include <bpflink/in_netns.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace tool {
namespace bl = bpflink;

bool is_number(std::string_view word) {
    return !word.empty() &&
           std::ranges::all_of(word, [](char digit) { return digit >= '0' && digit <= '9'; });
}

std::string netns_path_of(std::string_view word) {
    if (word.find('/') != std::string_view::npos) return std::string{word};
    if (is_number(word)) return fmt::format("/proc/{}/ns/net", word);
    return path_of_netns(std::string{word});
}

bl::result<interface_place> find_interface(std::string_view word) {
    interface_place found;
    auto const colon = word.rfind(':');
    if (colon == std::string_view::npos) {
        auto here = netns_of_here();
        if (!here) return tl::unexpected{std::move(here).error()};
        auto index = bl::ifindex_of(word);
        if (!index) return tl::unexpected{std::move(index).error()};
        return interface_place{{}, *here, *index};
    }
    found.netns_path = netns_path_of(word.substr(0, colon));
    auto netns = bl::netns_inode_of(found.netns_path);
    if (!netns) return tl::unexpected{std::move(netns).error()};
    auto index =
        bl::in_netns(found.netns_path, [&] { return bl::ifindex_of(word.substr(colon + 1)); });
    if (!index) return tl::unexpected{std::move(index).error()};
    found.netns = *netns;
    found.index = *index;
    return found;
}

} // namespace tool
