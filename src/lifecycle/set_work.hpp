// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lifecycle/ensuring.hpp"
#include "lifecycle/set_directory.hpp"

#include <bpflink/lifecycle/link_set.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink::detail {

/// One call of plan, apply or teardown.
class [[gnu::visibility("hidden")]] set_work {
public:
    /// @param directory  of the set; borrowed, as the options are
    set_work(std::string const& directory, ensure_options const& options)
        : directory_{directory}, options_{options} {}

    [[nodiscard]] result<std::vector<set_step>> plan(link_set const& set) const;
    [[nodiscard]] result<set_report> apply(link_set& set);
    [[nodiscard]] result<std::vector<teardown_report>> teardown(link_set& set) const;

    /// Closes the members' links.
    static void close(std::vector<set_member>& members);

private:
    /// A member that is made, or left out.
    struct turn {
        set_member* member;
        std::size_t made_by; // before
        std::vector<wanted_link> places;
        std::optional<ensuring> work; // empty: left out
        std::string why;
        std::string pinned_as; // before; empty where the pin was not renamed
        std::string renamed;   // in words
    };

    [[nodiscard]] moment limit() const;
    [[nodiscard]] std::string path_of(set_member const& member) const;
    [[nodiscard]] std::vector<wanted_link> places_of(set_member const& member) const;
    [[nodiscard]] ensuring begin(set_member const& member, std::size_t candidate,
                                 std::vector<wanted_link> const& places) const;
    /// The pins in the directory that are not wanted.
    [[nodiscard]] result<strays> unwanted_of(link_set const& set) const;

    // Of the quorums of at_least:

    /// Why one can never be.
    static std::optional<error> mistaken_quorum(link_set const& set);
    /// Why there are too few members.
    static std::optional<error> missing_quorum(link_set const& set,
                                               std::vector<set_step> const& steps);

    // Of plan:

    static std::string_view probed(set_member const& member);
    static std::map<std::string_view, std::size_t> uprobes(link_set const& set);
    /// The step that apply would take for a member.
    /// @param unwanted  those that it would rename are taken out
    result<set_step> planned(set_member const& member, std::string const& advice,
                             strays& unwanted) const;

    // Of apply:

    /// Descriptors to go back with, where there may be no other left.
    using spare_descriptors = std::array<unique_fd, 3>;
    [[nodiscard]] result<spare_descriptors> spare_for(link_set const& set) const;
    /// Gives the member the pin that it has under another name.
    result<void> rename(turn& its, wanted_link const& place, strays& unwanted) const;
    result<set_step> make(set_member& member, directory_lock const* lock, strays& unwanted);
    /// Adds the links that missing places have left.
    result<void> add_left_out(strays& unwanted) const;
    result<void> undo(turn& its) const;
    /// In reverse.
    /// @param why  is told what could not be undone; null: nobody is
    void undo(error* why);
    /// The work that has replaced a link.
    std::vector<ensuring*> replacing();
    /// From here on nothing is undone: the members have their links.
    void commit() noexcept;
    /// Ends the links that were replaced.
    result<void> settle(std::vector<ensuring*> const& replaced) const;
    result<void> remove(strays&& all, std::vector<set_step>& steps) const;

    std::string const& directory_;
    ensure_options const& options_;
    std::vector<turn> turns_;
};

} // namespace bpflink::detail
