// SPDX-License-Identifier: Apache-2.0
// Where the compiler would take a function's result before it has run, co_await is not there, and
// the rest of the library is.
// expect: no co_await there
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<bl::link_id> first() {
    for (auto&& id : bl::link_ids())
        return id;
    return bl::link_id{};
}

#ifdef FIXED
bl::result<bl::link_id> start() {
    return first();
}
#else
bl::result<bl::link_id> start() { // error
    auto const id = co_await first();
    co_return id;
}
#endif
