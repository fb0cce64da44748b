// SPDX-License-Identifier: Apache-2.0
// Built with BPFLINK_NO_COROUTINES, the headers know of no coroutine: who wants to, may say himself
// what co_await of a result does.
// expect: promise.type|coroutine_traits
#include <bpflink/bpflink.hpp>

#ifdef _GLIBCXX_COROUTINE
#error "<coroutine> is included"
#endif

#include <coroutine>

namespace bl = bpflink;

#ifdef FIXED
template <class T, class... Args>
struct std::coroutine_traits<tl::expected<T, bl::error>, Args...> {
    struct promise_type {};
};
#endif

bl::result<int> count();

// clang-format off
#ifdef FIXED
bl::result<int> start() { BPFLINK_TRY(n, count()); return n; }
#else
bl::result<int> start() { co_return co_await count(); } // error
#endif
