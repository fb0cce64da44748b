// SPDX-License-Identifier: Apache-2.0
#include "symbol/demangle.hpp"

#include <algorithm>
#include <cctype>
#include <cxxabi.h>

namespace bpflink {
namespace {

constexpr std::size_t most_letters = 1'024;
constexpr std::size_t most_references = 16; // each may double the text
constexpr std::size_t most_spent = std::size_t{1} << 26U;

bool is_word(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

/// How often it says "as before": S_, S1_, T_, T0_.
std::size_t references_in(std::string_view mangled) {
    std::size_t count = 0;
    for (std::size_t i = 0; i != mangled.size(); ++i) {
        if (mangled[i] != 'S' && mangled[i] != 'T') continue;
        auto end = i + 1;
        while (end != mangled.size() &&
               (std::isdigit(static_cast<unsigned char>(mangled[end])) != 0 ||
                std::isupper(static_cast<unsigned char>(mangled[end])) != 0))
            ++end;
        count += end != mangled.size() && mangled[end] == '_';
    }
    return count;
}

} // namespace

bool is_readable_name(std::string_view name) noexcept {
    return name.find("::") != name.npos || name.find('(') != name.npos;
}

std::string without_spaces(std::string_view text) {
    std::string packed{text};
    std::erase(packed, ' ');
    return packed;
}

std::string demangler::operator()(std::string_view mangled) {
    if (!mangled.starts_with("_Z") || mangled.size() > most_letters || spent_ > most_spent ||
        references_in(mangled) > most_references)
        return {};
    int outcome = 0;
    std::string const text{mangled};
    char* const made = abi::__cxa_demangle(text.c_str(), room_.get(), &size_, &outcome);
    if (outcome != 0 || !made) return {};
    (void)room_.release(); // it may have moved
    room_.reset(made);
    auto readable = without_spaces(made);
    spent_ += readable.size();
    return readable;
}

readable_name::readable_name(std::string_view asked) : asked_{without_spaces(asked)} {
    std::string_view name = asked_;
    constexpr std::string_view unnamed = "(anonymousnamespace)";
    std::size_t from = 0;
    while (name.substr(std::min(name.find('(', from), name.size())).starts_with(unnamed))
        from = name.find('(', from) + unnamed.size();
    name = name.substr(0, name.find('(', from));
    auto begin = name.size();
    while (begin != 0 && is_word(name[begin - 1]))
        --begin;
    word_ = name.substr(begin);
    if (word_.starts_with("operator")) word_.clear();
}

bool readable_name::may_be(std::string_view mangled) const noexcept {
    return mangled.starts_with("_Z") && mangled.find(word_) != mangled.npos;
}

bool readable_name::is(std::string_view demangled) const noexcept {
    if (!demangled.starts_with(asked_)) return false;
    auto const rest = demangled.substr(asked_.size());
    if (rest.empty()) return true;
    // f.cold and the like are not all of f.
    return (rest.starts_with("(") || rest.starts_with("[abi:")) && rest.find("[clone") == rest.npos;
}

} // namespace bpflink
