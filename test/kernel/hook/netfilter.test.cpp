// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <limits>
#include <system_error>

namespace bl = bpflink;

namespace {

using filter = constant_program<bl::program_type::netfilter>;

constexpr int drop = 0; // NF_DROP, NF_ACCEPT
constexpr int accept = 1;
constexpr auto type = bl::attach_type::netfilter;

constexpr bl::hook::netfilter outgoing{.protocol_family = bl::protocol_family::ipv4,
                                       .hook = bl::netfilter_hook::local_out,
                                       .priority = -128};

/// Otherwise the case is skipped.
bool has_netfilter() {
    return loads(bl::program_type::netfilter, type);
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a netfilter link tells its hook and detaches, but has no state") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    run_statistics const statistics;
    filter const prog{accept, type};
    auto l = must(bl::attach(prog, outgoing));
    CHECK(must(l.info()).type == bl::link_type::netfilter);
    CHECK(must(l.info()).program == id_of_program(prog.fd()));
    auto const details = must(l.details());
    CHECK(details.protocol_family == bl::protocol_family::ipv4);
    CHECK(details.hook == bl::netfilter_hook::local_out);
    CHECK(details.priority == -128);
    CHECK(details.defragment == false);
    auto const send = [&] { net.send_to_loopback(3); };
    CHECK(statistics.runs_during(prog, send) == 3);
    bl::link untyped = std::move(l);
    check_error(untyped.update(prog), bl::errc::not_supported, {"(netfilter)"});

    CHECK(untyped.state() == bl::link_state::unknown);
    must(untyped.detach());
    CHECK(statistics.runs_during(prog, send) == 0);
    CHECK(untyped.state() == bl::link_state::unknown); // the kernel does not tell
}

TEST_CASE_FIXTURE(kernel_case, "a netfilter program drops what its hook sees") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    filter const prog{drop, type};
    auto where = outgoing;
    {
        auto const l = must(bl::attach(prog, where));
        CHECK_THROWS_AS(net.send_to_loopback(1), std::system_error);
        where.protocol_family = bl::protocol_family::ipv6;
    }
    net.send_to_loopback(1); // the link is gone with its handle
    auto const of_others = must(bl::attach(prog, where));
    CHECK(must(of_others.details()).protocol_family == bl::protocol_family::ipv6);
    net.send_to_loopback(1);
}

TEST_CASE_FIXTURE(kernel_case, "every netfilter hook is attached to by its name") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    filter const prog{accept, type};
    auto where = outgoing;
    for (unsigned number = 0; number != 5; ++number) {
        where.hook = static_cast<bl::netfilter_hook>(number);
        auto const l = must(bl::attach(prog, where));
        CHECK(must(l.details()).hook == where.hook);
    }
    where.hook = static_cast<bl::netfilter_hook>(5);
    check_error(bl::attach(prog, where), bl::errc::invalid_argument, {"hook 5", "no such hook"});
}

TEST_CASE_FIXTURE(kernel_case, "a netfilter link that defragments says so") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    filter const prog{accept, type};
    auto where = outgoing;
    where.defragment = true;
    auto const l = bl::attach(prog, where);
    if (!l && l.error() == bl::errc::not_supported) return skip_unsupported(l.error());
    REQUIRE_MESSAGE(l, l.error().message());
    CHECK(must(l->details()).defragment);
    where.priority = -400;
    check_error(bl::attach(prog, where), bl::errc::invalid_argument,
                {"ERANGE", "at priority -400"});
    where.defragment = false;
    // That is where the kernel's own hook puts them together by now.
    check_error(bl::attach(prog, where), bl::errc::hook_busy, {"priority -400", "take another"});
    where.priority = -401;
    CHECK(bl::attach(prog, where));
}

TEST_CASE_FIXTURE(kernel_case, "a program at -400 leaves room for the kernel's own hook there") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    filter const prog{accept, type};
    auto where = outgoing;
    where.hook = bl::netfilter_hook::prerouting; // where fragments are put together
    where.priority = -400;
    auto const before = must(bl::attach(prog, where));
    where.priority = 0;
    where.defragment = true;
    auto const l = bl::attach(prog, where);
    if (!l && l.error() == bl::errc::not_supported) return skip_unsupported(l.error());
    CHECK_MESSAGE(l, l.error().message());
}

TEST_CASE_FIXTURE(kernel_case, "a netfilter hook has one program a priority") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    filter const a{accept, type};
    filter const b{accept, type};
    auto const on_a = must(bl::attach(a, outgoing));
    check_error(bl::attach(b, outgoing), bl::errc::hook_busy, {"priority -128", "take another"});
    auto where = outgoing;
    where.priority = -127;
    CHECK(bl::attach(b, where));
    for (auto const priority :
         {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
        where.priority = priority;
        check_error(bl::attach(b, where), bl::errc::invalid_argument, {"ERANGE", "kernel's own"});
    }
    where = outgoing;
    where.protocol_family = static_cast<bl::protocol_family>(1); // NFPROTO_INET
    check_error(bl::attach(b, where), bl::errc::invalid_argument, {"EAFNOSUPPORT", "family 1"});
}

// E21
TEST_CASE_FIXTURE(kernel_case, "a kernel with netfilter links is not said to have none") {
    sandbox::network const net;
    if (!has_netfilter()) return;
    held_as<bl::program_type::netfilter> const pretended{
        load_constant(bl::program_type::xdp, {}, 2)};
    check_error(bl::attach(pretended, outgoing), bl::errc::invalid_argument,
                {"of type xdp, and netfilter is needed"});
}
