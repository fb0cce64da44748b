// SPDX-License-Identifier: Apache-2.0
#include "branches.hpp"

#include "text.hpp"

#include <algorithm>
#include <utility>

namespace tool {
namespace {

struct strokes {
    std::string_view fork, end, past, none;
};

/// The lines of a tree where the locale has them.
strokes const& drawn() {
    static constexpr strokes lines{"├─ ", "└─ ", "│  ", "   "};
    static constexpr strokes letters{"|- ", "`- ", "|  ", "   "};
    static bool const has_lines = printable(lines.fork) == lines.fork;
    return has_lines ? lines : letters;
}

} // namespace

branch& branch::at(std::string_view text) {
    auto const found = std::ranges::find(below_, text, &branch::text_);
    return found == below_.end() ? add(std::string{text}) : *found;
}

branch& branch::add(std::string text) {
    return below_.emplace_back(std::move(text));
}

std::string branch::render() const {
    std::string text;
    for (auto const& each : below_) {
        text += printable(each.text_) + "\n";
        each.render({}, text);
    }
    return text;
}

void branch::render(std::string const& indent, std::string& to) const {
    for (auto const& each : below_) {
        bool const is_last = &each == &below_.back();
        to += indent;
        to += is_last ? drawn().end : drawn().fork;
        to += printable(each.text_) + "\n";
        each.render(indent + std::string{is_last ? drawn().none : drawn().past}, to);
    }
}

} // namespace tool
