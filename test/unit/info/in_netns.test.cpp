// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/in_netns.hpp>

#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint32_t other = fake::home_netns + 5;

struct two_namespaces : machine {
    two_namespaces() {
        files = {{"/proc/thread-self/ns/net", ""}, {"/run/netns/web", ""}, {"/etc/hosts", ""}};
        make_file("/home/file");
        network_namespaces["/run/netns/web"] = other;
    }
};

} // namespace

TEST_CASE_FIXTURE(two_namespaces,
                  "a function runs in another namespace, and its result comes back") {
    auto const seen = bl::in_netns("/run/netns/web", [&] { return own_netns; });
    static_assert(std::is_same_v<decltype(seen), bl::result<std::uint32_t> const>);
    REQUIRE(succeeded(seen));
    CHECK(*seen == other);
    CHECK(own_netns == fake::home_netns);
    auto const fd = open_file("/run/netns/web");
    auto const nothing = bl::in_netns(bl::fd_view{fd}, [&] { CHECK(own_netns == other); });
    static_assert(std::is_same_v<decltype(nothing), bl::result<void> const>);
    CHECK(nothing);
    CHECK(own_netns == fake::home_netns);
}

TEST_CASE_FIXTURE(two_namespaces, "a function's own result is not wrapped again") {
    auto const failed = bl::in_netns("/run/netns/web", []() -> bl::result<int> {
        return tl::unexpected{bl::error{EBUSY, bl::operation::link_create}};
    });
    static_assert(std::is_same_v<decltype(failed), bl::result<int> const>);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code().value() == EBUSY);
    CHECK(own_netns == fake::home_netns);
}

TEST_CASE_FIXTURE(two_namespaces, "what the function throws passes after the return") {
    CHECK_THROWS_AS((void)bl::in_netns("/run/netns/web", [] { throw std::runtime_error{"x"}; }),
                    std::runtime_error);
    CHECK(own_netns == fake::home_netns);
}

TEST_CASE_FIXTURE(two_namespaces, "where it cannot enter, nothing was called") {
    auto const refused = [&](std::variant<std::string_view, bl::fd_view> where, bl::errc as) {
        bool called = false;
        auto const told = bl::in_netns(where, [&] { called = true; });
        REQUIRE_FALSE(told);
        CHECK(told.error() == as);
        CHECK_FALSE(called);
        CHECK(own_netns == fake::home_netns);
    };
    refused("/run/netns/none", bl::errc::not_found);
    refused("/home/file", bl::errc::invalid_argument);
    refused("", bl::errc::invalid_argument);
    refused(bl::fd_view{4'000}, bl::errc::invalid_argument);
    auto const file = open_file("/etc/hosts");
    refused(bl::fd_view{file}, bl::errc::invalid_argument);
    fail(call::set_netns, EPERM);
    refused("/run/netns/web", bl::errc::permission_denied);
    fail(call::open_file, ENOENT, 2);
    refused("/run/netns/web", bl::errc::not_found);
    for (auto const each : any_calls{call::open_file, call::netns_inode, call::set_netns}) {
        fail(each, ENOMEM);
        auto const told = bl::in_netns("/run/netns/web", [] {});
        REQUIRE_FALSE(told);
        CHECK(told.error().code().value() == ENOMEM);
        CHECK(own_netns == fake::home_netns);
    }
}

TEST_CASE_FIXTURE(two_namespaces, "a thread that cannot come back does not go on") {
    ::pid_t const child = ::fork();
    if (child == 0) {
        ::rlimit const none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::signal(SIGABRT, SIG_DFL);
        ::close(STDERR_FILENO);
        (void)bl::in_netns("/run/netns/web", [&] { fail(call::set_netns, EPERM); });
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}
