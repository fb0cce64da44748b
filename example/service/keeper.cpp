// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include <iostream>
#include <utility>

namespace service {
namespace bl = bpflink;

namespace {

std::string pin_of(configuration const& of) {
    return of.pins + '/' + bl::pin_name(of.interface);
}

/// The interface that has the name. Where none has it, the one that the pinned link is on: it was
/// renamed.
bl::result<std::optional<bl::ifindex>> find(configuration const& of) {
    auto const named = bl::ifindex_of(of.interface);
    if (named) co_return *named;
    if (named.error() != bl::errc::not_found) co_await tl::unexpected{named.error()};
    auto const pinned = bl::xdp_link::load_pinned(pin_of(of));
    if (!pinned || pinned->state() != bl::link_state::attached) co_return std::nullopt;
    auto const on = co_await pinned->details();
    co_return on.ifindex;
}

bl::result<bl::link_set> wanted(configuration const& of, xdp_object const& object,
                                std::optional<bl::ifindex> on) {
    auto set = co_await bl::link_set::open(of.pins);
    if (on) set.want(of.interface, object.program, bl::hook::xdp{.ifindex = *on});
    co_return std::move(set);
}

} // namespace

bl::result<std::vector<bl::set_step>> keeper::plan() const {
    auto const on = co_await find(where_);
    if (!on && !where_.wait) co_await bl::ifindex_of(where_.interface); // says what is wrong
    auto const set = co_await wanted(where_, object_, on);
    co_return co_await set.plan();
}

bl::result<void> keeper::check() {
    auto made = make_it_so();
    if (!made) ++done_.failed;
    done_.amiss = !made     ? made.error().message()
                  : device_ ? ""
                            : "waiting for interface " + where_.interface;
    return made;
}

bl::result<void> keeper::reload(bl::result<configuration> next) {
    auto replaced =
        std::move(next).and_then([&](configuration&& to) { return replace(std::move(to)); });
    done_.is_reloaded = replaced.has_value();
    if (replaced)
        done_.reloaded = std::chrono::system_clock::now();
    else
        ++done_.failed;
    return replaced;
}

bl::result<void> keeper::finish() {
    if (where_.keep) return is_attached() ? apply(set_) : bl::result<void>{};
    return bl::link_set::open(where_.pins).and_then([](bl::link_set&& all) {
        return all.teardown().map([](auto const&) {});
    });
}

void keeper::count(std::span<bl::link_event const> seen) {
    for (auto const& event : seen)
        ++done_.events[event.what];
}

status keeper::status() const {
    auto now = done_;
    now.interface = where_.interface;
    now.pin = pin_of(where_);
    now.packets = counts_of(object_);
    if (auto const* const held = link())
        if (auto info = held->info()) now.link = *std::move(info);
    return now;
}

bl::result<void> keeper::make_it_so() {
    if (is_attached()) {
        tell_name();
        co_await apply(set_);
        co_return;
    }
    if (link()) co_await let_go();
    auto const on = co_await find(where_);
    co_await apply(where_, object_, on);
}

bl::result<void> keeper::replace(configuration next) {
    if (next.pins != where_.pins || next.address != where_.address || next.port != where_.port)
        std::clog << "pins, address and port are read at the start alone\n";
    next.pins = where_.pins;
    auto object = co_await load_object(next, true);
    auto const on = co_await find(next);
    bool const is_elsewhere = next.interface != where_.interface;
    if (!on && is_elsewhere) co_await bl::ifindex_of(next.interface); // says what is wrong
    // Another interface has the name by now, and the same pin.
    if (on && !is_elsewhere && on != device_ && is_attached()) co_await set_.teardown();
    co_await apply(next, object, on);
    where_ = std::move(next);
    object_ = std::move(object); // the old one goes now that nothing runs it
}

/// Another set in place of the one that is there.
bl::result<void> keeper::apply(configuration const& to, xdp_object const& object, device on) {
    if (is_attached()) co_await apply(set_); // somebody may have removed the pin
    auto set = co_await wanted(to, object, on);
    if (on && stored_) set.adopt(to.interface, co_await bl::link::duplicate(stored_.fd()));
    co_await apply(set);
    if (on) stored_ = {};
    set_ = std::move(set);
    device_ = on;
}

bl::result<void> keeper::apply(bl::link_set& set) {
    auto const report = co_await set.apply();
    for (auto const& step : report.steps) {
        ++done_.steps[step.what];
        if (step.what != bl::step_kind::keep || !step.why.empty()) std::clog << step << '\n';
    }
}

/// Says why the link is not where it was, and forgets it.
bl::result<void> keeper::let_go() {
    bool const is_here = bl::interface_name_of(*device_).has_value();
    if (link()->state() != bl::link_state::defunct) {
        std::clog << where_.interface << " is in another network namespace\n";
        co_await set_.teardown();
    } else if (is_here) {
        std::clog << "the link on " << where_.interface << " was detached\n";
    } else {
        std::clog << "interface " << where_.interface << " is gone\n";
    }
    set_ = {};
    device_.reset();
}

/// Says once that the interface has another name.
void keeper::tell_name() {
    auto const name = bl::interface_name_of(*device_);
    if (!name || std::exchange(called_, *name) == *name) return;
    auto const named = bl::ifindex_of(where_.interface); // it may have more than one
    if (!named || *named != *device_)
        std::clog << where_.interface << " is called " << *name << " now, and keeps its program\n";
}

bl::link const* keeper::link() const noexcept {
    return set_.size() == 0 ? nullptr : set_.begin()->link();
}

/// That it is in this network namespace was known when it was attached or adopted.
bool keeper::is_attached() const {
    auto const* const held = link();
    if (!held || !device_) return false;
    auto const is_here = bl::is_at(bl::hook::xdp{.ifindex = *device_}, *held);
    return !is_here || *is_here != bl::match::no;
}

} // namespace service
