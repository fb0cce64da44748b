// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"
#include "sockets.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>

#include <bpf/bpf.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using on_received = constant_program<bl::program_type::sk_skb>;
using on_sent = constant_program<bl::program_type::sk_msg>;

constexpr int drop = 0; // SK_DROP, SK_PASS
constexpr int pass = 1;

/// Whether the kernel has links of sockmaps; otherwise the case is skipped.
template <class Program>
bool has_links(attach_type attach) {
    if (!loads(Program::type, attach)) return false;
    tiny_sockmap const map;
    auto const l = bl::attach(Program{pass, attach}, bl::hook::sockmap{map.ref, attach});
    if (l || !(l.error() == bl::errc::not_supported)) return true;
    skip_unsupported(l.error());
    return false;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a sockmap link tells its map until it is detached") {
    constexpr auto verdict = attach_type::sk_skb_verdict;
    if (!has_links<on_received>(verdict)) return;
    tiny_sockmap const map;
    bl::hook::sockmap const where{.map = map.ref, .attach = verdict};
    on_received const a{pass, verdict};
    on_received const b{pass, verdict};
    auto l = must(bl::attach(a, where));
    CHECK(must(l.info()).type == bl::link_type::sockmap);
    CHECK(must(l.details()).map == map.id());
    CHECK(must(l.details()).attach == verdict);
    CHECK(l.state() == bl::link_state::attached);
    CHECK(programs_on(where) == std::vector{id_of_program(a.fd())});

    must(l.update(b, bl::expecting(a)));
    check_error(l.update(a, bl::expecting(a)), bl::errc::program_mismatch);
    CHECK(programs_on(where) == std::vector{id_of_program(b.fd())});
    check_error(
        bl::attach(a, where), bl::errc::hook_busy,
        {"EBUSY", "program " + std::to_string(id_of_program(b.fd()).value()) + " is there"});

    must(l.detach());
    CHECK(l.state() == bl::link_state::defunct);
    CHECK_FALSE(must(l.details()).map);
    CHECK(programs_on(where).empty());
    CHECK(bl::attach(a, where));
}

TEST_CASE_FIXTURE(kernel_case, "a sockmap takes a stream's parser beside its verdict") {
    constexpr auto parser = attach_type::sk_skb_stream_parser;
    constexpr auto verdict = attach_type::sk_skb_stream_verdict;
    if (!has_links<on_received>(parser)) return;
    tiny_sockmap const map;
    on_received const parses{pass, parser};
    on_received const decides{pass, verdict};
    auto l = must(bl::attach(parses, bl::hook::sockmap{.map = map.ref, .attach = parser}));
    auto const other =
        must(bl::attach(decides, bl::hook::sockmap{.map = map.ref, .attach = verdict}));
    CHECK(must(l.details()).attach == parser);
    CHECK(must(other.details()).attach == verdict);
    on_received const all{pass, attach_type::sk_skb_verdict};
    bl::hook::sockmap const whole{.map = map.ref, .attach = attach_type::sk_skb_verdict};
    check_error(bl::attach(all, whole), bl::errc::hook_busy, {"the other kind of verdict"});
    check_error(bl::query(whole), bl::errc::hook_busy, {"the other kind of verdict"});
    must(l.close());
    CHECK(other.state() == bl::link_state::attached);
}

TEST_CASE_FIXTURE(kernel_case, "a sockmap's verdict runs on what its sockets receive") {
    constexpr auto verdict = attach_type::sk_skb_verdict;
    if (!has_links<on_received>(verdict)) return;
    sandbox::network const net;
    run_statistics const statistics;
    tiny_sockmap const map;
    on_received const a{pass, verdict};
    on_received const b{pass, verdict};
    auto l = must(bl::attach(a, bl::hook::sockmap{map.ref, verdict}));
    // A socket takes the programs over that are there when it is put into the map.
    connection const first;
    map.put(first.server);
    first.send();
    CHECK(eventually([&] { return statistics.runs(a) == 1; }));
    char byte = 0;
    CHECK(::read(first.server.get(), &byte, 1) == 1);
    CHECK(byte == 'x');

    must(l.update(b));
    connection const second;
    map.put(second.server);
    second.send();
    CHECK(eventually([&] { return statistics.runs(b) == 1; }));
    CHECK(statistics.runs(a) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "a sockmap's verdict on messages runs when its sockets send") {
    constexpr auto verdict = attach_type::sk_msg_verdict;
    if (!has_links<on_sent>(verdict)) return;
    sandbox::network const net;
    run_statistics const statistics;
    tiny_sockmap const map;
    on_sent const a{pass, verdict};
    on_sent const b{drop, verdict};
    auto l = must(bl::attach(a, bl::hook::sockmap{map.ref, verdict}));
    connection const first;
    map.put(first.client);
    CHECK(statistics.runs_during(a, [&] { first.send(); }) == 1);

    must(l.update(b, bl::expecting(a)));
    connection const second;
    map.put(second.client);
    CHECK(::write(second.client.get(), "x", 1) == -1);
    CHECK(errno == EACCES);
    CHECK(statistics.runs(b) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "another map than a sockmap is refused by its type") {
    constexpr auto verdict = attach_type::sk_skb_verdict;
    if (!loads(bl::program_type::sk_skb, verdict)) return;
    auto const array = make_map();
    bl::hook::sockmap const where{must(bl::map_ref::from_fd(array)), verdict};
    check_error(bl::attach(on_received{pass, verdict}, where), bl::errc::invalid_argument,
                {"neither a sockmap"});
    check_error(bl::query(where), bl::errc::invalid_argument, {"neither a sockmap"});
}
