// SPDX-License-Identifier: Apache-2.0
// A type that is made of whatever it is given would be made of the coroutine itself. E13
// expect: told_from_its_coroutine|get_return_object
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

struct greedy {
#ifdef FIXED
    template <class T>
        requires std::is_arithmetic_v<T>
    greedy(T) {}
#else
    template <class T>
    greedy(T const&) {}
#endif
};

bl::result<int> count();

// clang-format off
bl::result<greedy> start() { co_return co_await count(); } // error
// clang-format on

bl::result<greedy> plainly() {
    BPFLINK_TRY(n, count());
    return n;
}
