// SPDX-License-Identifier: Apache-2.0
// co_await belongs in a function that returns a result.
// expect: coroutine|promise_type
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<int> count();

#ifdef FIXED
auto const start = []() -> bl::result<int> { co_return co_await count(); };
#else
auto const start = []() -> int { co_return co_await count(); }; // error
#endif
