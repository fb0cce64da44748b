// SPDX-License-Identifier: Apache-2.0
#include "hook/cgroup.hpp"

#include "hook/create.hpp"
#include "hook/order.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <cerrno>

namespace bpflink {

std::string describe(hook::cgroup const& where) {
    std::string place = "cgroup ";
    if (auto const* const path = std::get_if<std::string_view>(&where.cgroup))
        place += *path;
    else
        place += describe(std::get<fd_view>(where.cgroup));
    return with_attach_type(std::move(place), where.attach);
}

result<opened_cgroup> open_cgroup(hook::cgroup const& where) {
    auto const* const path = std::get_if<std::string_view>(&where.cgroup);
    if (!path) return opened_cgroup{unique_fd{}, std::get<fd_view>(where.cgroup)};
    return absolute(*path, operation::open)
        .and_then([&](std::string const& whole) {
            return created(sys::open_directory(whole.c_str()), operation::open, describe(where));
        })
        .map([](unique_fd&& fd) {
            fd_view const view = fd;
            return opened_cgroup{std::move(fd), view};
        });
}

namespace {

/// Program types that the kernel holds to the attach type they were loaded for.
/// @kernel kernel/bpf/syscall.c, bpf_prog_attach_check_attach_type(); read at v6.12
bool attach_type_is_fixed(program_type type) noexcept {
    return type == program_type::cgroup_sock || type == program_type::cgroup_sock_addr ||
           type == program_type::cgroup_sockopt || type == program_type::lsm;
}

/// The mistakes that can be named before the kernel says EINVAL to all of them.
std::string mistake(detail::borrowed_program const& prog, attach_type attach) {
    auto what = mismatch(prog.type, type_on<hook::cgroup>(attach), attach, "a cgroup");
    if (!what.empty()) return what;
    if (prog.expected && *prog.expected != attach && attach_type_is_fixed(prog.type))
        return "the program was loaded for attach type " + to_string(*prog.expected);
    return {};
}

/// Whether the kernel reports a revision of this cgroup's hook: it takes an order then.
bool has_order(uapi::link_create_attr const& request) noexcept {
    uapi::prog_query_attr attr{};
    attr.target = request.target;
    attr.attach_type = request.attach_type;
    return sys::prog_query(attr) < 0 || attr.revision != 0;
}

std::string advice_on(int outcome, hook::cgroup const& where, attach_type attach) {
    if (auto advice = advice_on_order(outcome); !advice.empty()) return advice;
    switch (-outcome) {
    case EBADF: return "the directory is not a version 2 cgroup, or a descriptor is not open";
    case EINVAL: {
        if (where.order && names_program(*where.order))
            return "a cgroup's programs are known by their links: let the order name the link";
        std::string all = "the program was not loaded for attach type " + to_string(attach) +
                          ", or this kernel does not have it";
        if (where.order) all += "; or what the order names is of another kind";
        return all;
    }
    case E2BIG: return "64 programs are there, the most the kernel takes";
    case EPERM: return "CAP_NET_ADMIN and CAP_BPF are needed, or a program above forbids more";
    default: return {};
    }
}

} // namespace

detail::hook_row const& hook_traits<hook::cgroup>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::cgroup_skb,
                                  .attach = attach_type::cgroup_inet_egress,
                                  .known = EBADF},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::cgroup>::create(detail::borrowed_program prog,
                                                    hook::cgroup const& named) {
    auto where = named;
    auto const attach = attach_type_meant(named.attach, prog, type_on<hook::cgroup>,
                                          [&] { return describe(named); });
    if (!attach) return tl::unexpected{attach.error()};
    where.attach = *attach;
    // Told only of what fails: the text takes longer than some of the kernel's work.
    auto const subject = [&] { return describe(where); };
    if (auto what = mistake(prog, *attach); !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject(),
                    std::move(what));
    auto const opened = open_cgroup(where);
    if (!opened) return tl::unexpected{opened.error()};
    uapi::link_create_attr attr{
        .prog_fd = raw_fd(prog.fd),
        .target = raw_fd(opened->directory),
        .attach_type = static_cast<std::uint32_t>(*attach),
        .flags = 0,
        .bytes = {},
    };
    auto order = where.order;
    // Kernels that know no revision here ignore one, and refuse any flag. Last is the default.
    if (where.expected_revision && !order) order = order::last();
    auto const anchor =
        order ? put_order(attr, order, where.expected_revision, subject()) : result<nonzero_fd>{};
    if (!anchor) return tl::unexpected{anchor.error()};
    if (where.preorder) attr.flags |= uapi::f_preorder;
    auto made = sys::link_create(attr);
    if (made) return made;
    int const outcome = made.outcome();
    if (outcome == -EINVAL && where.preorder && !has_order(attr))
        return fail(outcome, operation::link_create, errc::not_supported, subject(),
                    "this kernel's cgroups have no preorder");
    if (outcome == -EINVAL && order && !has_order(attr))
        return fail(outcome, operation::link_create, errc::not_supported, subject(),
                    "this kernel's cgroups have neither order nor revision");
    return created(std::move(made), operation::link_create, subject(),
                   advice_on(outcome, where, *attach));
}

} // namespace bpflink
