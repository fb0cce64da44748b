// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/find_links.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/operations.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string>
#include <utility>
#include <variant>

namespace service {
namespace bl = bpflink;

namespace {

enum class place { here, elsewhere, unknown };

/// Whether a link is on an interface of this network namespace: an index alone does not tell, as
/// another namespace may have an interface of the same one.
bl::result<place> place_of(bl::xdp_link const& link, bl::ifindex device) {
    auto const info = co_await link.info();
    auto const on = std::get_if<bl::xdp_details>(&info.details);
    if (!on || on->ifindex != device) co_return place::elsewhere;
    auto const is_it = [&](bl::link_record const& each) { return each.id == info.id; };
    auto const here = co_await bl::find_links(device);
    if (std::ranges::any_of(here, is_it)) co_return place::here;
    auto const all = co_await bl::snapshot();
    auto const told = std::ranges::find_if(all, is_it);
    co_return told != all.end() && told->netns ? place::elsewhere : place::unknown;
}

tl::unexpected<bl::error> taken(std::string const& pin, char const* why) {
    return tl::unexpected{bl::error{EEXIST, bl::operation::obj_pin, bl::errc::already_exists, pin,
                                    std::string{why} + ": unpin it, or pin elsewhere"}};
}

} // namespace

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
        if (!gone && co_await place_of(link_, *device) != place::elsewhere) {
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
    auto found = bl::xdp_link::load_pinned(to.pin);
    if (found) {
        auto const where = co_await place_of(*found, device);
        if (where == place::here) {
            co_await found->update(program);
            ++done_.adopted;
            std::clog << "adopted the link on " << to.interface << '\n';
            co_return *std::move(found);
        }
        if (where == place::unknown)
            co_return taken(to.pin, "a link is pinned there of which nothing tells whether its "
                                    "interface is in this network namespace");
        if (found->state() != bl::link_state::defunct)
            co_return taken(to.pin, "a link on another interface, or on one of another network "
                                    "namespace, is pinned there");
        co_await found->unpin(); // its interface is gone
    } else if (found.error() != bl::errc::not_found)
        co_return tl::unexpected{std::move(found).error()};
    auto link = bl::attach(program, bl::hook::xdp{.ifindex = device}) | bl::pin(to.pin);
    if (link) {
        ++done_.attached;
        std::clog << "attached to " << to.interface << '\n';
    }
    co_return link;
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
