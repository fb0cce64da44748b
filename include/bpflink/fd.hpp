// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <utility>

namespace bpflink {

/// An open descriptor that it closes. Move-only; moved-from, default-constructed and empty are one.
class unique_fd {
public:
    constexpr unique_fd() noexcept = default;

    /// Takes `fd` over; a negative number is the empty state.
    explicit constexpr unique_fd(int fd) noexcept : fd_{fd < 0 ? -1 : fd} {}

    constexpr unique_fd(unique_fd&& other) noexcept : fd_{other.release()} {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    constexpr ~unique_fd() {
        if (fd_ >= 0) reset();
    }

    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
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
    constexpr fd_view() noexcept = default;
    explicit constexpr fd_view(int fd) noexcept : fd_{fd < 0 ? -1 : fd} {}
    constexpr fd_view(unique_fd const& owner) noexcept : fd_{owner.get()} {}
    fd_view(unique_fd const&& owner) = delete; // would be closed before the view is used

    [[nodiscard]] constexpr int get() const noexcept { return fd_; }
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return fd_ >= 0; }

    friend constexpr bool operator==(fd_view, fd_view) noexcept = default;

private:
    int fd_ = -1;
};

} // namespace bpflink
