// SPDX-License-Identifier: Apache-2.0
#include "one_link.hpp"

#include <bpflink/detail/wait.hpp>

#include <string>

namespace detail = bl::detail;

namespace {

std::string subject(bl::unique_fd const& fd) {
    return "descriptor " + std::to_string(fd.get());
}

} // namespace

TEST_CASE_FIXTURE(one_link, "what is waited for is borrowed, and watched by a descriptor more") {
    auto const borrowed = open(there);
    auto const before = open_descriptors().size();
    {
        auto const watching = detail::watched(borrowed);
        REQUIRE(succeeded(watching));
        CHECK(watching->get() != borrowed.get());
        CHECK(open_descriptors().size() == before + 1);
    }
    CHECK(open_descriptors().size() == before);
    CHECK(is_open(borrowed.get()));
}

TEST_CASE_FIXTURE(one_link, "what cannot be watched is named, and says why") {
    auto const borrowed = open(there);
    fail(call::watch, EPERM);
    check_error(detail::watched(borrowed), EPERM, bl::operation::poll, bl::errc::not_supported,
                {subject(borrowed), "struct_ops"});
    fail(call::watch, EMFILE);
    check_error(detail::watched(borrowed), EMFILE, bl::operation::poll, no_condition,
                {subject(borrowed)});
    check_error(detail::watched(bl::fd_view{99}), EBADF, bl::operation::poll,
                bl::errc::invalid_argument, {"99"});
}

TEST_CASE_FIXTURE(one_link, "a wait that ends without being ready says why") {
    auto const borrowed = open(there);
    check_error(detail::not_waited(ECANCELED, borrowed), ECANCELED, bl::operation::poll,
                no_condition, {subject(borrowed)});
}

TEST_CASE_FIXTURE(one_link, "what cannot be duplicated or waited for has its cause") {
    auto const borrowed = open(there);
    auto const check = [&](auto const& done, int number, char const* text) {
        CAPTURE(number);
        REQUIRE_FALSE(done);
        CHECK(done.error().code().value() == number);
        CHECK(done.error().message().find(text) != std::string::npos);
    };
    check(detail::duplicated(bl::fd_view{99}), EBADF, "the descriptor is not open");
    fail(call::duplicate, EINVAL);
    check(detail::duplicated(borrowed), EINVAL, "RLIMIT_NOFILE");
    fail(call::duplicate, EMFILE);
    check(detail::duplicated(borrowed), EMFILE, "no free descriptor");
    check(detail::watched(bl::fd_view{99}), EBADF, "the descriptor is not open");
    fail(call::watch, ENOSPC);
    check(detail::watched(borrowed), ENOSPC, "fs.epoll.max_user_watches");
    fail(call::watch, ENFILE);
    check(detail::watched(borrowed), ENFILE, "fs.file-max");
}
