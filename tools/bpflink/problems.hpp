// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace tool {

/// The exit code of a command that failed.
inline constexpr int failure = 1;
/// That of one that found nothing, for who asks.
inline constexpr int no_match = 3;

/// Complains of errors and remembers that there was one.
class problems {
public:
    void operator()(bpflink::error const& e);

    /// What an answer has; complains where it has none.
    template <class T>
    [[nodiscard]] std::optional<T> value_of(bpflink::result<T> answer) {
        if (answer) return *std::move(answer);
        (*this)(answer.error());
        return std::nullopt;
    }

    /// Says what the reader should know, and is no failure.
    void note(std::string_view message) const;

    /// 0, or 1 where there was one.
    [[nodiscard]] int exit_code() const noexcept { return any_ ? failure : 0; }

private:
    bool any_ = false;
};

/// Complains of a failure, and returns the exit code.
[[nodiscard]] int exit_code(bpflink::result<void> const& outcome);

} // namespace tool
