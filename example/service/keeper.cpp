// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/is_at.hpp>
#include <bpflink/lifecycle/ensure.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/operations.hpp>
#include <bpflink/targets.hpp>

#include <iostream>
#include <utility>

namespace service {
namespace bl = bpflink;

bl::result<void> keeper::check() {
    return counted(make_it_so());
}

bl::result<void> keeper::reload(configuration next) {
    auto object = xdp_object::load(next);
    if (!object) return counted(tl::unexpected{std::move(object).error()});
    // A link that is defunct by now cannot be swapped, and what keeps it from being well may be
    // what the new configuration mends.
    static_cast<void>(make_it_so());
    auto replaced = replace(next, *object);
    if (replaced) {
        where_ = std::move(next);
        object_ = *std::move(object); // the old one goes now that nothing runs it
        waiting_ = false;             // what is waited for is said again
    }
    return counted(std::move(replaced));
}

bl::result<void> keeper::finish() {
    if (link_ && where_.keep) co_await link_.pin(where_.pin); // in case it was removed
    if (link_ && !where_.keep) co_await link_.unpin();
    co_await link_.close();
}

status keeper::status() const {
    auto now = done_;
    now.interface = where_.interface;
    if (link_)
        if (auto info = link_.info()) now.link = *std::move(info);
    return now;
}

bl::result<void> keeper::make_it_so() {
    auto const device = bl::ifindex_of(where_.interface);
    bool const gone = !device && device.error() == bl::errc::not_found;
    if (!device && !gone) co_await device; // nobody knows: all stays
    if (link_) {
        // That it is here was known when it was attached or adopted.
        auto const is_here = [&] { return bl::is_at(bl::hook::xdp{.ifindex = *device}, link_); };
        if (!gone && co_await is_here() != bl::match::no) {
            co_await link_.pin(where_.pin); // again, in case somebody removed it
            co_return;
        }
        std::clog << where_.interface << " is gone, or the link was detached\n";
        auto old = std::move(link_);
        co_await old.unpin();
    }
    if (gone) {
        if (!std::exchange(waiting_, true))
            std::clog << "waiting for interface " << where_.interface << '\n';
        co_await remove_defunct_pin();
        co_return;
    }
    auto const to = co_await device;
    link_ = co_await adopt_or_attach(where_, object_.program(), to);
    waiting_ = false;
}

bl::result<void> keeper::replace(configuration const& next, xdp_object const& object) {
    if (!link_) co_return; // the next check attaches it
    if (next.interface == where_.interface) {
        co_await link_.pin(next.pin); // a move, where it is another path
        auto const swapped = link_.update(object.program(), bl::expecting(object_.program()));
        if (!swapped) {
            static_cast<void>(link_.pin(where_.pin));
            co_await tl::unexpected{swapped.error()};
        }
        ++done_.swapped;
        co_return;
    }
    auto const device = co_await bl::ifindex_of(next.interface);
    if (next.pin == where_.pin) {
        // The old link keeps the pin until the new one has it.
        auto attached = bl::attach(object.program(), bl::hook::xdp{.ifindex = device});
        link_ = co_await (std::move(attached) | bl::replace_pin(next.pin));
        ++done_.attached;
        std::clog << "attached to " << next.interface << '\n';
    } else {
        auto moved = co_await adopt_or_attach(next, object.program(), device);
        auto old = std::exchange(link_, std::move(moved));
        static_cast<void>(old.unpin()); // what somebody else has put there stays
    }
}

bl::result<bl::xdp_link> keeper::adopt_or_attach(configuration const& to, xdp_program program,
                                                 bl::ifindex device) {
    bl::hook::xdp const where{.ifindex = device};
    auto done = co_await bl::ensure_attached(program, where, to.pin);
    bool const is_new = done.how == bl::ensured::created || done.how == bl::ensured::recreated;
    ++(is_new ? done_.attached : done_.adopted);
    std::clog << (is_new ? "attached to " : "adopted the link on ") << to.interface << '\n';
    co_return std::move(done.link);
}

bl::result<void> keeper::remove_defunct_pin() {
    auto found = bl::xdp_link::load_pinned(where_.pin);
    if (found && found->state() == bl::link_state::defunct) co_await found->unpin();
}

bl::result<void> keeper::counted(bl::result<void> outcome) {
    if (!outcome) ++done_.failed;
    return outcome;
}

} // namespace service
