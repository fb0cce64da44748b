// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include <bpflink/any_program.hpp>
#include <bpflink/hook/attach.hpp>
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
    auto replaced = replace(next, *object);
    if (replaced) {
        where_ = std::move(next);
        object_ = *std::move(object); // the old one goes now that nothing runs it
    }
    return counted(std::move(replaced));
}

bl::result<void> keeper::finish() {
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
    if (link_) {
        auto const on = co_await link_.details();
        if (device && on.ifindex == *device) {
            co_await link_.pin(where_.pin); // again, in case somebody removed it
            co_return;
        }
        std::clog << where_.interface << " is gone, or the link was detached\n";
        auto old = std::move(link_);
        co_await old.unpin();
    }
    if (!device && device.error() == bl::errc::not_found) co_return;
    auto const to = co_await device;
    link_ = co_await adopt_or_attach(where_, object_.program(), to);
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
    auto old = std::move(link_);
    auto moved = adopt_or_attach(next, object.program(), device);
    if (!moved) {
        link_ = std::move(old);
        co_await tl::unexpected{std::move(moved).error()};
    }
    link_ = *std::move(moved);
    static_cast<void>(old.unpin()); // where it had the same pin, that is the new link's by now
}

bl::result<bl::xdp_link> keeper::adopt_or_attach(configuration const& to, xdp_program program,
                                                 bl::ifindex device) {
    auto found = bl::xdp_link::load_pinned(to.pin);
    if (found) {
        auto const on = co_await found->details();
        if (on.ifindex == device) {
            co_await found->update(program);
            ++done_.adopted;
            std::clog << "adopted the link on " << to.interface << '\n';
            co_return *std::move(found);
        }
        co_await found->unpin(); // its interface is gone, or is another one
    } else if (found.error() != bl::errc::not_found)
        co_return tl::unexpected{std::move(found).error()};
    auto link = bl::attach(program, bl::hook::xdp{.ifindex = device}) | bl::pin(to.pin);
    if (link) {
        ++done_.attached;
        std::clog << "attached to " << to.interface << '\n';
    }
    co_return link;
}

bl::result<void> keeper::counted(bl::result<void> outcome) {
    if (!outcome) ++done_.failed;
    return outcome;
}

} // namespace service
