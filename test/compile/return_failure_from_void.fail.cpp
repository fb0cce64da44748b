// SPDX-License-Identifier: Apache-2.0
// A promise has one kind of return: result<void> ends with nothing, and fails by co_await.
// expect: return_value
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<void> start(bl::error e) {
#ifdef FIXED
    co_await tl::unexpected(e);
#else
    co_return tl::unexpected(e); // error
#endif
}
