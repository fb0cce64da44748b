// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arguments.hpp"
#include "parameters.hpp"
#include "places.hpp"
#include "problems.hpp"
#include "record.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/match.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tool {

/// Which links are wanted. All that is asked for has to hold; of several values of one option, or
/// of a list with commas, any.
class filters {
public:
    /// Adds the options to a command.
    /// @param takes  ends before this
    void add_to(parameters const& takes);
    /// Those that a link's holders and pins tell.
    void add_momentary_to(parameters const& takes);

    /// Finds what the words name. Complains and returns false where one names nothing.
    [[nodiscard]] bool resolve(problems& report);

    /// As far as an info tells, before more is asked for.
    [[nodiscard]] bool may_match(bpflink::link_info const& info) const;
    [[nodiscard]] bool matches(record const& link) const {
        return judge(link) == bpflink::match::yes;
    }
    /// Leaves the links that match. Notes how many others may be on the wanted interfaces or in the
    /// wanted network namespaces, where nothing tells their own.
    void keep_matching(std::vector<record>& links, problems const& report) const;

    /// Whether all at the places is wanted, of whatever kind, program or state.
    [[nodiscard]] bool are_places_alone() const noexcept {
        return types_.empty() && programs_.empty() && names_.empty() && states_.empty() &&
               processes_.empty() && !pinned_;
    }
    /// Whether pinned links alone are wanted.
    [[nodiscard]] bool pinned() const noexcept { return pinned_; }

private:
    [[nodiscard]] bpflink::match judge(record const& link) const;
    [[nodiscard]] bpflink::match is_on_interface(record const& link) const;
    [[nodiscard]] bpflink::match is_in_netns(record const& link) const;

    std::vector<bpflink::link_type> types_;
    std::vector<program_argument> programs_;
    std::vector<std::string> names_;
    std::vector<std::string> interfaces_;
    std::vector<std::string> cgroups_;
    std::vector<std::string> netns_;
    std::vector<unsigned> processes_;
    std::vector<bpflink::link_state> states_;
    bool pinned_ = false;

    // The objects that the words name, if there are words.
    std::set<bpflink::program_id> program_ids_;
    std::vector<interface_place> interface_places_;
    std::set<bpflink::cgroup_id> cgroup_ids_;
    std::set<bpflink::netns_inode> netns_inodes_;
    std::set<bpflink::link_id> held_;
};

} // namespace tool
