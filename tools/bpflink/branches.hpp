// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace tool {

/// A tree of lines.
class branch {
public:
    explicit branch(std::string text = {}) : text_{std::move(text)} {}

    /// The one below this that has the text, and is made where there was none. Valid until this
    /// goes.
    branch& at(std::string_view text);
    /// A new one below this, whatever others say.
    branch& add(std::string text);

    /// The branches below, a line each, with the lines of a tree in front.
    [[nodiscard]] std::string render() const;

private:
    void render(std::string const& indent, std::string& to) const;

    std::string text_;
    std::deque<branch> below_; // references stay
};

} // namespace tool
