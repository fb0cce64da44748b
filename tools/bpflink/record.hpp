// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lookup.hpp"

#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/program_info.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tool {

/// The printed facts of a link.
struct record {
    bpflink::link_info info;
    bpflink::link_state state = bpflink::link_state::unknown;
    std::shared_ptr<bpflink::program_info const> program = nullptr; ///< as lookup has it
    std::optional<bpflink::netns_inode> netns = std::nullopt;       ///< as link_record has it
    /// That this is another network namespace than the command's; its name, where it has one.
    std::optional<std::string> elsewhere = std::nullopt;
    std::optional<std::string> device = std::nullopt; ///< the interface's name, where proven
    std::optional<std::string> cgroup = std::nullopt; ///< the path of the cgroup that it is on
    std::optional<std::vector<std::string>> pinned = std::nullopt; ///< empty when nobody looked
    std::optional<bpflink::link_holders> holders = std::nullopt;   ///< empty when nobody looked
};

/// Whether links of this type are in a network namespace.
[[nodiscard]] bool may_have_netns(bpflink::link_type type) noexcept;

/// The facts that a record has of an info: its kind, its place, and nothing else.
[[nodiscard]] bpflink::link_info info_of(bpflink::link_record const& link);

/// @param names  asked for what there is to tell besides the info
[[nodiscard]] record make_record(bpflink::link_info info, lookup& names);

/// The same of a link that a look has just found: its info where it can be opened.
[[nodiscard]] record make_record(bpflink::link_record const& link, lookup& names);

} // namespace tool
