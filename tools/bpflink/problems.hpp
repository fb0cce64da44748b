// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

/// The exit code of a command that failed.
inline constexpr int failure = 1;
/// The exit status of a command that found nothing, if the caller asks for it.
inline constexpr int no_match = 3;

/// Remembers errors, each once, and complains of them at its end. It has one
/// line for all errors of the same errno and operation, of a thousand pins for example.
class problems {
public:
    problems() = default;
    problems(problems const&) = delete;
    problems& operator=(problems const&) = delete;
    ~problems();

    void operator()(bpflink::error const& e);

    /// The value of an answer; remembers the error where it has none.
    template <class T>
    [[nodiscard]] std::optional<T> value_of(bpflink::result<T> answer) {
        if (answer) return *std::move(answer);
        (*this)(answer.error());
        return std::nullopt;
    }

    /// Tells the reader a fact that is not a failure.
    void note(std::string_view message) const;

    /// 0, or 1 where there was one.
    [[nodiscard]] int exit_code() const noexcept { return kinds_.empty() ? 0 : failure; }

private:
    /// Errors that are told in one line.
    struct kind {
        bpflink::error first;
        std::vector<std::string> others; // their subjects
    };
    [[nodiscard]] static std::string line_of(kind const& all);

    std::set<std::string> known_; // messages
    std::vector<kind> kinds_;
};

/// Complains of a failure, and returns the exit code.
[[nodiscard]] int exit_code(bpflink::result<void> const& outcome);

} // namespace tool
