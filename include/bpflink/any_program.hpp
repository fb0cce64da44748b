// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/detail/borrows.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program_type.hpp>

#include <concepts>
#include <optional>
#include <type_traits>

namespace bpflink {

namespace detail {

template <class T>
concept lends_fd = requires(T const& t) {
    { t.fd() } -> std::convertible_to<fd_view>;
};

/// Whether the descriptor that a class of the library lends is never a program's.
template <class T>
inline constexpr bool lends_other_object = false;
template <>
inline constexpr bool lends_other_object<link> = true;
template <class Hook>
inline constexpr bool lends_other_object<typed_link<Hook>> = true;
template <>
inline constexpr bool lends_other_object<map_ref> = true;
template <>
inline constexpr bool lends_other_object<iter_output> = true;
template <>
inline constexpr bool lends_other_object<defunct_watch> = true;
template <>
inline constexpr bool lends_other_object<expected_program> = true;

} // namespace detail

/// Anything that lends a descriptor, but for the library's links, maps and outputs. The untyped
/// operations take it, and the kernel checks it.
template <class P>
concept any_program = detail::lends_fd<P> && !detail::lends_other_object<P>;

/// A program whose type is known at compile time, as `static constexpr program_type type`: a
/// service can bring a class of its own.
// The first requirement keeps a non-static `type` away from the second: for GCC 12 that is an
// error.
template <class P>
concept bpf_program = any_program<P> && requires {
    { &P::type } -> std::same_as<program_type const*>;
} && requires { typename std::integral_constant<program_type, P::type>; };

/// The program, or a struct_ops link's map, that a compare-and-swap update expects to find; made by
/// `expecting`.
class expected_program {
public:
    /// Its descriptor; borrowed. Empty where it is known by its id.
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }
    /// The program's id; 0 where it is known by a descriptor, and an id that no program has.
    [[nodiscard]] program_id id() const noexcept { return id_; }
    /// Whether it is known by its id.
    [[nodiscard]] bool is_by_id() const noexcept { return is_by_id_; }

private:
    template <any_program P>
    friend expected_program expecting(P const& prog) noexcept;
    friend expected_program expecting(map_ref const& map) noexcept;
    friend expected_program expecting(program_id id) noexcept;
    explicit expected_program(fd_view fd) noexcept : fd_{fd} {}
    explicit expected_program(program_id id) noexcept : id_{id}, is_by_id_{true} {}

    fd_view fd_;
    program_id id_;
    bool is_by_id_ = false;
};

/// `link.update(next, expecting(current))`: swap only while `prog` is the one that runs.
/// @param prog  borrowed; the owner of its descriptor must not be a temporary
template <any_program P>
[[nodiscard]] expected_program expecting(P const& prog) noexcept {
    return expected_program{prog.fd()};
}
template <any_program P>
    requires detail::owner<P>
expected_program expecting(P const&& prog) = delete; // its descriptor would be closed by then

/// The same for a program known by its id, as link_info::program tells it. The update opens it,
/// which needs CAP_SYS_ADMIN and costs 2 more system calls. Without the capability the update fails
/// with permission_denied. An id that no program has any more, and that no link runs, is
/// program_mismatch.
[[nodiscard]] inline expected_program expecting(program_id id) noexcept {
    return expected_program{id};
}

namespace detail {

/// The facts that a hook needs to know of a program, whatever class it came in.
struct borrowed_program {
    fd_view fd;
    program_type type = program_type::unspec;
    std::optional<attach_type> expected = std::nullopt; // where it is known
    bool loaded_for_none = false;                       // known, too: there is none
};

/// The facts that a program lends: all that it knows, if it is one of the library's own.
struct lender {
    template <any_program P>
    [[nodiscard]] static borrowed_program borrow(P const& prog) {
        if constexpr (requires {
                          { prog.lent_ } -> std::same_as<borrowed_program const&>;
                      }) {
            return prog.lent_;
        } else {
            borrowed_program lent{prog.fd()};
            if constexpr (bpf_program<P>) lent.type = P::type;
            if constexpr (requires {
                              {
                                  prog.expected_attach_type()
                              } -> std::same_as<std::optional<attach_type>>;
                          })
                lent.expected = prog.expected_attach_type();
            // The number 0 is this one's for this type alone.
            if (lent.expected == attach_type::cgroup_inet_ingress &&
                lent.type != program_type::cgroup_skb) {
                lent.expected.reset();
                lent.loaded_for_none = true;
            }
            return lent;
        }
    }
};

template <any_program P>
[[nodiscard]] borrowed_program borrow(P const& prog) {
    return lender::borrow(prog);
}

} // namespace detail

} // namespace bpflink
