// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/program_ref.hpp>

#include <string>

using xdp_ref = bl::program_ref<bl::program_type::xdp>;

TEST_CASE_FIXTURE(machine, "libbpf's program is borrowed without a system call") {
    auto const fd = open(add_program(bl::program_type::xdp));
    bpf_program const loaded{"pass", bl::program_type::xdp, bl::attach_type::xdp_devmap, fd.get()};
    auto const ref = xdp_ref::from(&loaded);
    REQUIRE(succeeded(ref));
    CHECK(ref->fd() == bl::fd_view{fd});
    CHECK(ref->expected_attach_type() == bl::attach_type::xdp_devmap);
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(machine, "libbpf's program of another type is refused with both types named") {
    bpf_program const loaded{"pass", bl::program_type::kprobe, {}, 5};
    check_error(xdp_ref::from(&loaded), EINVAL, bl::operation::prog_get_info,
                bl::errc::invalid_argument, {"program 'pass'", "kprobe", "xdp"});
}

TEST_CASE_FIXTURE(machine, "a null pointer and a program that is not loaded are refused") {
    auto const null = xdp_ref::from(nullptr);
    check_error(null, EINVAL, bl::operation::prog_get_info, bl::errc::invalid_argument,
                {"null pointer"});
    bpf_program const not_loaded{"pass", bl::program_type::xdp, {}, -ENOENT};
    check_error(xdp_ref::from(&not_loaded), ENOENT, bl::operation::prog_get_info,
                bl::errc::invalid_argument, {"program 'pass'", "not loaded"});
}

TEST_CASE_FIXTURE(machine, "a descriptor's program is borrowed once its type is checked") {
    auto const fd = open(add_program(bl::program_type::xdp));
    auto const ref = xdp_ref::from_fd(fd);
    REQUIRE(succeeded(ref));
    CHECK(ref->fd() == bl::fd_view{fd});
    CHECK_FALSE(ref->expected_attach_type().has_value()); // the kernel does not say
    CHECK(is_open(fd.get()));
    CHECK(open_descriptors().size() == 1);
}

TEST_CASE_FIXTURE(machine, "a descriptor's program of another type is refused with both named") {
    auto& prog = add_program(bl::program_type::sched_cls);
    auto const fd = open(prog);
    check_error(xdp_ref::from_fd(fd), EINVAL, bl::operation::prog_get_info,
                bl::errc::invalid_argument,
                {"program " + std::to_string(prog.id), "sched_cls", "xdp"});
    CHECK(is_open(fd.get()));
}

TEST_CASE_FIXTURE(machine, "what is no program is refused") {
    auto const link = open(add_link({.type = bl::link_type::xdp}));
    auto const map = open(add_map());
    auto const btf = open_btf();
    auto const file = open_file();
    for (bl::fd_view const fd :
         {bl::fd_view{link}, bl::fd_view{map}, bl::fd_view{btf}, bl::fd_view{file}}) {
        check_error(xdp_ref::from_fd(fd), EINVAL, bl::operation::prog_get_info,
                    bl::errc::invalid_argument, {"not a BPF program"});
        CHECK(is_open(fd.get()));
    }
    check_error(xdp_ref::from_fd(bl::fd_view{99}), EBADF, bl::operation::identify,
                bl::errc::invalid_argument, {"descriptor 99"});
}

TEST_CASE_FIXTURE(machine, "a program that the kernel will not describe is an error") {
    auto const fd = open(add_program(bl::program_type::xdp));
    fail(call::obj_get_info, EPERM);
    check_error(xdp_ref::from_fd(fd), EPERM, bl::operation::prog_get_info,
                bl::errc::permission_denied);
}

// E10
TEST_CASE_FIXTURE(machine,
                  "the attach type of a cgroup_skb program is known by number or section") {
    auto const fd = open(add_program(bl::program_type::cgroup_skb));
    auto const expected = [&](bl::attach_type number, char const* section) {
        bpf_program const loaded{"count", bl::program_type::cgroup_skb, number, fd.get(), section};
        auto const ref = bl::program_ref<bl::program_type::cgroup_skb>::from(&loaded);
        return ref->expected_attach_type();
    };
    using enum bl::attach_type;
    CHECK(expected(cgroup_inet_egress, "cgroup_skb/egress") == cgroup_inet_egress);
    CHECK(expected(cgroup_inet_ingress, "cgroup_skb/ingress") == cgroup_inet_ingress);
    CHECK_FALSE(expected({}, "cgroup/skb")); // libbpf's 0 for either direction
    CHECK_FALSE(expected({}, ".text"));
}

// E10
TEST_CASE_FIXTURE(machine, "a program that was loaded for no attach type has none") {
    auto const fd = open(add_program(bl::program_type::kprobe));
    bpf_program const probe{"count", bl::program_type::kprobe, {}, fd.get(), "kprobe"};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&probe);
    REQUIRE(succeeded(ref));
    CHECK_FALSE(ref->expected_attach_type());
    CHECK(bl::detail::borrow(*ref).loaded_for_none);
    CHECK_FALSE(bl::detail::borrow(*bl::program_ref<bl::program_type::kprobe>::from_fd(fd))
                    .loaded_for_none);
    // The kernel makes another of it.
    bpf_program const sock{"sock", bl::program_type::cgroup_sock, {}, fd.get(), "cgroup/sock"};
    CHECK(bl::program_ref<bl::program_type::cgroup_sock>::from(&sock)->expected_attach_type() ==
          bl::attach_type::cgroup_inet_sock_create);
}

// E27
TEST_CASE_FIXTURE(machine, "borrowing costs what its comment says") {
    auto const fd = open(add_program(bl::program_type::xdp));
    forget_calls();
    REQUIRE(succeeded(xdp_ref::from_fd(fd)));
    CHECK(system_calls() == 4);
}
