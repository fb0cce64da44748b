// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "facts.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

/// A tree of lines.
class branch {
public:
    /// @param object  its JSON, without the branches below
    explicit branch(std::string text = {}, json object = {})
        : text_{std::move(text)}, object_(std::move(object)) {} // braces: an array, by GCC

    /// The one below this that has the text, and is made where there was none. Valid until this
    /// goes.
    branch& at(std::string_view text);
    /// A new one below this, whatever others say.
    branch& add(std::string text, json object);

    /// The branches below, a line each, with the lines of a tree in front.
    /// @param width  in columns; longer lines are cut
    [[nodiscard]] std::string render(std::size_t width) const;
    /// The branches below, as objects with those below them.
    [[nodiscard]] std::vector<json> to_json() const;

private:
    void render(std::string const& indent, std::size_t width, std::string& to) const;

    std::string text_;
    json object_;
    std::list<branch> below_; // references stay, and the type may be incomplete
};

} // namespace tool
