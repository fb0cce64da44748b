// SPDX-License-Identifier: Apache-2.0
#include "error/errno_name.hpp"

#include <cstring>

namespace bpflink {
namespace {

/// Of a C library that knows the names: glibc since 2.32.
template <class Number>
char const* name_of(Number number) noexcept {
    if constexpr (requires { strerrorname_np(number); })
        return strerrorname_np(number);
    else
        return nullptr;
}

} // namespace

char const* errno_name(int number) noexcept {
    return name_of(number);
}

} // namespace bpflink
