// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that hooks with several attach types have in common: cgroup, netkit, netns, sockmap,
// tcx.

#include "error/refusal.hpp"
#include "hook/order.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/all.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A request to one of them: to attach, or to list what is there.
struct typed_request {
    std::optional<attach_type> attach; // of an attach: the program's, where none is named
    std::uint32_t target = 0;          // an interface or a descriptor
    std::optional<bpflink::order> order = std::nullopt;
    std::optional<revision> expected_revision = std::nullopt;
    bool preorder = false;
};

/// The number that the kernel takes for a place, and the descriptor that was opened for it.
struct opened_place {
    std::uint32_t number;
    unique_fd owned = {};
};

// The places, with the attach type where it is known.
[[nodiscard]] std::string describe(hook::cgroup const& where);
[[nodiscard]] std::string describe(hook::netkit const& where);
[[nodiscard]] std::string describe(hook::netns const& where);
[[nodiscard]] std::string describe(hook::sockmap const& where);
[[nodiscard]] std::string describe(hook::tcx const& where);

/// A cgroup's directory is opened here if it is given by its path.
/// @errors not_found, invalid_argument: no such directory; EMFILE
[[nodiscard]] result<opened_place> open_place(hook::cgroup const& where);
[[nodiscard]] result<opened_place> open_place(hook::netkit const& where);
[[nodiscard]] result<opened_place> open_place(hook::netns const& where);
[[nodiscard]] result<opened_place> open_place(hook::sockmap const& where);
[[nodiscard]] result<opened_place> open_place(hook::tcx const& where);

/// A place, with the attach type where it is named.
[[nodiscard]] inline std::string with_attach_type(std::string text,
                                                  std::optional<attach_type> attach) {
    return attach ? std::move(text) + ", " + to_string(*attach) : text;
}

template <class Hook>
[[nodiscard]] typed_request request_of(Hook const& where) noexcept {
    typed_request asked{.attach = where.attach};
    if constexpr (requires { where.order; }) {
        asked.order = where.order;
        asked.expected_revision = where.expected_revision;
        // A kernel that knows no revision of a cgroup ignores one, and refuses any flag; last is
        // the default.
        if (where.expected_revision && !where.order) asked.order = order::last();
    }
    if constexpr (requires { where.preorder; }) asked.preorder = where.preorder;
    return asked;
}

/// The attach type that the program was loaded for, where the hook has it. If nothing else is
/// known, the only one that the hook has for the program's type.
[[nodiscard]] std::optional<attach_type> attach_type_of(detail::borrowed_program const& prog,
                                                        detail::hook_row const& row) noexcept;

/// Whether programs of a type go with the one attach type that they were loaded for.
[[nodiscard]] bool attach_type_is_fixed(program_type type) noexcept;

// Looks at a request's attach type.

[[nodiscard]] detail::finding loaded_for_none(detail::attempt const& tried);
[[nodiscard]] detail::finding loaded_for_what_is_not_known(detail::attempt const& tried);
[[nodiscard]] detail::finding loaded_for_another_hook(detail::attempt const& tried);
[[nodiscard]] detail::finding attach_type_is_missing(detail::attempt const& tried);
[[nodiscard]] detail::finding attach_type_of_another_hook(detail::attempt const& tried);
[[nodiscard]] detail::finding program_of_another_type(detail::attempt const& tried);
[[nodiscard]] detail::finding held_to_another_type(detail::attempt const& tried);
[[nodiscard]] detail::finding revision_is_zero(detail::attempt const& tried);

/// The programs of a request's attach type on its target.
struct present {
    int outcome; // 0, or a negated errno
    std::uint32_t count;
    std::uint32_t flags;
    std::uint32_t first; // program
    std::uint64_t revision;
};
[[nodiscard]] present what_is_at(typed_request const& asked) noexcept;

/// The program does not go with the attach type, wherever it is to be attached.
[[nodiscard]] detail::finding does_not_go_with_it(detail::attempt const& tried);

/// The program is not of the type that it was given as, and that goes with the attach type.
[[nodiscard]] detail::finding is_of_another_type(detail::attempt const& tried);

// Looks at privilege.

/// CAP_NET_ADMIN is missing, and the kernel asks for it: newer ones take CAP_SYS_ADMIN in its
/// place.
[[nodiscard]] detail::finding lacks_net_admin(detail::attempt const& tried);
/// The kernel asks for it, and this user namespace's own does not count.
[[nodiscard]] detail::finding net_admin_does_not_count(detail::attempt const& tried);
/// An attach asks for it where the program is for a cgroup's packets; no other attach does.
[[nodiscard]] bool takes_net_admin(attach_type attach) noexcept;

// Looks at a request's target.

[[nodiscard]] detail::finding target_is_closed(detail::attempt const& tried);
[[nodiscard]] detail::finding interface_is_gone(detail::attempt const& tried);

/// Whether the program is on the interface without a link.
[[nodiscard]] detail::finding own_program_without_link(detail::attempt const& tried);

inline constexpr std::array typed_mistakes{
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for no attach type",
                    "name the attach type", "link_create", loaded_for_none},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "the attach type that the program was loaded for is not known",
                    "name the attach type", "link_create", loaded_for_what_is_not_known},
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                    "bpf_prog_attach_check_attach_type", loaded_for_another_hook},
    detail::refusal{EINVAL, errc::invalid_argument, "attach type {}", "", "link_create",
                    attach_type_of_another_hook},
    detail::refusal{EINVAL, errc::invalid_argument, "the program is of type {}", "",
                    "bpf_prog_attach_check_attach_type", program_of_another_type},
    detail::refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                    "bpf_prog_attach_check_attach_type", held_to_another_type},
    detail::refusal{EINVAL, errc::invalid_argument,
                    "a hook's revision is never 0, which the kernel would not compare",
                    "take the revision of a query", "bpf_mprog_attach", revision_is_zero},
};

/// The cause of hooks whose programs have several types.
inline constexpr detail::refusal given_as_another_type{EINVAL,
                                                       errc::invalid_argument,
                                                       "the program is of type {}",
                                                       "",
                                                       "bpf_prog_attach_check_attach_type",
                                                       is_of_another_type};

/// Attaches to one of a hook's attach types.
template <class Hook>
[[nodiscard]] result<unique_fd> attach_typed(detail::borrowed_program const& prog, Hook where) {
    auto const& row = hook_traits<Hook>::row();
    if (!where.attach) where.attach = attach_type_of(prog, row);
    auto asked = request_of(where);
    detail::attempt const tried{.row = row, .prog = &prog, .request = &asked};
    // Told only of what fails: the text takes longer than some of the kernel's work.
    auto const subject = [&] { return describe(where); };
    if (auto clear = check(tried, row.mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const there = open_place(where);
    if (!there) return tl::unexpected{there.error()};
    asked.target = there->number;
    uapi::link_create_attr attr{
        .prog_fd = raw_fd(prog.fd),
        .target = asked.target,
        .attach_type = static_cast<std::uint32_t>(*asked.attach),
        .flags = asked.preorder ? uapi::f_preorder : 0,
        .bytes = {},
    };
    auto const anchor = put_order(attr, asked.order, asked.expected_revision);
    if (!anchor) return tl::unexpected{anchor.error()};
    auto made = sys::link_create(attr);
    if (made) return made;
    return refuse(made.outcome(), operation::link_create, subject(), tried,
                  {program_causes(), row.causes, usual_causes()});
}

} // namespace bpflink
