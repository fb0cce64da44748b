// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <optional>
#include <vector>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace bl = bpflink;

namespace {

using dissector = constant_program<bl::program_type::flow_dissector>;
using lookup = constant_program<bl::program_type::sk_lookup>;

constexpr auto flow_dissector = bl::attach_type::flow_dissector;
constexpr auto sk_lookup = bl::attach_type::sk_lookup;
constexpr int drop = 0; // SK_DROP, SK_PASS
constexpr int pass = 1;

bl::unique_fd open_namespace() {
    bl::unique_fd fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    REQUIRE(fd);
    return fd;
}

/// A listening TCP socket on 127.0.0.1, and whether it can be connected to.
class listener {
public:
    listener() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        REQUIRE(::bind(socket_.get(), raw(), size) == 0);
        REQUIRE(::listen(socket_.get(), 8) == 0);
        REQUIRE(::getsockname(socket_.get(), raw(), &size) == 0);
    }

    bool takes_connections() {
        bl::unique_fd const client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::connect(client.get(), raw(), sizeof address_) == 0) return true;
        CHECK(errno == ECONNREFUSED);
        return false;
    }

private:
    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address_); }

    bl::unique_fd socket_;
    sockaddr_in address_{};
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a netns link tells its namespace until that is gone") {
    std::optional<sandbox::network> net{std::in_place};
    dissector const a{0};
    dissector const b{0};
    auto name_space = open_namespace();
    struct stat facts{};
    REQUIRE(::fstat(name_space.get(), &facts) == 0);
    auto l = must(bl::attach(a, bl::hook::netns{name_space, flow_dissector}));
    CHECK(must(l.info()).type == bl::link_type::netns);
    CHECK(must(l.details()).netns_inode.value() == facts.st_ino);
    CHECK(must(l.details()).attach == flow_dissector);
    CHECK(l.state() == bl::link_state::attached);

    check_error(l.update(a, bl::expecting(b)), bl::errc::program_mismatch);
    must(l.update(b, bl::expecting(a)));
    CHECK(must(l.info()).program == id_of_program(b.fd()));

    must(name_space.close());
    net.reset(); // the last that was in it
    CHECK(eventually([&] { return l.state() == bl::link_state::defunct; }));
    CHECK(must(l.details()).netns_inode == bl::netns_inode{});
    check_error(l.update(a), bl::errc::defunct, {"(netns)", "namespace"});
}

TEST_CASE_FIXTURE(kernel_case, "a namespace has one flow dissector") {
    sandbox::network const net;
    dissector const a{0};
    dissector const b{0};
    auto const name_space = open_namespace();
    bl::hook::netns const where{name_space, flow_dissector};
    auto l = must(bl::attach(a, where));
    check_error(bl::attach(b, where), bl::errc::hook_busy, {"E2BIG", "another flow dissector"});
    CHECK(programs_on(where) == std::vector{id_of_program(a.fd())});
    must(l.detach());
    CHECK(programs_on(where).empty());
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(bl::attach(b, where));
}

TEST_CASE_FIXTURE(kernel_case, "a socket lookup's program decides who gets a connection") {
    sandbox::network const net;
    run_statistics const statistics;
    lookup const open{pass, sk_lookup};
    lookup const closed{drop, sk_lookup};
    auto const name_space = open_namespace();
    bl::hook::netns const where{name_space, sk_lookup};
    listener server;
    auto l = must(bl::attach(open, where));
    CHECK(must(l.details()).attach == sk_lookup);
    CHECK(server.takes_connections());
    auto const ran = statistics.runs(open);
    CHECK(ran >= 1);

    must(l.update(closed, bl::expecting(open)));
    CHECK_FALSE(server.takes_connections());
    CHECK(statistics.runs(closed) >= 1);
    CHECK(statistics.runs(open) == ran);

    must(l.detach());
    CHECK(server.takes_connections());
    CHECK(statistics.runs(open) == ran);
}

TEST_CASE_FIXTURE(kernel_case, "socket lookups run in the order they were attached") {
    sandbox::network const net;
    lookup const a{pass, sk_lookup};
    lookup const b{pass, sk_lookup};
    auto const name_space = open_namespace();
    bl::hook::netns const where{name_space, sk_lookup};
    auto const on_b = must(bl::attach(b, where));
    auto const on_a = must(bl::attach(a, where));
    CHECK(programs_on(where) == std::vector{id_of_program(b.fd()), id_of_program(a.fd())});
    std::vector<bl::netns_link> links;
    for (int i = 2; i != 64; ++i)
        links.push_back(must(bl::attach(a, where)));
    auto const one_more = bl::attach(a, where);
    REQUIRE_FALSE(one_more);
    CHECK(one_more.error().code().value() == E2BIG);
    CHECK(one_more.error().message().find("64 programs") != std::string::npos);
    CHECK(programs_on(where).size() == 64);
}

TEST_CASE_FIXTURE(kernel_case, "what is no network namespace is said to be none") {
    sandbox::network const net;
    dissector const a{0};
    bl::unique_fd const other{::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
    auto const check = [&](bl::fd_view fd, std::string_view word) {
        bl::hook::netns const where{fd, flow_dissector};
        check_error(bl::attach(a, where), bl::errc::invalid_argument, {word});
        check_error(bl::query(where), bl::errc::invalid_argument, {word});
    };
    check(other, "not a network namespace's");
    check(a.fd(), "not a network namespace's");
    check(bl::fd_view{987'654}, "descriptor 987654 is not open");
    check(bl::fd_view{}, "is not open");
}

// E22
TEST_CASE_FIXTURE(kernel_case, "a file for a program is not blamed on the network namespace") {
    sandbox::network const net;
    auto const name_space = open_namespace();
    held_as<bl::program_type::flow_dissector> pretended{
        bl::unique_fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}};
    bl::hook::netns const where{name_space, flow_dissector};
    check_error(bl::attach(pretended, where), bl::errc::invalid_argument, {"is not a BPF program"});
    pretended.owned = load_constant(bl::program_type::sched_cls, {}, 0);
    check_error(bl::attach(pretended, where), bl::errc::invalid_argument,
                {"of type sched_cls, and flow_dissector or sk_lookup is needed"});
}

TEST_CASE_FIXTURE(kernel_case, "a flow dissector without a link is told from other namespaces'") {
    sandbox::network const net;
    dissector const a{0};
    dissector const b{0};
    auto const name_space = open_namespace();
    REQUIRE(::bpf_prog_attach(a.fd().get(), 0, BPF_FLOW_DISSECTOR, 0) == 0);
    check_error(bl::attach(b, bl::hook::netns{name_space, flow_dissector}), bl::errc::hook_busy,
                {"EEXIST", "program " + std::to_string(id_of_program(a.fd()).value()) +
                               " is there without a link"});
    REQUIRE(::bpf_prog_detach2(a.fd().get(), 0, BPF_FLOW_DISSECTOR) == 0);
}
