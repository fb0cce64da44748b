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
    return found == below_.end() ? add(std::string{text}, {{"name", text}}) : *found;
}

branch& branch::add(std::string text, json object) {
    return below_.emplace_back(std::move(text), std::move(object));
}

std::vector<json> branch::to_json() const {
    std::vector<json> all;
    for (auto const& each : below_) {
        all.push_back(each.object_);
        if (!each.below_.empty()) all.back()["below"] = each.to_json();
    }
    return all;
}

std::string branch::render(std::size_t width) const {
    std::string text;
    for (auto const& each : below_) {
        text += cut(printable(each.text_), width) + "\n";
        each.render({}, width, text);
    }
    return text;
}

void branch::render(std::string const& indent, std::size_t width, std::string& to) const {
    for (auto const& each : below_) {
        bool const is_last = &each == &below_.back();
        auto const line = indent + std::string{is_last ? drawn().end : drawn().fork};
        to += cut(line + printable(each.text_), width) + "\n";
        each.render(indent + std::string{is_last ? drawn().none : drawn().past}, width, to);
    }
}

} // namespace tool
