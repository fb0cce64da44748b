// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pin/directory_lock.hpp"

#include <bpflink/detail/pin_memory.hpp>
#include <bpflink/lifecycle/ensure.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

using moment = std::chrono::steady_clock::time_point;

/// A link that was looked at.
struct sight {
    enum {
        nothing,
        kept,    // it runs what is wanted
        stale,   // it runs something else
        defunct, // it has lost its place
        other,   // a link of one of the alternatives
    } what = nothing;
    link_id id{};
    program_id runs{};        // 0: a table of struct_ops
    std::uint32_t object{};   // the program that it runs, or the map
    bool is_unpinned = false; // only the caller holds it: somebody removed its pin
};

/// One place that is to run one program, by a link at one pin or one descriptor: made so, and then
/// settled, or undone.
///
/// Until it is settled, a link that was replaced stays open, so that all can be undone.
class ensuring {
public:
    /// @param wanted   borrowed
    /// @param overlap  as ensure_options has it
    /// @param until    the end of all waiting
    /// @param others   wanted alternatives, a link of which is replaced; borrowed
    ensuring(detail::wanted_link const& wanted, bool overlap, moment until,
             std::span<detail::wanted_link const> others = {})
        : wanted_{&wanted}, was_{&wanted}, others_{others}, until_{until}, overlap_{overlap} {}

    /// Where the link is pinned.
    /// @param path  resolved
    void set_path(std::string path) {
        pin_ = detail::pin_memory{path};
        path_ = std::move(path);
    }
    /// The link that the caller holds, empty where it holds none. Without a path it is the link
    /// that is there. With one it counts where nothing is at the pin: somebody removed that.
    void set_held(link&& held) { held_ = std::move(held); }

    /// Whether the place of that link is known where nothing tells it: the caller made it.
    void set_known(bool is_known) noexcept { is_known_ = is_known; }

    /// Finds the present state. Changes nothing.
    [[nodiscard]] result<sight> look();
    /// The same, where the caller keeps the link that it holds.
    [[nodiscard]] result<sight> look(link const& held);
    /// Removes what a killed call left beside the pin.
    [[nodiscard]] result<void> clear();

    /// Has the program run at the place.
    /// @param lock  of the pin's directory; a null pointer without a pin
    [[nodiscard]] result<ensured> make_it_so(detail::directory_lock const* lock);

    /// From here on nothing is undone.
    void commit() noexcept {
        change_ = change::none;
        aside_ = {};
    }
    /// Closes the link that was replaced.
    void let_go() noexcept { replaced_ = {}; }
    /// Waits for the end of the link that was let go.
    /// @errors as wait_for_end
    [[nodiscard]] result<void> wait_until_gone(moment until) const;

    /// Goes back to the former state, and says which part cannot be put back.
    [[nodiscard]] result<void> undo(moment until);

    /// The program that the link ran before.
    [[nodiscard]] sight const& before() const noexcept { return before_; }
    /// The link that was replaced and waits for its end; empty where there is none.
    [[nodiscard]] link const& replaced() const noexcept { return replaced_; }
    /// The link that is there, once it was looked at.
    [[nodiscard]] link& held() noexcept { return held_; }
    /// The link, as a handle that remembers its pin. Nothing can fail by now: it is called last.
    [[nodiscard]] link take() noexcept;

private:
    [[nodiscard]] bool is_late() const;

    result<void> open_what_is_pinned();
    result<sight> look_at_held(link const& l, link const& own = {});
    result<sight> look_at_unpinned(link const& held);
    result<void> undo_change(moment until);
    result<ensured> act(sight const& seen);

    result<link> create() const;
    result<link> create_patiently() const;
    std::optional<link_info> occupant(bool any) const;
    bool is_held_by_somebody(error& why) const;
    std::optional<std::string> program_without_link() const;

    result<void> publish(link const& l) const;
    result<void> publish_first(link const& l) const;
    result<unique_fd> open_object(std::uint32_t id) const;
    result<void> swap(sight const& seen);
    result<void> take_over(sight const& seen);
    result<void> replace_apart(sight const& seen);
    result<void> make_apart(sight const& seen, fd_view old);
    result<void> end(link made, moment until) const;
    result<void> attach_again(fd_view object);
    tl::unexpected<error> put_back(fd_view object, error why);

    detail::wanted_link const* wanted_;
    detail::wanted_link const* was_; // the alternative that the link is of
    std::span<detail::wanted_link const> others_;
    moment until_;
    bool overlap_;
    bool is_known_ = true;
    std::string path_;       // empty: the link is kept by its descriptor alone
    detail::pin_memory pin_; // of path_, for the handle
    detail::directory_lock const* lock_ = nullptr;
    link held_;  // the one that was found, and the one that is there in the end
    link aside_; // that the caller held, where it is not the one: closed where nothing is undone

    // For settle() and undo()
    enum class change { none, made, swapped, taken_over, made_apart } change_ = change::none;
    bool is_pinned_again_ = false;
    sight before_;
    link replaced_;
    bool is_to_end_ = false; // the link of before_
    unique_fd object_;       // that it ran, where it could be opened
};

/// The lock of the directory that a path is in, which is made where it is missing.
/// @param path  resolved
[[nodiscard]] result<detail::directory_lock> lock_for_pins(std::string const& path, moment until);

/// Waits until no link has the id.
/// @errors still_held  it has, at the end of the time; the holder is named
[[nodiscard]] result<void> wait_for_end(link_id id, moment until);

} // namespace bpflink
