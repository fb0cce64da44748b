// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cstring>
#include <optional>
#include <string>
#include <system_error>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

bl::hook::raw_tracepoint const sys_enter{.name = "sys_enter"};

/// Whether this kernel writes a tracepoint link's cookie into its info: asked without the library,
/// with bytes that the kernel would have to overwrite.
bool kernel_reports_cookies(bl::fd_view link) {
    struct {
        unsigned type, id, program, padding;
        std::uint64_t name;
        unsigned name_length, more_padding;
        std::uint64_t cookie;
        unsigned char rest[24];
    } info{};
    std::uint64_t const marker = 0x1122'3344'5566'7788;
    info.cookie = marker;
    struct {
        std::uint32_t fd, length;
        std::uint64_t info;
    } const attributes{static_cast<std::uint32_t>(link.get()), sizeof info,
                       reinterpret_cast<std::uintptr_t>(&info)};
    constexpr int get_info = 15;
    if (::syscall(SYS_bpf, get_info, &attributes, sizeof attributes) < 0) return false;
    return info.cookie != marker;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a raw tracepoint link runs its program until it closes") {
    programs const p{"sys_enter_a"};
    auto const call = [] { call_the_kernel(10); };
    CHECK(p.runs_during("sys_enter_a", call) == 0);
    auto l = must(bl::attach(p.tracepoint("sys_enter_a"), sys_enter));
    CHECK(p.runs_during("sys_enter_a", call) >= 10);
    CHECK(l.state() == bl::link_state::attached);
    auto const id = must(l.info()).id;
    must(l.close());
    CHECK(is_gone(id));
    CHECK(p.runs_during("sys_enter_a", call) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a raw tracepoint link's info tells its name") {
    programs const p{"sys_enter_a"};
    auto const l = must(bl::attach(p.tracepoint("sys_enter_a"), sys_enter));
    auto const info = must(l.info());
    CHECK(info.type == bl::link_type::raw_tracepoint);
    CHECK(info.program == p.program_id("sys_enter_a"));
    CHECK(must(l.details()).name == "sys_enter");
    auto const cookie = must(l.details()).cookie;
    if (!kernel_reports_cookies(l.fd())) {
        CHECK_FALSE(cookie);
        return skip_part("the kernel does not report the cookie of a tracepoint's link");
    }
    REQUIRE(cookie);
    CHECK(*cookie == bl::cookie{0}); // attached without one
}

TEST_CASE_FIXTURE(kernel_case, "a raw tracepoint's program reads the cookie of its link") {
    std::optional<programs> p;
    try {
        p.emplace(std::initializer_list<std::string_view>{"sys_enter_cookie"});
    } catch (std::system_error const& e) {
        return skip_case(std::string{"the kernel has no cookies for raw tracepoints: "} + e.what());
    }
    constexpr bl::cookie cookie{0x0123'4567'89ab'cdefULL};
    auto const l =
        must(bl::attach(p->tracepoint("sys_enter_cookie"),
                        bl::hook::raw_tracepoint{.name = "sys_enter", .cookie = cookie}));
    CHECK(p->runs_during("sys_enter_cookie", [] { call_the_kernel(10); }) >= 10);
    std::uint32_t const where = 0;
    std::uint64_t seen = 0;
    REQUIRE(::bpf_map_lookup_elem(::bpf_map__fd(p->map("elements")), &where, &seen) == 0);
    CHECK(seen == cookie.value());

    auto const details = must(l.details());
    CHECK(details.name == "sys_enter");
    if (!kernel_reports_cookies(l.fd()))
        return skip_part("the kernel does not report the cookie of a tracepoint's link");
    REQUIRE(details.cookie);
    CHECK(*details.cookie == cookie);
}

TEST_CASE_FIXTURE(kernel_case, "a raw tracepoint link can be neither updated nor detached") {
    programs const p{"sys_enter_a"};
    bl::link l = must(bl::attach(p.tracepoint("sys_enter_a"), sys_enter));
    check_error(l.update(p.tracepoint("sys_enter_a")), bl::errc::not_supported,
                {"link_update", "raw_tracepoint", "attach the new program"});
    check_error(l.update(p.tracepoint("sys_enter_a"), bl::expecting(p.tracepoint("sys_enter_a"))),
                bl::errc::not_supported);
    check_error(l.detach(), bl::errc::not_supported, {"link_detach", "raw_tracepoint"});
    CHECK(l.state() == bl::link_state::attached);
    CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10);
}

TEST_CASE_FIXTURE(kernel_case, "a tracepoint that the kernel does not have is named") {
    programs const p{"sys_enter_a"};
    auto const attach = [&](std::string_view name) {
        return bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{.name = name});
    };
    check_error(attach("no_such_tracepoint"), bl::errc::not_found,
                {"raw_tracepoint_open", "'no_such_tracepoint'", "ENOENT"});
    std::string const longest(127, 'x');
    check_error(attach(longest), bl::errc::not_found, {longest});
    check_error(attach(longest + "x"), bl::errc::invalid_argument, {"127"});
    check_error(attach(""), bl::errc::invalid_argument, {"127"});
    // Its first part alone is a tracepoint's name.
    check_error(attach(std::string_view{"sys_enter\0x", 11}), bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(kernel_case, "a program that reads past a tracepoint's arguments is refused") {
    // Loading is no question of arguments: which tracepoint it will be, nobody knows by then.
    bpf_insn const code[]{
        {.code = BPF_LDX | BPF_MEM | BPF_DW,
         .dst_reg = BPF_REG_0,
         .src_reg = BPF_REG_1,
         .off = 8 * 11,
         .imm = 0},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    };
    auto const fd = load_tiny(bl::program_type::raw_tracepoint, bl::attach_type{}, code);
    auto const prog = must(programs::tracepoint_ref::from_fd(fd));
    check_error(bl::attach(prog, sys_enter), bl::errc::invalid_argument,
                {"'sys_enter'", "past the tracepoint's arguments"});
}

TEST_CASE_FIXTURE(kernel_case, "two links of one program on a tracepoint run it twice") {
    programs const p{"sys_enter_a"};
    auto const one = must(bl::attach(p.tracepoint("sys_enter_a"), sys_enter));
    auto const other = bl::attach(p.tracepoint("sys_enter_a"), sys_enter);
    if (!other) {
        // Kernels before 6.10 take a program once a tracepoint.
        check_error(other, bl::errc::already_exists);
        return skip_case("the kernel takes a program once on a tracepoint");
    }
    CHECK(must(one.info()).id != must(other->info()).id);
    CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 20);
}

TEST_CASE_FIXTURE(kernel_case, "a program that may write runs on a tracepoint made for it") {
    auto const p = counted_program::load(bl::program_type::raw_tracepoint_writable);
    if (!p) return;
    auto l = must(bl::attach(p->as<bl::program_type::raw_tracepoint_writable>(),
                             bl::hook::raw_tracepoint{"bpf_test_finish"}));
    programs const tested{"xdp_a"};
    auto const test_run = [&] {
        char packet[64]{};
        ::bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = packet;
        options.data_size_in = sizeof packet;
        options.repeat = 1;
        REQUIRE(::bpf_prog_test_run_opts(tested.fd("xdp_a"), &options) == 0);
    };
    CHECK(p->runs_during(test_run) == 1);
    must(l.close());
    CHECK(p->runs_during(test_run) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a program that sleeps is on a raw tracepoint of system calls alone") {
    constexpr auto type = bl::program_type::raw_tracepoint;
    auto const p = counted_program::load(type, {}, {.sleeps = true});
    if (!p) return;
    check_error(bl::attach(p->as<type>(), bl::hook::raw_tracepoint{.name = "sched_switch"}),
                bl::errc::invalid_argument, {"'sched_switch'", "the program sleeps"});
    auto const l = must(bl::attach(p->as<type>(), sys_enter));
    CHECK(p->runs_during([] { call_the_kernel(10); }) >= 10);
}
