// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <cerrno>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace sys {

int close(int fd) noexcept;

/// A descriptor that a call made, owned from then on: nothing that is done next can lose it. Or the
/// reason why the call made none, as a negated errno.
// Inline, and no unique_fd: a walk opens and closes one for each link.
class [[nodiscard]] opened {
public:
    /// @param outcome  a call's: the new descriptor, or a negated errno
    opened(int outcome) noexcept : outcome_{outcome} {}
    opened(opened&& other) noexcept : outcome_{std::exchange(other.outcome_, -EBADF)} {}
    opened& operator=(opened&& other) noexcept {
        std::swap(outcome_, other.outcome_);
        return *this;
    }
    ~opened() {
        if (outcome_ >= 0) close(outcome_);
    }

    [[nodiscard]] explicit operator bool() const noexcept { return outcome_ >= 0; }
    /// The descriptor's number, or the negated errno.
    [[nodiscard]] int outcome() const noexcept { return outcome_; }
    [[nodiscard]] fd_view view() const noexcept { return fd_view{outcome_}; }

    /// Hands the descriptor on; an empty one where there is none.
    operator unique_fd() && noexcept { return unique_fd{std::exchange(outcome_, -EBADF)}; }

private:
    int outcome_;
};

} // namespace sys
} // namespace bpflink
