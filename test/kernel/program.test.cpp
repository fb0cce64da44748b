// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <limits>
#include <string>

#include <bpf/bpf.h>
#include <fcntl.h>

namespace bl = bpflink;

namespace {

/// A class that a service might have.
struct own {
    static constexpr bl::program_type type = bl::program_type::xdp;
    int descriptor;
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{descriptor}; }
};

bl::unique_fd copy_of(int fd) {
    return bl::unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a reference to a loaded program knows its type and attach type") {
    programs const p{"connect4_a"};
    auto const ref = must(programs::connect_ref::from(p.get("connect4_a")));
    CHECK(ref.fd().get() == p.fd("connect4_a"));
    CHECK(ref.expected_attach_type() == bl::attach_type::cgroup_inet4_connect);
    auto const by_fd = must(programs::connect_ref::from_fd(bl::fd_view{p.fd("connect4_a")}));
    CHECK(by_fd.fd() == ref.fd());
    CHECK_FALSE(by_fd.expected_attach_type());
}

TEST_CASE_FIXTURE(kernel_case, "a reference of the wrong type names both types") {
    programs const p{"connect4_a"};
    check_error(programs::xdp_ref::from(p.get("connect4_a")), bl::errc::invalid_argument,
                {"run_connect4_a", "cgroup_sock_addr", "xdp"});
    check_error(programs::xdp_ref::from_fd(bl::fd_view{p.fd("connect4_a")}),
                bl::errc::invalid_argument,
                {"program " + std::to_string(p.id("connect4_a")), "cgroup_sock_addr", "xdp"});
}

TEST_CASE_FIXTURE(kernel_case, "a reference to no program is refused") {
    programs const p{"xdp_a"};
    check_error(programs::xdp_ref::from(nullptr), bl::errc::invalid_argument, {"null"});
    check_error(programs::xdp_ref::from(p.get("xdp_b")), bl::errc::invalid_argument,
                {"run_xdp_b", "not loaded"});
    auto const map = make_map();
    check_error(programs::xdp_ref::from_fd(map), bl::errc::invalid_argument, {"not a BPF program"});
    check_error(programs::xdp_ref::from_fd(bl::fd_view{}), bl::errc::invalid_argument, {"EBADF"});
    check_error(programs::xdp_ref::from_fd(bl::fd_view{987'654}), bl::errc::invalid_argument,
                {"EBADF", "987654"});
}

TEST_CASE_FIXTURE(kernel_case, "a program opens by id, with its type known at run time") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const prog = must(bl::program::from_id(p.program_id("xdp_a")));
    CHECK(prog.id() == p.program_id("xdp_a"));
    CHECK(prog.type() == bl::program_type::xdp);
    CHECK((::fcntl(prog.fd().get(), F_GETFD) & FD_CLOEXEC) != 0);

    auto const l = must(bl::attach(must(prog.as<bl::program_type::xdp>()),
                                   bl::hook::xdp{.ifindex = net.loopback()}));
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(2); }) == 2);

    check_error(prog.as<bl::program_type::cgroup_skb>(), bl::errc::invalid_argument,
                {"program " + std::to_string(p.id("xdp_a")), "xdp", "cgroup_skb"});
    check_error(bl::program::from_id(bl::program_id{0}), bl::errc::not_found);
    check_error(bl::program::from_id(bl::program_id{std::numeric_limits<unsigned>::max()}),
                bl::errc::not_found, {"prog_get_fd_by_id", "ENOENT"});
}

TEST_CASE_FIXTURE(kernel_case, "a program opens by its pin, and nothing else does") {
    sandbox::bpffs const fs;
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const map = make_map();
    REQUIRE(::bpf_obj_pin(p.fd("xdp_a"), (fs.path() / "program").c_str()) == 0);
    REQUIRE(::bpf_obj_pin(map.get(), (fs.path() / "map").c_str()) == 0);
    REQUIRE(::bpf_obj_pin(l.fd().get(), (fs.path() / "link").c_str()) == 0);

    auto const prog = must(bl::program::load_pinned(fs.path() / "program"));
    CHECK(prog.id() == p.program_id("xdp_a"));
    check_error(bl::program::load_pinned(fs.path() / "map"), bl::errc::invalid_argument,
                {"not a BPF program"});
    check_error(bl::program::load_pinned(fs.path() / "link"), bl::errc::invalid_argument);
    check_error(bl::program::load_pinned(fs.path() / "none"), bl::errc::not_found,
                {fs.path() / "none"});
    check_error(bl::program::load_pinned("/proc/self/status"), bl::errc::invalid_argument,
                {"/proc/self/status", "not on a bpffs"});
    check_error(bl::program::load_pinned(""), bl::errc::invalid_argument, {"empty"});
}

TEST_CASE_FIXTURE(kernel_case, "a program takes over a program's descriptor only") {
    programs const p{"xdp_a"};
    auto fd = copy_of(p.fd("xdp_a"));
    int const number = fd.get();
    auto const prog = must(bl::program::from_fd(std::move(fd)));
    CHECK(prog.fd().get() == number);
    CHECK(prog.id() == p.program_id("xdp_a"));

    auto map = make_map();
    int const of_map = map.get();
    check_error(bl::program::from_fd(std::move(map)), bl::errc::invalid_argument,
                {"not a BPF program"});
    CHECK(map.get() == of_map);
    CHECK(::fcntl(of_map, F_GETFD) >= 0);
    bl::unique_fd file{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
    check_error(bl::program::from_fd(std::move(file)), bl::errc::invalid_argument);
    CHECK(file);
}

TEST_CASE_FIXTURE(kernel_case, "a map's reference is to a map") {
    programs const p{"iter_tasks"};
    CHECK(must(bl::map_ref::from(p.map("elements"))).fd());
    check_error(bl::map_ref::from(nullptr), bl::errc::invalid_argument, {"null"});
    auto const map = make_map();
    CHECK(must(bl::map_ref::from_fd(map)).fd() == bl::fd_view{map});
    check_error(bl::map_ref::from_fd(bl::fd_view{p.fd("iter_tasks")}), bl::errc::invalid_argument,
                {"not a BPF map"});
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    check_error(bl::map_ref::from_fd(l.fd()), bl::errc::invalid_argument, {"not a BPF map"});
    check_error(bl::map_ref::from_fd(bl::fd_view{987'654}), bl::errc::invalid_argument, {"EBADF"});
}

TEST_CASE_FIXTURE(kernel_case, "a service's own class of program attaches") {
    sandbox::network net;
    programs const p{"xdp_a"};
    own const prog{p.fd("xdp_a")};
    auto l = must(bl::attach(prog, bl::hook::xdp{.ifindex = net.loopback()}));
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(2); }) == 2);
    must(l.update(prog));

    must(l.detach());
    check_error(bl::attach(own{-1}, bl::hook::xdp{.ifindex = net.loopback()}),
                bl::errc::invalid_argument, {"EBADF"});
}
