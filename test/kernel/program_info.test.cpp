// SPDX-License-Identifier: Apache-2.0
// What the kernel says of a program, and a thread in another network namespace.
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <string>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

std::chrono::nanoseconds since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

bl::netns_inode here() {
    return must(bl::netns_inode_of("/proc/thread-self/ns/net"));
}

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "a program tells its name, its owner, its maps and how often it ran") {
    auto const before = since_boot();
    programs const loaded{"xdp_a"};
    auto const ref = loaded.xdp("xdp_a");
    auto const info = must(ref.info());
    CHECK(info.id == loaded.program_id("xdp_a"));
    CHECK(info.type == bl::program_type::xdp);
    CHECK(info.name == "run_xdp_a");
    CHECK(info.uid == ::getuid());
    CHECK(info.loaded > before);
    CHECK(info.loaded < since_boot());
    ::bpf_map_info runs{};
    std::uint32_t size = sizeof runs;
    REQUIRE(::bpf_map_get_info_by_fd(::bpf_map__fd(loaded.map("runs")), &runs, &size) == 0);
    CHECK(std::ranges::count(info.maps, bl::map_id{runs.id}) == 1);
    CHECK(must(bl::program_info_of(info.id)).tag == info.tag);
    CHECK(must(must(bl::program::from_id(info.id)).info()).name == info.name);

    sandbox::network const net;
    run_statistics const statistics;
    auto const l = must(
        bl::attach(ref, bl::hook::xdp{.ifindex = net.loopback(), .mode = bl::xdp_mode::generic}));
    net.send_to_loopback(3);
    auto const ran = must(ref.info());
    CHECK(ran.run_count == 3U);
    REQUIRE(ran.run_time);
    CHECK(ran.run_time->count() > 0);
}

TEST_CASE_FIXTURE(kernel_case, "a name that the kernel cuts is told whole") {
    programs const loaded{"iter_tasks_b"}; // 16 characters, and the kernel keeps 15
    CHECK(must(bl::program_info_of(loaded.program_id("iter_tasks_b"))).name == "run_iter_tasks_b");
}

TEST_CASE_FIXTURE(kernel_case, "a link's program is swapped from the one known by its id") {
    sandbox::network const net;
    programs const loaded{"xdp_a", "xdp_b"};
    auto l = must(bl::attach(loaded.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback(),
                                                                .mode = bl::xdp_mode::generic}));
    auto const first = must(l.info()).program;
    must(l.update(loaded.xdp("xdp_b"), bl::expecting(first)));
    CHECK(loaded.runs_during("xdp_b", [&] { net.send_to_loopback(2); }) == 2);
    check_error(l.update(loaded.xdp("xdp_a"), bl::expecting(first)), bl::errc::program_mismatch);
    CHECK(must(l.info()).program == loaded.program_id("xdp_b"));
    auto const gone = [] {
        constant_program<bl::program_type::xdp> const p{2};
        return id_of_program(p.fd());
    }();
    CHECK(eventually([&] { return bl::program_info_of(gone).error() == bl::errc::not_found; }));
    check_error(l.update(loaded.xdp("xdp_a"), bl::expecting(gone)), bl::errc::program_mismatch);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a function attaches in another namespace, and the thread comes back") {
    auto const home = here();
    bl::unique_fd there;
    {
        sandbox::network const other;
        there = sandbox::network::here();
    }
    constant_program<bl::program_type::xdp> const prog{2};
    bl::hook::xdp const lo{.ifindex = bl::ifindex{1}, .mode = bl::xdp_mode::generic};
    auto const l = must(bl::in_netns(bl::fd_view{there}, [&] { return bl::attach(prog, lo); }));
    CHECK(here() == home);
    CHECK(must(bl::is_at(lo, l)) == bl::match::no);
    CHECK(must(bl::in_netns(bl::fd_view{there}, [&] { return bl::is_at(lo, l); })) ==
          bl::match::yes);
    std::string const path = "/proc/self/fd/" + std::to_string(there.get());
    CHECK(must(bl::in_netns(path, here)) != home);
    CHECK(here() == home);
    check_error(bl::in_netns("/proc/self/ns/mnt", here), bl::errc::invalid_argument);
    check_error(bl::in_netns("/tmp", here), bl::errc::invalid_argument);
    check_error(bl::in_netns("/run/netns/none of this name", here), bl::errc::not_found);
    bl::unique_fd const named{::open("/proc/self/ns/net", O_PATH | O_CLOEXEC)};
    check_error(bl::in_netns(bl::fd_view{named}, here), bl::errc::invalid_argument, {"O_PATH"});
    check_error(bl::in_netns(bl::fd_view{4'000}, here), bl::errc::invalid_argument, {"not open"});
}

TEST_CASE_FIXTURE(kernel_case, "a thread that gave up its privilege elsewhere does not go on") {
    bl::unique_fd there;
    {
        sandbox::network const other;
        there = sandbox::network::here();
    }
    ::pid_t const child = ::fork();
    if (child == 0) {
        ::rlimit const none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::signal(SIGABRT, SIG_DFL);
        ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
        (void)bl::in_netns(bl::fd_view{there}, [] { return ::setuid(65'534); });
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}
