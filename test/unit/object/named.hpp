// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names and numbers of the kernel's enumerations, next to libbpf's.

#include <bpflink/fwd.hpp>

#include <ostream>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include <bpf/libbpf.h>

namespace bl = bpflink;

/// Compares with all the names that libbpf knows; at least `least` of them, so that an old libbpf
/// does not make the test empty.
template <class Enum, class LibbpfEnum>
void check_names(char const* (*libbpf_name)(LibbpfEnum), unsigned end, unsigned least) {
    unsigned known = 0;
    std::set<std::string> seen;
    for (unsigned number = 0; number != end; ++number) {
        auto const name = to_string(static_cast<Enum>(number));
        CAPTURE(number);
        CHECK(name.find("unknown") == std::string::npos);
        CHECK(seen.insert(name).second);
        if (char const* const theirs = libbpf_name(static_cast<LibbpfEnum>(number))) {
            CHECK(name == theirs);
            ++known;
        }
    }
    CHECK(known >= least);
}

/// What is not listed keeps its number and prints it.
template <class Enum>
void check_unknown(unsigned first) {
    for (unsigned const number : {first, first + 1, 4'000'000'000U}) {
        auto const unknown = static_cast<Enum>(number);
        CHECK(static_cast<unsigned>(unknown) == number);
        CHECK(to_string(unknown) == "unknown(" + std::to_string(number) + ")");
    }
}

template <class T>
std::string printed(T value) {
    std::ostringstream out;
    out << value;
    return out.str();
}
