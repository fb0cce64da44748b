// SPDX-License-Identifier: Apache-2.0
// Only results of this library can be awaited in a function that returns one.
// expect: await_transform
#include <bpflink/bpflink.hpp>

#include <coroutine>
#include <string>

namespace bl = bpflink;

bl::result<int> count();
tl::expected<int, std::string> foreign();
bl::result<int> const constant(); // a temporary that cannot be moved from

bl::result<int> start() {
#ifdef FIXED
    int const n = co_await count();
#else
    int const n = co_await foreign(); // error
    co_await std::suspend_always{};   // error
    co_await constant();              // error
#endif
    co_return n;
}
