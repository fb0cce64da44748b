// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using classifier = constant_program<bl::program_type::sched_cls>;

constexpr int go_on = -1; // TCX_NEXT
constexpr int pass = 0;   // TCX_PASS: the packet goes on, and no other program runs
constexpr auto ingress = bl::attach_type::tcx_ingress;
constexpr auto egress = bl::attach_type::tcx_egress;

/// Otherwise the case is skipped.
bool has_tcx(sandbox::network const& net) {
    auto const l =
        bl::attach(classifier{go_on}, bl::hook::tcx{.ifindex = net.loopback(), .attach = ingress});
    if (l || !(l.error() == bl::errc::not_supported)) return true;
    skip_unsupported(l.error());
    return false;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a tcx link runs, swaps its program and tells its interface") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    run_statistics const statistics;
    classifier const a{go_on};
    classifier const b{go_on};
    auto const send = [&] { net.send_to_loopback(3); };
    bl::hook::tcx where{.ifindex = net.loopback(), .attach = ingress};
    SUBCASE("ingress") {
    }
    SUBCASE("egress") {
        where.attach = egress;
    }
    auto l = must(bl::attach(a, where));
    CHECK(must(l.info()).type == bl::link_type::tcx);
    CHECK(must(l.details()).ifindex == net.loopback());
    CHECK(must(l.details()).attach == where.attach);
    CHECK(statistics.runs_during(a, send) == 3);

    must(l.update(b, bl::expecting(a)));
    CHECK(statistics.runs_during(b, send) == 3);
    CHECK(statistics.runs(a) == 3);
    CHECK(must(l.info()).program == id_of_program(b.fd()));
    check_error(l.update(a, bl::expecting(a)), bl::errc::program_mismatch);

    must(l.detach());
    CHECK(statistics.runs_during(b, send) == 0);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).ifindex == bl::ifindex{0});
    must(l.detach());
    check_error(l.update(a), bl::errc::defunct, {"(tcx)"});
}

TEST_CASE_FIXTURE(kernel_case, "a tcx hook takes a program once") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    classifier const a{go_on};
    classifier const b{go_on};
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = ingress};
    auto const on_a = must(bl::attach(a, where));
    check_error(bl::attach(a, where), bl::errc::already_exists, {"interface 1", "takes it once"});
    auto on_b = must(bl::attach(b, where));
    check_error(on_b.update(a), bl::errc::already_exists, {"(tcx)"});
    CHECK(must(on_b.info()).program == id_of_program(b.fd()));
    CHECK(bl::attach(a, bl::hook::tcx{.ifindex = net.loopback(), .attach = egress}));
}

TEST_CASE_FIXTURE(kernel_case, "a tcx program goes where its order says") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    check_places<bl::program_type::sched_cls>(
        bl::hook::tcx{.ifindex = net.loopback(), .attach = egress}, go_on, true);
}

TEST_CASE_FIXTURE(kernel_case, "a tcx program that ends the walk keeps later ones from running") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    run_statistics const statistics;
    classifier const a{go_on};
    classifier const end{pass};
    auto const send = [&] { net.send_to_loopback(3); };
    bl::hook::tcx where{.ifindex = net.loopback(), .attach = ingress};
    auto const on_a = must(bl::attach(a, where));
    where.order = bl::order::last();
    auto behind = must(bl::attach(end, where));
    CHECK(statistics.runs_during(a, send) == 3);
    CHECK(statistics.runs(end) == 3);
    must(behind.close());
    where.order = bl::order::before(on_a);
    auto const in_front = must(bl::attach(end, where));
    CHECK(statistics.runs_during(a, send) == 0);
    CHECK(statistics.runs(end) == 6);
}

TEST_CASE_FIXTURE(kernel_case, "a tcx hook compares its revision") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    check_revisions<bl::program_type::sched_cls>(
        bl::hook::tcx{.ifindex = net.loopback(), .attach = ingress}, go_on);
}

TEST_CASE_FIXTURE(kernel_case, "an order that names what is not there is refused with the reason") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    classifier const a{go_on};
    classifier const b{go_on};
    programs const p{"xdp_a"};
    bl::hook::tcx where{.ifindex = net.loopback(), .attach = ingress};
    auto const elsewhere =
        must(bl::attach(b, bl::hook::tcx{.ifindex = net.loopback(), .attach = egress}));
    auto const xdp = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{net.loopback()}));
    bl::link const empty;
    auto const check = [&](bl::order order, bl::errc condition, std::string_view word) {
        where.order = order;
        check_error(bl::attach(a, where), condition, {word});
    };
    check(bl::order::before(elsewhere), bl::errc::not_found, "the order names");
    check(bl::order::after(b), bl::errc::not_found, "the order names");
    check(bl::order::after(bl::link_id{0x7fff'fff0}), bl::errc::not_found, "is gone");
    check(bl::order::after(bl::program_id{0x7fff'fff0}), bl::errc::not_found, "is gone");
    check(bl::order::before(xdp), bl::errc::invalid_argument, "a link of type xdp");
    check(bl::order::before(must(xdp.info()).id), bl::errc::invalid_argument, "a link of type xdp");
    check(bl::order::before(p.xdp("xdp_a")), bl::errc::invalid_argument, "a program of type xdp");
    check(bl::order::before(empty), bl::errc::invalid_argument, "is not open");
    struct {
        bl::unique_fd const map = make_map();
        [[nodiscard]] bl::fd_view fd() const { return map; }
    } const pretended;
    check(bl::order::before(pretended), bl::errc::invalid_argument,
          ", not a program, and one of sched_cls");
    CHECK(programs_on(bl::hook::tcx{.ifindex = net.loopback(), .attach = ingress}).empty());
}

TEST_CASE_FIXTURE(kernel_case, "a program at descriptor 0 is a neighbour like another") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    classifier const a{go_on};
    classifier const b{go_on};
    classifier const c{go_on};
    bl::hook::tcx where{.ifindex = net.loopback(), .attach = ingress};
    auto const on_a = must(bl::attach(a, where));
    auto const on_b = must(bl::attach(b, where));
    standard_input_is const input{b.fd()};
    struct {
        bl::fd_view fd() const { return bl::fd_view{0}; }
    } const zero;
    where.order = bl::order::before(zero);
    auto const on_c = must(bl::attach(c, where));
    CHECK(programs_on(where) ==
          std::vector{id_of_program(a.fd()), id_of_program(c.fd()), id_of_program(b.fd())});
}

// E14
TEST_CASE_FIXTURE(kernel_case, "a link at descriptor 0 is a neighbour like another") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    classifier const a{go_on};
    classifier const b{go_on};
    classifier const c{go_on};
    bl::hook::tcx where{.ifindex = net.loopback(), .attach = ingress};
    auto const on_a = must(bl::attach(a, where));
    auto const on_b = must(bl::attach(b, where));
    standard_input_is const input{on_b.fd()};
    auto const zero = must(bl::tcx_link::from_fd(bl::unique_fd{0}));
    where.order = bl::order::before(zero);
    auto const on_c = must(bl::attach(c, where));
    CHECK(programs_on(where) ==
          std::vector{id_of_program(a.fd()), id_of_program(c.fd()), id_of_program(b.fd())});
}

TEST_CASE_FIXTURE(kernel_case, "a tcx link is defunct when its device is removed") {
    sandbox::network net;
    if (!has_tcx(net)) return;
    std::optional<sandbox::network::veth> pair;
    try {
        pair = net.add_veth();
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        return skip_case(std::string{"no veth driver: "} + e.what());
    }
    classifier const a{go_on};
    auto l = must(bl::attach(a, bl::hook::tcx{.ifindex = pair->here, .attach = ingress}));
    net.remove(pair->here);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).ifindex == bl::ifindex{0});
    check_error(l.update(a), bl::errc::defunct, {"device"});
    must(l.detach());
}

TEST_CASE_FIXTURE(kernel_case, "tcx is refused where there is no interface") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    classifier const a{go_on};
    for (auto const index : {0U, 4711U, std::numeric_limits<unsigned>::max()})
        check_error(bl::attach(a, bl::hook::tcx{.ifindex = bl::ifindex{index}, .attach = ingress}),
                    bl::errc::not_found,
                    {"interface " + std::to_string(index), "no such interface"});
}

TEST_CASE_FIXTURE(kernel_case, "the 64th program on a tcx hook is refused with the number") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = ingress};
    std::vector<bl::tcx_link> links;
    for (int i = 0; i != 63; ++i)
        links.push_back(must(bl::attach(classifier{go_on}, where)));
    auto const one_more = bl::attach(classifier{go_on}, where);
    REQUIRE_FALSE(one_more);
    CHECK(one_more.error().code().value() == ERANGE);
    CHECK(one_more.error().message().find("63 programs") != std::string::npos);
    CHECK(programs_on(where).size() == 63);
}

// E21
TEST_CASE_FIXTURE(kernel_case,
                  "a kernel with tcx is not said to lack it for a program of another type") {
    sandbox::network const net;
    if (!has_tcx(net)) return;
    held_as<bl::program_type::sched_cls> const pretended{
        load_constant(bl::program_type::xdp, {}, 2)};
    check_error(bl::attach(pretended, bl::hook::tcx{.ifindex = net.loopback(), .attach = ingress}),
                bl::errc::invalid_argument, {"of type xdp, and sched_cls is needed"});
}
