// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// The text for the person in front of the terminal: short sections, as wide as the terminal is,
/// and checks that count. Colours where somebody sees them (NO_COLOR is respected).
class report {
public:
    report();

    void heading(std::string_view text);
    void section(std::string_view name, std::string_view what);
    void code(std::string_view text);
    void line(std::string_view text);

    using row = std::vector<std::string>;
    /// Columns as wide as their widest cell, numbers to the right.
    void table(std::vector<row> const& rows, row const& headings = {});

    void check(bool holds, std::string_view what);

    /// The summary.
    /// @return the exit code: 0 when every check held
    [[nodiscard]] int finish();

private:
    void wrapped(std::string_view text, std::size_t indent, std::string_view colour = {}) const;
    [[nodiscard]] std::string coloured(std::string_view text, std::string_view colour) const;

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::size_t width_;
    bool colours_;
    int checks_ = 0;
    int failed_ = 0;
};

[[nodiscard]] std::string text(auto id) {
    return std::to_string(id.value());
}

/// 1234567 as 1,234,567.
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "1 link", "4 links".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

/// Rounded, in the unit that suits: "8.2 us", "950 ms", "1.04 s".
[[nodiscard]] std::string readable(std::chrono::nanoseconds time);

} // namespace demo
