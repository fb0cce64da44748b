// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

#include "output.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {

namespace {

/// The error's message, which advises of a command in place of the library's function.
std::string text_of(bpflink::error const& e) {
    constexpr std::string_view function = "replace_pin";
    auto text = e.message();
    auto const at = text.rfind(function);
    // A path may have the word, too.
    if (at != std::string::npos && text.rfind("; ", at) != std::string::npos)
        text.replace(at, function.size(), "pin --replace");
    return text;
}

} // namespace

void problems::operator()(bpflink::error const& e) {
    if (!known_.insert(e.message()).second) return;
    auto const is_same = [&](kind const& each) {
        return each.first.code() == e.code() && each.first.where() == e.where();
    };
    auto const found = std::ranges::find_if(kinds_, is_same);
    if (found == kinds_.end())
        kinds_.push_back({e, {}});
    else
        found->others.emplace_back(e.subject());
}

problems::~problems() {
    for (auto const& each : kinds_)
        complain(line_of(each));
}

std::string problems::line_of(kind const& all) {
    constexpr std::size_t few = 2;
    auto const& [first, others] = all;
    auto text = text_of(first);
    if (others.empty()) return text;
    bpflink::error const without_advice{first.code().value(), first.where(),
                                        std::string{first.subject()}};
    text.insert(without_advice.message().size(),
                others.size() <= few ? fmt::format(", also for {}", fmt::join(others, " and "))
                                     : fmt::format(", also for {} others", others.size()));
    return text;
}

void problems::note(std::string_view message) const {
    complain("note: " + std::string{message});
}

int exit_code(bpflink::result<void> const& outcome) {
    if (outcome) return 0;
    complain(text_of(outcome.error()));
    return failure;
}

} // namespace tool
