// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/names.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "snapshot/own_program.hpp"
#include "snapshot/raw_link_descriptor.h"
#include "snapshot/raw_records.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/detail/wait.hpp>
#include <bpflink/lifecycle/watcher.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 4> link_change_names{"created", "removed", "updated",
                                                            "defunct"};

constexpr std::array mistakes{
    detail::refusal{EINVAL, errc::invalid_argument, "the period is not longer than 0",
                    "let it be 1 ms or more", ""},
};

constexpr std::array causes{
    detail::refusal{EAFNOSUPPORT, errc::not_supported,
                    "the process may not use netlink, as by RestrictAddressFamilies=",
                    "allow AF_NETLINK", "__sock_create"},
};

/// The causes that wake a watcher; a bit each.
enum wake : unsigned {
    by_timer = 1,
    by_device = 2,
    by_struct_ops = 4,
};

tl::unexpected<error> refused(int outcome, std::string subject) {
    return refuse(outcome, operation::poll, std::move(subject), {},
                  {mistakes, causes, common_causes()});
}

bool is_defunct(link_record const& record) noexcept {
    return state_of(record) == link_state::defunct;
}

/// Whether a record is more than the id, of a link that may be looked at.
bool is_told(link_record const& record) noexcept {
    return record.type != link_type::unspec;
}

/// Whether the id was given out again, as far as that can be told: no link changes so.
bool is_another(link_record const& now, link_record const& before) noexcept {
    if (!is_told(before)) return false;
    return now.type != before.type || (before.attach && now.attach != before.attach) ||
           (is_defunct(before) && state_of(now) == link_state::attached);
}

bool runs_the_same(link_record const& now, link_record const& before) noexcept {
    bool const is_table = now.type == link_type::struct_ops;
    return is_told(now) == is_told(before) && now.program == before.program &&
           (!is_table || now.target == before.target);
}

/// Whether an event is the first that tells of a struct_ops link as such.
bool has_new_table(link_event const& event) noexcept {
    return event.now.type == link_type::struct_ops && event.before.type != link_type::struct_ops;
}

} // namespace

result<watcher> watcher::start(watcher_options options) {
    if (options.period <= milliseconds{0}) return refused(-EINVAL, "the watcher's timer");
    watcher made{options.preferred};
    // Before the first look, so that what happens after it wakes.
    if (auto opened = made.open(options); !opened) return tl::unexpected{std::move(opened).error()};
    if (auto looked = made.look(); !looked) return tl::unexpected{std::move(looked).error()};
    made.events_.clear();
    if (options.existing) made.known_.clear();
    made.is_owed_ = options.existing;
    return made;
}

result<void> watcher::open(watcher_options const& options) {
    auto waiter = sys::open_waiter();
    if (!waiter) return refused(waiter.outcome(), "the watcher's epoll");
    waiter_ = std::move(waiter);
    auto timer =
        sys::open_timer(options.existing ? milliseconds{1} : options.period, options.period);
    if (!timer) return refused(timer.outcome(), "the watcher's timer");
    timer_ = std::move(timer);
    if (int const outcome = sys::wait_for(waiter_.get(), timer_.get(), by_timer, sys::waits::again);
        outcome < 0)
        return tl::unexpected{detail::not_waited(-outcome, timer_)};
    auto devices = sys::open_device_news();
    int outcome = devices.outcome();
    if (devices) {
        devices_ = std::move(devices);
        outcome = sys::wait_for(waiter_.get(), devices_.get(), by_device, sys::waits::again);
    }
    if (outcome < 0) stop_news(outcome);
    return {};
}

void watcher::stop_news(int outcome) {
    devices_ = unique_fd{};
    not_woken_ = refused(outcome, "news of interfaces").value();
}

watcher::watcher(snapshot_source preferred) noexcept : by_{preferred} {
}

events_view watcher::events() & {
    return events_view{{this}};
}

result<std::span<link_event const>> watcher::poll() {
    return wait(milliseconds{0});
}

result<std::span<link_event const>> watcher::wait(milliseconds limit) {
    if (auto const next = std::exchange(next_, SIZE_MAX); next < events_.size())
        return std::span<link_event const>{events_}.subspan(next);
    auto const until = sys::deadline(limit);
    events_.clear();
    for (;;) {
        auto const rest = std::chrono::ceil<milliseconds>(until - sys::now());
        auto const left = is_owed_ ? milliseconds{0} : std::max(rest, milliseconds{0});
        unsigned woken = 0;
        int const outcome = sys::wait_any(waiter_.get(), left, woken);
        if (outcome < 0) return tl::unexpected{detail::not_waited(-outcome, waiter_)};
        bool const is_owed = std::exchange(is_owed_, false);
        if (is_due(woken) || is_owed)
            if (auto looked = look(); !looked) return tl::unexpected{std::move(looked).error()};
        bool const is_over = sys::now() >= until;
        if (!events_.empty() || is_over) return std::span<link_event const>{events_};
    }
}

bool watcher::is_due(unsigned woken) {
    bool due = (woken & (by_timer | by_struct_ops)) != 0;
    if ((woken & by_timer) != 0) {
        std::array<std::byte, 8> count;
        static_cast<void>(sys::read(timer_.get(), count)); // the wait said that it is time
    }
    if ((woken & by_device) != 0) {
        int const outcome = sys::read_device_news(devices_.get());
        if (outcome < 0) stop_news(outcome); // they would wake it without an end
        due = due || outcome != 0;           // news that cannot be read are as good as an end
    }
    return due;
}

result<void> watcher::look() {
    auto const start = sys::now();
    auto looked = by_.take(fresh_);
    if (looked) tell_differences();
    cost_ = sys::now() - start;
    return looked;
}

void watcher::tell_differences() {
    events_.clear();
    auto before = known_.begin();
    auto const created = [&](link_record const& now) {
        events_.push_back({link_change::created, now, {}});
    };
    auto const removed = [&](link_record const& gone) {
        events_.push_back({link_change::removed, {}, gone});
    };
    for (auto& now : fresh_) {
        for (; before != known_.end() && before->id < now.id; ++before)
            removed(*before);
        if (before == known_.end() || before->id != now.id) {
            created(now);
            continue;
        }
        auto const& then = *before++;
        // A fact that one way of looking does not tell, and the other told, is as it was.
        if (!is_told(now)) now = then;
        if (now.type == then.type) {
            if (!now.netns) now.netns = then.netns;
            if (!now.attach) now.attach = then.attach;
        }
        if (is_another(now, then)) {
            removed(then);
            created(now);
        } else if (is_defunct(now)) {
            if (!is_defunct(then)) events_.push_back({link_change::defunct, now, then});
        } else if (!runs_the_same(now, then)) {
            events_.push_back({link_change::updated, now, then});
        }
    }
    for (; before != known_.end(); ++before)
        removed(*before);
    if (std::ranges::any_of(events_, has_new_table)) watch_ends();
    known_.swap(fresh_); // last, so that nothing is lost where memory runs out before
}

/// Has the descriptors of struct_ops links watched that processes have. The copy that it takes is
/// closed again, so that the link ends when its owner closes it. Where there is no descriptor, or
/// it cannot be had, the period tells.
void watcher::watch_ends() const {
    std::vector<raw_link_descriptor> found;
    auto const is_new_table = [&](std::uint32_t id) {
        return std::ranges::any_of(events_, [&](link_event const& e) {
            return has_new_table(e) && e.now.id.value() == id;
        });
    };
    auto const told = descriptors_program().get().and_then([&](own_program::loaded program) {
        return for_each_raw<raw_link_descriptor>(program, [&](raw_link_descriptor const& raw) {
            if (raw.program == 0 && is_new_table(raw.link)) found.push_back(raw);
        });
    });
    if (!told) return;
    for (auto const& each : found) {
        auto const process = static_cast<int>(each.process);
        auto const copy = sys::descriptor_of(process, process, static_cast<int>(each.number));
        if (!copy) continue;
        // The process may have opened something else by that number.
        auto const record = detail::read_record(copy.view());
        if (!record || record->id.value() != each.link) continue;
        static_cast<void>(
            sys::wait_for(waiter_.get(), copy.outcome(), by_struct_ops, sys::waits::once));
    }
}

void detail::event_walk::next(std::optional<result<link_event>>& out) {
    while (of_->next_ >= of_->events_.size()) {
        auto const events = of_->wait(milliseconds::max());
        if (!events) {
            out.emplace(tl::unexpect, events.error());
            return;
        }
        of_->next_ = 0;
    }
    out.emplace(of_->events_[of_->next_++]);
}

std::string to_string(link_change change) {
    return detail::name_or_number(link_change_names, static_cast<unsigned>(change));
}

std::ostream& operator<<(std::ostream& out, link_change change) {
    return out << to_string(change);
}

} // namespace bpflink
