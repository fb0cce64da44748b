// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/detail/borrows.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link.hpp>

#include <concepts>
#include <cstdint>

namespace bpflink {

namespace detail {
struct order_access;

template <class T>
inline constexpr bool is_handle = is_typed_link<T> || std::same_as<T, link>;

template <class T>
concept anchor_like = any_program<T> || is_handle<T>;
} // namespace detail

/// The place of a new program among those of a hook: at an end, or next to a program or link that
/// is there. A program or handle is borrowed until attach returns; the owner of its descriptor must
/// not be a temporary. The kernel takes descriptor 0 for none: a duplicate goes in its place, for 2
/// more system calls.
/// @kernel since 6.6; kernel/bpf/mprog.c, bpf_mprog_attach(); read at v6.12
class order {
public:
    /// Before all others.
    [[nodiscard]] static constexpr order first() noexcept { return {side::before}; }
    /// After all others.
    [[nodiscard]] static constexpr order last() noexcept { return {side::after}; }

    /// Right before a link that is on the hook.
    [[nodiscard]] static constexpr order before(link_id id) noexcept {
        return {side::before, anchor::link_by_id, id.value()};
    }
    /// The same by the program.
    [[nodiscard]] static constexpr order before(program_id id) noexcept {
        return {side::before, anchor::program_by_id, id.value()};
    }
    /// The same by a handle.
    /// @param there  a link, a typed_link or a program; borrowed
    template <detail::anchor_like T>
    [[nodiscard]] static order before(T const& there) noexcept {
        return next_to(side::before, there);
    }
    template <detail::anchor_like T>
        requires detail::owner<T>
    static order before(T const&& there) = delete; // its descriptor would be closed by then

    /// Right after a link that is on the hook.
    [[nodiscard]] static constexpr order after(link_id id) noexcept {
        return {side::after, anchor::link_by_id, id.value()};
    }
    /// The same by the program.
    [[nodiscard]] static constexpr order after(program_id id) noexcept {
        return {side::after, anchor::program_by_id, id.value()};
    }
    /// The same by a handle.
    /// @param there  a link, a typed_link or a program; borrowed
    template <detail::anchor_like T>
    [[nodiscard]] static order after(T const& there) noexcept {
        return next_to(side::after, there);
    }
    template <detail::anchor_like T>
        requires detail::owner<T>
    static order after(T const&& there) = delete;

private:
    friend detail::order_access;
    enum class side : unsigned char { before, after };
    enum class anchor : unsigned char { none, link_fd, link_by_id, program_fd, program_by_id };

    constexpr order(side where, anchor kind = anchor::none, std::uint32_t number = 0) noexcept
        : side_{where}, anchor_{kind}, number_{number} {}

    template <class T>
    static order next_to(side where, T const& there) noexcept {
        fd_view const fd = there.fd();
        return {where, detail::is_handle<T> ? anchor::link_fd : anchor::program_fd,
                static_cast<std::uint32_t>(fd.get())};
    }

    side side_;
    anchor anchor_;
    std::uint32_t number_; // a descriptor or an id
};

} // namespace bpflink
