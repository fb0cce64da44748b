// SPDX-License-Identifier: Apache-2.0
#include "exposition.hpp"

#include "text.hpp"

#include <fmt/format.h>

namespace tool {
namespace {

std::string in_quotes(std::string const& value) {
    std::string safe = "\"";
    for (char const c : printable(value)) {
        if (c == '"' || c == '\\') safe += '\\';
        safe += c;
    }
    return safe + "\"";
}

} // namespace

void exposition::begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void exposition::add(labels const& of, double value) {
    text_ += name_ + "{";
    for (auto const& [name, label] : of) {
        if (text_.back() != '{') text_ += ',';
        text_ += fmt::format("{}={}", name, in_quotes(label));
    }
    text_ += fmt::format("}} {}\n", value);
}

} // namespace tool
