// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace bpflink {

/// An owned descriptor, closed by the destructor. Move-only; moved-from ones are empty.
class unique_fd {
public:
    /// Empty.
    constexpr unique_fd() noexcept = default;

    /// Takes `fd` over; a negative number is the empty state.
    explicit constexpr unique_fd(int fd) noexcept : fd_{fd < 0 ? -1 : fd} {}

    /// Takes over what `other` holds; that is empty then.
    constexpr unique_fd(unique_fd&& other) noexcept : fd_{other.release()} {}
    /// Closes what it holds, and takes over what `other` holds.
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    /// Closes; an error is lost. See close().
    constexpr ~unique_fd() {
        if (fd_ >= 0) reset();
    }

    /// The number, still its own; -1 when it is empty.
    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
    /// Whether it holds a descriptor.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return fd_ >= 0; }

    /// Returns the number and becomes empty: the caller must close it.
    [[nodiscard]] constexpr int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what it holds and takes `fd` over.
    void reset(int fd = -1) noexcept;

    /// Closes, and reports a failure. It is empty either way, as the kernel frees the number before
    /// it reports.
    /// @errors the errno that the file's flush returned; an empty one does not fail
    result<void> close();

private:
    int fd_ = -1;
};

class fd_view;

namespace detail {
template <class T>
concept has_fd = requires(T const& t) {
    { t.fd() } -> std::same_as<fd_view>;
};
} // namespace detail

/// A descriptor borrowed from its owner, who keeps it open while the view is used.
class fd_view {
public:
    /// Refers to no descriptor.
    constexpr fd_view() noexcept = default;
    /// Refers to `fd`; a negative number means none.
    explicit constexpr fd_view(int fd) noexcept : fd_{fd < 0 ? -1 : fd} {}
    /// Borrows the descriptor of `owner`.
    constexpr fd_view(unique_fd const& owner) noexcept : fd_{owner.get()} {}
    fd_view(unique_fd const&& owner) = delete; // it would be closed before the view is used
    /// Borrows the descriptor that `owner` lends: a link, a program, a map, a service's own class.
    template <detail::has_fd T>
    constexpr fd_view(T const& owner) noexcept : fd_{owner.fd().get()} {}
    template <detail::has_fd T>
        requires(!std::is_trivially_copyable_v<T>)
    fd_view(T const&& owner) = delete; // as of a unique_fd

    /// The number; -1 for none.
    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
    /// Whether it refers to a descriptor.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return fd_ >= 0; }

    /// Whether both refer to the same number.
    friend constexpr bool operator==(fd_view, fd_view) noexcept = default;

private:
    int fd_ = -1;
};

/// Returns a duplicate that stays open over exec(3): a new version of the program takes the link
/// over by its number. All other descriptors of the library are close-on-exec.
/// @param fd  borrowed. The duplicate is of the same file, and its number is above 2
/// @errors invalid_argument  EBADF: not open
///         EMFILE            the process has no descriptor left, or may have none above 2
/// @cost 1 system call
[[nodiscard]] result<unique_fd> duplicate_for_exec(fd_view fd);

} // namespace bpflink
