// SPDX-License-Identifier: Apache-2.0
#include <bpflink/value_or_throw.hpp>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

namespace {

using bpflink::errc;
using bpflink::error;
using bpflink::result;
using bpflink::value_or_throw;

error busy() {
    return {EBUSY, bpflink::operation::link_create, errc::hook_busy, "interface 3", "detach it"};
}

} // namespace

TEST_CASE("a value is moved out of a result, or looked at in a named one") {
    CHECK(*value_or_throw(result<std::unique_ptr<int>>{std::make_unique<int>(7)}) == 7);
    result<std::string> const named{"text"};
    CHECK(&value_or_throw(named) == &*named);
    CHECK_NOTHROW(value_or_throw(result<void>{}));
}

TEST_CASE("an error is thrown with its code, its condition and its whole message, once") {
    auto const failed = [](auto const& r) {
        try {
            static_cast<void>(value_or_throw(r));
        } catch (std::system_error const& e) {
            CHECK(std::string{e.what()} == busy().message());
            CHECK(e.code() == std::errc::device_or_resource_busy);
            CHECK(e.code() == errc::hook_busy);
            return true;
        }
        return false;
    };
    CHECK(failed(result<int>{tl::unexpect, busy()}));
    CHECK(failed(result<void>{tl::unexpect, busy()}));
    CHECK_THROWS_AS(static_cast<void>(value_or_throw(result<int>{tl::unexpect, busy()})),
                    std::system_error);
}
