// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "lifecycle/ending.hpp"
#include "lifecycle/presence.hpp"
#include "pin/directory_lock.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/access.hpp>
#include <bpflink/detail/read_info.hpp>
#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link_traits.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace bpflink {

std::string in_words(link_holders const& who) {
    std::string text;
    auto const add = [&](std::string const& one) {
        text.append(text.empty() ? "" : ", ").append(one);
    };
    for (auto const& [process, command, descriptors] : who.processes) {
        auto one = "process " + std::to_string(process);
        one.append(" (").append(command).append(")");
        if (descriptors != 1)
            one.append(" by ").append(std::to_string(descriptors)).append(" descriptors");
        add(one);
    }
    for (auto const& pin : who.pins)
        add("the pin " + pin);
    if (text.empty()) {
        text = "nobody that can be seen (not seen: descriptors in a socket's queue or registered "
               "with io_uring, pins on an unmounted bpffs";
        if (!who.complete()) text += "; " + who.unseen;
        text += ")";
    }
    return text;
}

namespace {

using std::chrono::milliseconds;

constexpr int longest_pause = 20; // of back_off(): a millisecond

std::string name_of(link_id id) {
    return "link " + std::to_string(id.value());
}

bool has_any(link_holders const& who) {
    return !who.processes.empty() || !who.pins.empty();
}

/// Takes what the handle itself holds out of who holds its link: a descriptor and a pin.
result<link_holders> without_own(link_holders who, std::string const& pin) {
    for (auto& each : who.processes)
        if (each.process == sys::process_id()) --each.descriptors;
    std::erase_if(who.processes, [](process_holder const& each) { return each.descriptors == 0; });
    if (pin.empty()) return who;
    for (auto at = who.pins.begin(); at != who.pins.end();) {
        auto const same = is_same_place(*at, pin);
        if (!same && same.error() != errc::not_found) return tl::unexpected{same.error()};
        at = same && *same ? who.pins.erase(at) : at + 1;
    }
    return who;
}

/// Removes the link's pin. One that is something else's by now is forgotten, and stays.
result<void> remove_pin(link& l) {
    auto removed = l.unpin();
    if (!removed && !l.is_pinned()) return {};
    return removed;
}

/// Whether the id belongs to another link by now.
bool is_recycled(detail::link_header const& was) {
    auto const opened = sys::link_get_fd_by_id(was.id.value());
    // EAGAIN: it is being made.
    if (!opened) return opened.outcome() == -ENOENT || opened.outcome() == -EAGAIN;
    auto const now = detail::read_header(opened.view());
    return now && (now->type != was.type || now->program != was.program);
}

/// Lets the kernel do what it has put off, until a time. A machine may have stood still meanwhile:
/// so it is a number of pauses, too.
void settle_until(moment end) {
    constexpr int fewest = 20;
    for (int pauses = 0; pauses != fewest; ++pauses)
        sys::back_off(longest_pause);
    pause_until(end);
}

/// Waits until no link has the id, and what let go of it last is done.
/// @param pin   the path that it was pinned at; empty where it was not
/// @param with  others that end too; null: none
result<void> wait_for_end(detail::link_header const& of, std::string const& pin, moment deadline,
                          joint_end* with) {
    constexpr milliseconds settling{100};
    auto const closed = [&](error why) {
        why.add_advice("the handle is closed" +
                       (pin.empty() ? "" : ", and its pin at " + pin + " is gone"));
        return tl::unexpected{std::move(why)};
    };
    // The kernel lets go of a pin a moment after it was removed, and takes the program off after
    // the id. Only a link without a pin that is gone at once was ended by the closing itself.
    bool settled = pin.empty();
    for (int attempt = 0;; ++attempt) {
        auto const there = is_there(of.id);
        if (!there) return closed(there.error());
        if (!*there) break;
        settled = false;
        if (sys::now() >= deadline) {
            if (is_recycled(of)) break;
            auto const who = holders(of.id);
            return closed(error{EBUSY, operation::close, errc::still_held, name_of(of.id),
                                who ? "still held by " + in_words(*who) : "still held"});
        }
        sys::back_off(std::min(attempt, longest_pause));
    }
    if (settled) return {};
    auto const by = sys::now() + settling;
    with ? with->settles_at(by) : settle_until(by);
    return {};
}

/// Completes the report of a link that was detached, and was there still after its handle closed.
void tell_what_is_left(teardown_report& report, detail::link_header const& header,
                       result<link_holders> who, moment deadline) {
    if (!who) {
        report.gone = who.error() == errc::not_found;
        if (!report.gone) report.left.unseen = who.error().message();
        return;
    }
    report.left = *std::move(who);
    if (has_any(report.left)) return;
    // The kernel lets go of a pin a grace period after it was removed.
    auto there = is_there(header.id);
    for (int attempt = 0; there && *there && sys::now() < deadline; ++attempt) {
        sys::back_off(std::min(attempt, longest_pause));
        there = is_there(header.id);
    }
    report.gone = there && (!*there || is_recycled(header));
}

/// A holder may be unseen, so that a deadline without end is not waited for.
moment patience(moment deadline) {
    return std::min(deadline, sys::deadline(std::chrono::seconds{1}));
}

result<teardown_report> end_detached(link& l, detail::link_header const& header, moment deadline,
                                     joint_end* with) {
    teardown_report report{header.id, true, false, {}};
    if (auto removed = remove_pin(l); !removed) {
        removed.error().add_advice("the program is off its hook");
        return tl::unexpected{std::move(removed).error()};
    }
    static_cast<void>(l.close()); // even if it fails, the descriptor is closed
    auto const there = is_there(header.id);
    report.gone = there && !*there;
    if (report.gone) return report;
    if (with)
        with->is_left(header, deadline);
    else
        tell_what_is_left(report, header, holders(header.id), patience(deadline));
    return report;
}

tl::unexpected<error> cannot_be_verified(error why) {
    why.add_advice("it cannot be verified that the link has ended; nothing was changed");
    return tl::unexpected{std::move(why)};
}

result<teardown_report> end_by_closing(link& l, detail::link_header const& header, moment deadline,
                                       joint_end* with = nullptr) {
    auto const there = is_there(header.id);
    if (!there) return cannot_be_verified(there.error());
    std::string const pin{l.pinned_path().value_or("")};
    holder_looks own{header.id};
    auto const who = (with ? with->looks() : own).beside(header.id, pin);
    if (!who) return tl::unexpected{who.error()};
    if (has_any(*who))
        return fail(-EBUSY, operation::close, errc::still_held, name_of(header.id),
                    "its kind (" + to_string(header.type) +
                        ") cannot be detached, and it is held by " + in_words(*who) +
                        "; nothing was changed");
    if (auto removed = remove_pin(l); !removed) return tl::unexpected{removed.error()};
    static_cast<void>(l.close());
    return wait_for_end(header, pin, deadline, with).map([&] {
        return teardown_report{header.id, false, true, {}};
    });
}

/// Fails where another program than is expected runs by the link that is pinned at a path.
/// @param expected  0: any
result<void> check_program(std::string const& path, program_id expected) {
    if (expected == program_id{}) return {};
    auto const there = look_at(path);
    if (!there) return tl::unexpected{there.error()};
    if (there->what != named::kind::link) return {};
    auto const header = detail::read_header(fd_view{there->link.get()});
    if (!header) return tl::unexpected{header.error()};
    if (header->program == expected) return {};
    return fail(-EPERM, operation::link_get_info, errc::program_mismatch, name_of(header->id),
                "it runs program " + std::to_string(header->program.value()) + ", and program " +
                    std::to_string(expected.value()) + " was expected; nothing was changed");
}

/// Ends a link that a killed ensure_attached was about to pin at a path: it has the temporary name,
/// and nobody else holds it. Of any other link only that name goes.
result<void> end_temporary(std::string const& path, moment deadline) {
    auto const temporary = temporary_name(path);
    auto left = look_at(temporary);
    if (!left) return tl::unexpected{left.error()};
    if (left->what != named::kind::link) return {};
    auto l = detail::access::make_link(std::move(left->link), detail::pin_memory{temporary});
    auto const header = detail::read_header(l.fd());
    if (!header) return tl::unexpected{header.error()};
    auto const ended = end_by_closing(l, *header, deadline);
    if (ended) return {};
    if (ended.error() == errc::still_held && l) return remove_pin(l);
    return tl::unexpected{ended.error()};
}

result<teardown_report> end_verified(link& l, moment deadline, joint_end* with = nullptr) {
    auto const header = detail::read_header(l.fd());
    if (!header) return cannot_be_verified(header.error());
    auto const* const kind = find_traits(header->type);
    if (kind && !kind->detachable) return end_by_closing(l, *header, deadline, with);
    auto const detached = l.detach();
    if (detached) return end_detached(l, *header, deadline, with);
    if (detached.error() != errc::not_supported) return tl::unexpected{detached.error()};
    return end_by_closing(l, *header, deadline, with); // an older kernel, or an older library
}

} // namespace

void pause_until(moment end) {
    while (sys::now() < end)
        sys::back_off(longest_pause);
}

result<void> holder_looks::look_again() {
    look now{.begun = sys::now()};
    if (only_) {
        auto its = holders(*only_);
        if (!its) return tl::unexpected{std::move(its).error()};
        now.holders.emplace(*only_, *std::move(its));
    } else {
        auto all = holders();
        if (!all) return tl::unexpected{std::move(all).error()};
        now.holders = *std::move(all);
    }
    now.done = sys::now();
    before_ = std::exchange(last_, std::move(now));
    return {};
}

result<link_holders> holder_looks::beside(link_id id, std::string const& pin) {
    constexpr milliseconds fresh{100}, glance{20}; // so long who only looks may hold a link
    std::scoped_lock const alone{mutex_};
    auto const others_in = [&](look const& seen) -> result<link_holders> {
        auto const at = seen.holders.find(id);
        return at == seen.holders.end() ? link_holders{} : without_own(at->second, pin);
    };
    if (last_.holders.empty() || sys::now() - last_.done > fresh)
        if (auto looked = look_again(); !looked) return tl::unexpected{looked.error()};
    for (;;) {
        auto who = others_in(last_);
        if (!who || !has_any(*who)) return who;
        auto earlier = others_in(before_);
        if (!earlier) return earlier;
        if (last_.begun - before_.done >= glance && has_any(*earlier)) return who;
        pause_until(last_.done + glance);
        if (auto looked = look_again(); !looked) return tl::unexpected{looked.error()};
    }
}

result<teardown_report> joint_end::end(link& l, moment deadline) {
    return end_verified(l, deadline, this);
}

void joint_end::settles_at(moment by) {
    std::scoped_lock const alone{mutex_};
    settled_ = std::max(settled_, by);
}

void joint_end::settle() const {
    if (settled_ != moment{}) settle_until(settled_);
}

void joint_end::is_left(detail::link_header const& detached, moment deadline) {
    std::scoped_lock const alone{mutex_};
    left_.emplace(detached.id, detached);
    patience_ = std::max(patience_, deadline);
}

void joint_end::complete(teardown_report& report) {
    auto const at = left_.find(report.id);
    if (at == left_.end()) return;
    if (!holders_of_left_) {
        holders_of_left_ = holders();
        patience_ = patience(patience_);
    }
    auto const& [id, header] = *at;
    auto who = holders_of_left_->map([&](auto const& all) {
        auto const found = all.find(id);
        return found == all.end() ? link_holders{} : found->second;
    });
    tell_what_is_left(report, header, std::move(who), patience_);
}

result<teardown_report> teardown(link&& l, milliseconds limit) {
    return end_verified(l, sys::deadline(limit));
}

result<teardown_report> teardown(std::string_view pin_path, milliseconds limit,
                                 program_id expected) {
    auto const deadline = sys::deadline(limit);
    teardown_report nothing{{}, false, true, {}};
    auto const path = resolve(pin_path, operation::obj_get);
    if (!path) {
        if (path.error() == errc::not_found) return nothing;
        return tl::unexpected{path.error()};
    }
    auto const lock = detail::directory_lock::take(*path, limit);
    if (!lock) {
        if (lock.error() == errc::not_found) return nothing; // nor is the directory there
        return tl::unexpected{lock.error()};
    }
    if (auto const meant = check_program(*path, expected); !meant)
        return tl::unexpected{meant.error()};
    if (auto const ended = end_temporary(*path, deadline); !ended)
        return tl::unexpected{ended.error()};
    auto there = look_at(*path);
    if (!there) return tl::unexpected{std::move(there).error()};
    if (there->what == named::kind::nothing) return nothing;
    if (there->other)
        return fail(-EINVAL, operation::obj_get, errc::not_a_link, *path,
                    "it is not a link's pin, and was not touched: " + there->other->message());
    auto l = detail::access::make_link(std::move(there->link), detail::pin_memory{*path});
    return end_verified(l, deadline);
}

} // namespace bpflink
