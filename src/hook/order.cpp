// SPDX-License-Identifier: Apache-2.0
#include "hook/order.hpp"

#include <cerrno>
#include <utility>

namespace bpflink {

struct detail::order_access {
    using side = order::side;
    using anchor = order::anchor;
    static side where(order const& o) noexcept { return o.side_; }
    static anchor kind(order const& o) noexcept { return o.anchor_; }
    static std::uint32_t number(order const& o) noexcept { return o.number_; }
};

namespace {

using access = detail::order_access;

std::uint32_t flags_of(order const& place) noexcept {
    std::uint32_t const side =
        access::where(place) == access::side::before ? uapi::f_before : uapi::f_after;
    switch (access::kind(place)) {
    case access::anchor::link_fd: return side | uapi::f_link;
    case access::anchor::link_by_id: return side | uapi::f_link | uapi::f_id;
    case access::anchor::program_by_id: return side | uapi::f_id;
    case access::anchor::program_fd:
    case access::anchor::none: break;
    }
    return side;
}

bool names_descriptor(order const& place) noexcept {
    return access::kind(place) == access::anchor::program_fd ||
           access::kind(place) == access::anchor::link_fd;
}

constexpr char const* interface_gone = "no such interface in this network namespace";

} // namespace

result<nonzero_fd> put_order(uapi::link_create_attr& attr, std::optional<order> const& place,
                             std::optional<revision> expected, std::string const& subject) {
    if (expected && expected->value() == 0)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                    "a hook's revision is never 0: the kernel would not compare it");
    attr.order = {0, 0, expected ? expected->value() : 0};
    if (!place) return nonzero_fd{};
    attr.flags = flags_of(*place);
    attr.order.relative = access::number(*place);
    if (!names_descriptor(*place)) return nonzero_fd{};
    return nonzero_fd::of(fd_view{static_cast<int>(attr.order.relative)})
        .map([&](nonzero_fd&& anchor) {
            attr.order.relative = anchor.number();
            return std::move(anchor);
        });
}

bool names_program(order const& place) noexcept {
    return access::kind(place) == access::anchor::program_fd ||
           access::kind(place) == access::anchor::program_by_id;
}

std::string advice_on_order(int outcome) {
    switch (-outcome) {
    case ESTALE: return "the hook changed since its revision was read: query it again";
    case ENOENT: return "the program or link that the order names is not on this hook";
    case EEXIST: return "the program is on the hook, which takes it once";
    default: return {};
    }
}

result<void> check_attach_type(attach_type attach, attach_types_of_hook takes,
                               std::string_view hook, operation where, std::string const& subject) {
    if (takes(attach) != program_type::unspec) return {};
    return fail(-EINVAL, where, errc::invalid_argument, subject,
                "attach type " + to_string(attach) + " is not of " + std::string{hook});
}

std::string describe(on_device const& where) {
    return with_attach_type("interface " + std::to_string(where.ifindex.value()), where.attach);
}

result<unique_fd> create_on_device(detail::borrowed_program const& prog, on_device where) {
    auto const attach =
        attach_type_meant(where.attach, prog, where.takes, [&] { return describe(where); });
    if (!attach) return tl::unexpected{attach.error()};
    where.attach = *attach;
    auto subject = describe(where);
    if (auto const right =
            check_attach_type(*attach, where.takes, where.hook, operation::link_create, subject);
        !right)
        return tl::unexpected{right.error()};
    uapi::link_create_attr attr{
        .prog_fd = raw_fd(prog.fd),
        .target = where.ifindex.value(),
        .attach_type = static_cast<std::uint32_t>(*attach),
        .flags = 0,
        .bytes = {},
    };
    auto const anchor = put_order(attr, where.order, where.expected_revision, subject);
    if (!anchor) return tl::unexpected{anchor.error()};
    auto made = sys::link_create(attr);
    if (made) return made;
    int const outcome = made.outcome();
    if (outcome == -EINVAL && where.order && access::kind(*where.order) != access::anchor::none)
        return fail(outcome, operation::link_create, errc::invalid_argument, std::move(subject),
                    "what the order names is of another kind, or this kernel has no " +
                        std::string{where.hook});
    return fail_on_device(outcome, operation::link_create, where, std::move(subject));
}

tl::unexpected<error> fail_on_device(int outcome, operation op, on_device const& where,
                                     std::string subject) {
    std::string const hook{where.hook};
    switch (-outcome) {
    case ENODEV: return fail(outcome, op, errc::not_found, std::move(subject), interface_gone);
    case ENXIO:
        return fail(outcome, op, errc::not_found, std::move(subject),
                    "the interface is no " + hook + " device");
    case EACCES:
        return fail(outcome, op, errc::invalid_argument, std::move(subject),
                    "the interface is a peer: name the primary device");
    case EINVAL:
        return fail(outcome, op, errc::not_supported, std::move(subject),
                    "this kernel has no " + hook);
    case ERANGE:
        return fail(outcome, op, errc{}, std::move(subject),
                    "63 programs are there, the most the kernel takes");
    case EPERM:
        return fail(outcome, op, errc::permission_denied, std::move(subject),
                    "CAP_NET_ADMIN and CAP_BPF are needed");
    default: break;
    }
    return fail(outcome, op, usual_condition(-outcome), std::move(subject),
                advice_on_order(outcome));
}

} // namespace bpflink
