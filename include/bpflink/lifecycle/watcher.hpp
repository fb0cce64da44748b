// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/duration.hpp>
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bpflink {

class watcher;

/// The change of a link between two looks.
enum class link_change {
    created, ///< it is there; its record is `now`
    removed, ///< it is gone; its record was `before`
    updated, ///< it runs another program, or another map of struct_ops; or it may be looked at now
    defunct, ///< it is there, and detached: by whom has it, or as its target is gone
};

/// The change that one look found of one link. Of several changes it tells the one of highest rank:
/// removed, defunct, updated.
struct link_event {
    link_change what = link_change::created; ///< the change
    link_record now{};                       ///< empty where it is removed
    link_record before{};                    ///< as the last look saw it; empty where it is created
};

/// How a watcher looks.
struct watcher_options {
    /// The longest time between two looks: 1 ms or more.
    std::chrono::milliseconds period{1000};
    /// Whether the links that are there at the start are reported as created.
    bool existing = false;
    /// As snapshotter takes it.
    snapshot_source preferred = snapshot_source::iterator;
};

namespace detail {

/// Waits for one event after another, without an end.
class event_walk {
public:
    explicit event_walk(watcher* of) noexcept : of_{of} {}
    void next(std::optional<result<link_event>>& out);

private:
    watcher* of_;
};

struct events_source {
    using element = result<link_event>;
    watcher* of;
    [[nodiscard]] event_walk start() const noexcept { return event_walk{of}; }
};

} // namespace detail

/// The range that watcher::events() returns: an input range of result<link_event>, without an end.
using events_view = detail::walk_view<detail::events_source>;

/// Reports links that come, go, change their program or become defunct, by the difference of two
/// snapshots. Each link that is there for a period or longer is reported as created once, and as
/// removed once. One that is there for less may be missed, with both events.
///
/// It looks each period, and earlier when it is woken: by the end of an interface, or by the
/// detaching of a struct_ops link (6.11). The interface is one of the network namespace that the
/// starting thread is in. For a struct_ops link it watches a descriptor that a process has for the
/// link. It keeps none, so that no link lives on by being watched. Cgroups, other network
/// namespaces, and links that are held by a pin alone have no such wake: the period tells their
/// ends.
///
/// Where the looks walk, a link that may not be looked at is reported by its id alone: see
/// snapshotter::take. Earlier facts about it stay. Once it may be looked at, it is updated:
/// `before` has the id alone.
///
/// After an error nothing is lost: the next look that succeeds reports the whole difference.
///
/// An id may be given out again between two looks. If the kind, the attach type or a return from
/// defunct tells so, the old link is removed and the new one created. A link with the same of all
/// of these is reported as updated, or not at all. Ids come again after 2^31 links.
///
/// One that was moved from refuses every look (EBADF). The descriptor stays the same over a move,
/// so that a loop need not be told.
///
/// Preconditions: nobody but the watcher closes its descriptor. The watcher outlives each thread,
/// coroutine and range that waits for it: see docs/watching.md. A forked child shares the
/// descriptors, and its reads take early wakes from the parent: the period tells then. Let the
/// child start a watcher of its own.
/// @threads one at a time
class watcher {
public:
    /// Looks for the first time, so that what keeps it from looking is an error here.
    /// @errors invalid_argument   the period is 0 or negative
    ///         permission_denied  as snapshotter::take
    ///         EMFILE, ENFILE, ENOMEM
    /// @kernel since 5.8; early ends of struct_ops links since 6.11
    /// @cost 7 system calls, and those of a snapshot
    [[nodiscard]] static result<watcher> start(watcher_options options = {});

    /// Can be read when it is worth calling poll(): an epoll descriptor, for your own loop.
    /// Borrowed.
    [[nodiscard]] fd_view fd() const noexcept { return waiter_; }

    /// Looks if the period is over or something woke it; never waits. Empty where nothing changed,
    /// or nothing is due. The result is valid until the next call of poll(), wait() or an iterator
    /// of events().
    /// @errors as snapshotter::take
    /// @cost 1 system call; where a look is due 1 or 2 more, and those of a snapshot. Where a
    ///       struct_ops link is new, a pass over all descriptors as well
    [[nodiscard]] result<std::span<link_event const>> poll();

    /// The same, and waits for a change until the limit is over; empty then.
    /// @param limit  0 or less: as poll(); milliseconds::max(): none
    /// @errors as poll
    [[nodiscard]] result<std::span<link_event const>> wait(std::chrono::milliseconds limit);

    /// One event after another; a step waits for the next. An error is an element, and the next
    /// step waits for another look. Borrows the watcher. Where the range is left early, or poll()
    /// is called meanwhile, the rest of the look is what is told next.
    [[nodiscard]] events_view events() &;
    events_view events() && = delete; // it would be gone

    /// The time that the last look took.
    [[nodiscard]] std::chrono::nanoseconds cost() const noexcept { return cost_; }

    /// Where the records of the last look came from.
    [[nodiscard]] snapshot_source source() const noexcept { return by_.source(); }

    /// Why the last look went by the walk, where the iterator was preferred; else a null pointer.
    /// Valid until the next look.
    [[nodiscard]] error const* why_walked() const& noexcept { return by_.why_walked(); }
    error const* why_walked() const&& = delete; // it would be gone

    /// Why ends of interfaces are told by the period alone; else a null pointer. A service may not
    /// be allowed to use netlink, for example.
    [[nodiscard]] error const* why_not_woken() const& noexcept {
        return not_woken_ ? &*not_woken_ : nullptr;
    }
    error const* why_not_woken() const&& = delete; // it would be gone

private:
    friend class detail::event_walk;
    explicit watcher(snapshot_source preferred) noexcept;
    result<void> open(watcher_options const& options);
    void stop_news(int outcome);
    [[nodiscard]] bool is_due(unsigned woken);
    result<void> look();
    void tell_differences();
    void watch_ends() const;

    snapshotter by_;
    unique_fd timer_;
    unique_fd devices_; // empty where not_woken_ says why
    unique_fd waiter_;
    std::vector<link_record> known_; // in ascending order of ids, as the next one
    std::vector<link_record> fresh_;
    std::vector<link_event> events_;
    std::size_t next_ = SIZE_MAX; // of events_, for a range that has come so far
    std::optional<error> not_woken_;
    std::chrono::nanoseconds cost_{0};
    bool is_owed_ = false; // a look, of the links that were there at the start
};

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(link_change change);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, link_change change);

} // namespace bpflink
