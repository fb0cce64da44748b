// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace tool {

/// The exit code of a command that failed.
inline constexpr int failure = 1;
/// The exit status of a command that found nothing, if the caller asks for it.
inline constexpr int no_match = 3;

/// Complains of errors, of each once, and remembers that there was one.
class problems {
public:
    void operator()(bpflink::error const& e);

    /// The value of an answer; complains where it has none.
    template <class T>
    [[nodiscard]] std::optional<T> value_of(bpflink::result<T> answer) {
        if (answer) return *std::move(answer);
        (*this)(answer.error());
        return std::nullopt;
    }

    /// Tells the reader a fact that is not a failure.
    void note(std::string_view message) const;

    /// 0, or 1 where there was one.
    [[nodiscard]] int exit_code() const noexcept { return said_.empty() ? 0 : failure; }

private:
    std::set<std::string> said_;
};

/// Complains of a failure, and returns the exit code.
[[nodiscard]] int exit_code(bpflink::result<void> const& outcome);

} // namespace tool
