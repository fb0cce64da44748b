// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

#include "output.hpp"

#include <string>

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
    auto const text = text_of(e);
    if (said_.insert(text).second) complain(text);
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
