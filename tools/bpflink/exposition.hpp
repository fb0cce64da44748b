// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

using labels = std::vector<std::pair<std::string_view, std::string>>;

/// Prometheus's text exposition format, version 0.0.4.
class exposition {
public:
    /// Begins a metric.
    /// @param type  "gauge" or "counter"
    void begin(std::string_view name, std::string_view type, std::string_view help);
    /// A sample of it.
    void add(labels const& of, double value);
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    std::string text_;
    std::string name_;
};

} // namespace tool
