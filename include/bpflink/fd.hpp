// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <utility>

namespace bpflink {

/// An open descriptor that it closes. Move-only; moved-from, default-constructed and empty are one.
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

    /// Hands the number on and is empty: whoever called must close it.
    [[nodiscard]] constexpr int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what it holds and takes `fd` over.
    void reset(int fd = -1) noexcept;

    /// Closes, and says so when that failed; it is empty either way, as the kernel frees the
    /// number before it reports.
    /// @errors whatever the file's flush returned; nothing for an empty one
    result<void> close();

private:
    int fd_ = -1;
};

/// A descriptor borrowed from its owner, who keeps it open while the view is used.
class fd_view {
public:
    /// Of none.
    constexpr fd_view() noexcept = default;
    /// Of a number; a negative one is none.
    explicit constexpr fd_view(int fd) noexcept : fd_{fd < 0 ? -1 : fd} {}
    /// Of what `owner` holds, and goes on holding.
    constexpr fd_view(unique_fd const& owner) noexcept : fd_{owner.get()} {}
    fd_view(unique_fd const&& owner) = delete; // would be closed before the view is used

    /// The number; -1 for none.
    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
    /// Whether it is of a descriptor.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return fd_ >= 0; }

    /// Whether both are of the same number.
    friend constexpr bool operator==(fd_view, fd_view) noexcept = default;

private:
    int fd_ = -1;
};

} // namespace bpflink
