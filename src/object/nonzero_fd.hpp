// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/wait.hpp>
#include <bpflink/fd.hpp>

#include <cstdint>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A descriptor's number for a field in which the kernel takes 0 for none. A duplicate stands in
/// for descriptor 0; it is open while this lives.
class nonzero_fd {
public:
    /// Refers to no descriptor: 0.
    nonzero_fd() noexcept = default;

    /// @errors EMFILE, EBADF: of descriptor 0 alone
    [[nodiscard]] static result<nonzero_fd> of(fd_view fd) {
        nonzero_fd made;
        made.number_ = fd.get();
        if (made.number_ != 0) return made;
        return detail::duplicated(fd).map([&](unique_fd other) {
            made.number_ = other.get();
            made.copy_ = std::move(other);
            return std::move(made);
        });
    }

    [[nodiscard]] std::uint32_t number() const noexcept {
        return static_cast<std::uint32_t>(number_);
    }

private:
    unique_fd copy_;
    int number_ = 0;
};

} // namespace bpflink
