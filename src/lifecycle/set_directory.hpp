// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pins in a set's directory.

#include "lifecycle/ensuring.hpp"

#include <bpflink/error.hpp>
#include <bpflink/lifecycle/ensure.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A pin of a link in the directory that no member wants.
struct stray {
    std::string path;
    std::string text; // of its name
    std::string why;
};
using strays = std::vector<stray>;

/// The link of a stray pin, at the place of a member.
struct namesake {
    strays::iterator at;
    sight seen;
};

/// Refuses a directory of a set.
[[nodiscard]] tl::unexpected<error> refuse_directory(std::string const& directory,
                                                     std::string advice);

/// Refuses a directory that is not on a bpffs, or would be made elsewhere.
[[nodiscard]] result<void> require_bpffs(std::string const& directory);

/// Refuses a symbolic link: the kernel would follow it to what is not the set's.
/// @param path  of a member's pin; empty: there is none
[[nodiscard]] result<void> require_own(std::string const& path);

/// The pins of links in a directory beside the wanted ones.
/// @param directory  empty: there is none
/// @param wanted     their paths
[[nodiscard]] result<strays> strays_in(std::string const& directory,
                                       std::set<std::string> const& wanted);

/// Whether a member had another name, where a second link of it would be refused.
/// @param path     of its pin
/// @param place    of its link
/// @param overlap  as ensure_options has it
[[nodiscard]] result<std::optional<namesake>>
find_under_other_name(std::string const& path, detail::wanted_link const& place, bool overlap,
                      moment until, strays& unwanted);

} // namespace bpflink
