// SPDX-License-Identifier: Apache-2.0
#include "errno_names.hpp"

#include <charconv>
#include <cstring>
#include <strings.h>
#include <utility>

namespace tool {
namespace {

/// The largest number that the kernel returns as an error.
constexpr int last_errno = 4095;
/// The kernel's own ENOTSUPP, which the C library has no name for.
constexpr int enotsupp = 524;

/// Of a C library that knows the names: glibc since 2.32.
template <class Number>
char const* known_name(Number number) {
    if constexpr (requires { ::strerrorname_np(number); })
        return ::strerrorname_np(number);
    else
        return nullptr;
}

} // namespace

std::string name_of_errno(int number) {
    if (number == enotsupp) return "ENOTSUPP";
    auto const* const name = known_name(number);
    return name ? name : std::to_string(number);
}

std::optional<int> errno_named(std::string_view word) {
    int number = 0;
    auto const* const last = word.data() + word.size();
    auto const [end, problem] = std::from_chars(word.data(), last, number);
    if (problem == std::errc{} && end == last && number > 0 && number <= last_errno) return number;
    std::string const wanted{word};
    for (number = 1; number <= last_errno; ++number)
        if (::strcasecmp(wanted.c_str(), name_of_errno(number).c_str()) == 0) return number;
    return std::nullopt;
}

std::vector<std::string> errno_names() {
    std::vector<std::string> all;
    for (int number = 1; number <= last_errno; ++number)
        if (auto name = name_of_errno(number); name.starts_with('E'))
            all.push_back(std::move(name));
    return all;
}

} // namespace tool
