// SPDX-License-Identifier: Apache-2.0
#include "hook/order.hpp"

#include "hook/typed.hpp"
#include "object/identify.hpp"

#include <bpflink/lifecycle/candidate.hpp>

#include <optional>
#include <string>
#include <utility>

namespace bpflink {

struct detail::order_access {
    using side = order::side;
    using anchor = order::anchor;
    static side where(order const& o) noexcept { return o.side_; }
    static anchor kind(order const& o) noexcept { return o.anchor_; }
    static std::uint32_t number(order const& o) noexcept { return o.number_; }
    static void set_number(order& o, std::uint32_t number) noexcept { o.number_ = number; }
};

namespace {

using access = detail::order_access;
using kind = access::anchor;
using detail::attempt;
using detail::finding;

std::uint32_t flags_of(order const& where) noexcept {
    std::uint32_t const side =
        access::where(where) == access::side::before ? uapi::f_before : uapi::f_after;
    switch (access::kind(where)) {
    case kind::link_fd: return side | uapi::f_link;
    case kind::link_by_id: return side | uapi::f_link | uapi::f_id;
    case kind::program_by_id: return side | uapi::f_id;
    case kind::program_fd:
    case kind::none: break;
    }
    return side;
}

/// The program or link that an order names, for the looks.
struct anchor {
    kind is = kind::none;
    std::uint32_t number = 0;

    [[nodiscard]] bool is_link() const noexcept {
        return is == kind::link_fd || is == kind::link_by_id;
    }
    [[nodiscard]] bool is_descriptor() const noexcept {
        return is == kind::link_fd || is == kind::program_fd;
    }
    [[nodiscard]] fd_view fd() const noexcept { return fd_view{static_cast<int>(number)}; }
    /// Opens what is known by its id.
    [[nodiscard]] sys::opened open() const noexcept {
        return is_link() ? sys::link_get_fd_by_id(number) : sys::prog_get_fd_by_id(number);
    }
    [[nodiscard]] std::string name() const {
        return (is_link() ? "link " : "program ") +
               (is_descriptor() ? "at " + describe(fd()) : std::to_string(number));
    }
};

anchor anchor_of(attempt const& tried) noexcept {
    auto const& asked = tried.as<typed_request>().order;
    return asked ? anchor{access::kind(*asked), access::number(*asked)} : anchor{};
}

/// Whether it is another kind of object, which is known.
bool is_another_object(fd_view fd, bool is_link) {
    auto const object = identify(fd);
    return object && *object != (is_link ? object_kind::link : object_kind::program);
}

/// Whether it is of a classifier, of which alone tcx and netkit have links; and what it is.
finding look_at_classifier(fd_view fd, bool is_link) {
    if (is_another_object(fd, is_link))
        return {match::yes, describe(fd) + (is_link ? ", not a link" : ", not a program")};
    uapi::object_info_head head{}; // of a link and a program alike
    std::uint32_t size = sizeof head;
    if (sys::obj_get_info(fd.get(), &head, size) < 0) return {};
    auto const found = [](auto type, bool fits, std::string what) {
        return finding{fits ? match::no : match::yes, what + " of type " + to_string(type)};
    };
    if (!is_link) {
        auto const type = static_cast<program_type>(head.type);
        return found(type, type == program_type::sched_cls, "a program");
    }
    auto const type = static_cast<link_type>(head.type);
    return found(type, type == link_type::tcx || type == link_type::netkit, "a link");
}

} // namespace

result<nonzero_fd> put_order(uapi::link_create_attr& attr, std::optional<order> const& where,
                             std::optional<revision> expected) {
    attr.order = {0, 0, expected ? expected->value() : 0};
    if (!where) return nonzero_fd{};
    anchor const there{access::kind(*where), access::number(*where)};
    attr.flags |= flags_of(*where);
    attr.order.relative = there.number;
    if (!there.is_descriptor()) return nonzero_fd{};
    return nonzero_fd::of(there.fd()).map([&](nonzero_fd&& held) {
        attr.order.relative = held.number();
        return std::move(held);
    });
}

finding anchor_is_closed(attempt const& tried) {
    auto const there = anchor_of(tried);
    return there.is_descriptor() ? is_closed(there.fd(), there.name()) : finding{match::no};
}

finding anchor_is_gone(attempt const& tried) {
    auto const there = anchor_of(tried);
    if (there.is == kind::none || there.is_descriptor()) return {match::no};
    return {there.open().outcome() == -ENOENT ? match::yes : match::no, there.name()};
}

finding anchor_is_elsewhere(attempt const& tried) {
    auto const there = anchor_of(tried);
    if (there.is == kind::none) return {match::no};
    return {match::yes, there.name()};
}

finding anchor_is_not_of_a_classifier(attempt const& tried) {
    auto const there = anchor_of(tried);
    if (there.is == kind::none) return {match::no};
    if (there.is_descriptor()) return look_at_classifier(there.fd(), there.is_link());
    auto const opened = there.open();
    if (!opened) return {match::unknown, there.name()};
    return look_at_classifier(opened.view(), there.is_link());
}

finding anchor_is_not_a_link(attempt const& tried) {
    auto const there = anchor_of(tried);
    if (there.is == kind::none) return {match::no};
    if (!there.is_link()) return {match::yes, "a program"};
    if (!there.is_descriptor()) return {match::no};
    return yes_if(is_another_object(there.fd(), true), describe(there.fd()));
}

finding anchor_may_differ_in_preorder(attempt const& tried) {
    return {anchor_of(tried).is_link() ? match::unknown : match::no};
}

result<void> detail::keepsakes::own(order& asked) {
    using its = order_access;
    auto const names = its::kind(asked);
    if (names != its::anchor::link_fd && names != its::anchor::program_fd) return {};
    fd_view fd{static_cast<int>(its::number(asked))};
    return own(fd).map([&] { its::set_number(asked, static_cast<std::uint32_t>(fd.get())); });
}

} // namespace bpflink
