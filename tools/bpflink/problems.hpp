// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

namespace tool {

/// The exit code of a command that failed.
inline constexpr int failure = 1;

/// Complains of errors and remembers that there was one.
class problems {
public:
    void operator()(bpflink::error const& e);
    /// 0, or 1 where there was one.
    [[nodiscard]] int exit_code() const noexcept { return any_ ? failure : 0; }

private:
    bool any_ = false;
};

/// Complains of a failure, and returns the exit code.
[[nodiscard]] int exit_code(bpflink::result<void> const& outcome);

} // namespace tool
