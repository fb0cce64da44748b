// SPDX-License-Identifier: Apache-2.0
#include "congestion.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

constexpr auto egress = bl::attach_type::cgroup_inet_egress;

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

bl::unique_fd copy_of(bl::fd_view fd) {
    return bl::unique_fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)};
}

bl::unique_fd btf_of(bl::fd_view program) {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    REQUIRE(::bpf_prog_get_info_by_fd(program.get(), &info, &size) == 0);
    bl::unique_fd btf{::bpf_btf_get_fd_by_id(info.btf_id)};
    REQUIRE(btf);
    return btf;
}

/// Descriptor 0 is something else for a while.
class standing_in_for_input {
public:
    explicit standing_in_for_input(bl::fd_view fd) : input_{::fcntl(0, F_DUPFD_CLOEXEC, 3)} {
        REQUIRE(::dup2(fd.get(), 0) == 0);
    }
    ~standing_in_for_input() {
        if (input_)
            ::dup2(input_.get(), 0);
        else
            ::close(0);
    }
    standing_in_for_input(standing_in_for_input const&) = delete;
    standing_in_for_input& operator=(standing_in_for_input const&) = delete;

private:
    bl::unique_fd input_;
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "from_fd takes a link's descriptor over, however it was opened") {
    programs const p{"sys_enter_a"};
    auto const l =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const id = must(l.info()).id;
    bl::unique_fd fd;
    SUBCASE("a copy of the one that attached") {
        fd = copy_of(l.fd());
    }
    SUBCASE("one by id") {
        fd = bl::unique_fd{::bpf_link_get_fd_by_id(id.value())};
    }
    int const number = fd.get();
    REQUIRE(number >= 0);
    auto const taken = must(bl::link::from_fd(std::move(fd)));
    CHECK_FALSE(fd);
    CHECK(taken.fd().get() == number);
    CHECK(must(taken.info()).id == id);
    CHECK_FALSE(taken.is_pinned());
}

TEST_CASE_FIXTURE(kernel_case, "what is no link is refused, and stays open and the caller's") {
    programs const p{"xdp_a"};
    auto const map = make_map();
    auto const program = copy_of(bl::fd_view{p.fd("xdp_a")});
    auto const btf = btf_of(program);
    bl::unique_fd const file{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
    bl::unique_fd const directory{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

    bl::unique_fd fd;
    std::string what = "not a BPF link";
    SUBCASE("a map") {
        fd = copy_of(map);
        what = "a BPF map";
    }
    SUBCASE("a program") {
        fd = copy_of(program);
        what = "a BPF program";
    }
    SUBCASE("BTF") {
        fd = copy_of(btf);
    }
    SUBCASE("a file") {
        fd = copy_of(file);
    }
    SUBCASE("a directory") {
        fd = copy_of(directory);
    }
    int const number = fd.get();
    std::string const descriptor = "descriptor " + std::to_string(number);
    check_error(bl::link::from_fd(std::move(fd)), bl::errc::not_a_link,
                {"identify", descriptor, what});
    CHECK(fd.get() == number);
    CHECK(is_open(number));
    check_error(bl::xdp_link::from_fd(std::move(fd)), bl::errc::not_a_link);
    CHECK(fd.get() == number);
    check_error(bl::link::duplicate(fd), bl::errc::not_a_link, {descriptor, what});
    CHECK(is_open(number));
}

TEST_CASE_FIXTURE(kernel_case, "a descriptor that is not open is told from one that is no link") {
    bl::unique_fd file{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
    int const number = file.get();
    must(file.close());
    auto const closed = bl::link::duplicate(bl::fd_view{number});
    check_error(closed, bl::errc::invalid_argument, {"EBADF", std::to_string(number)});
    CHECK(closed.error() != bl::errc::not_a_link);

    bl::unique_fd wrong{number};
    check_error(bl::link::from_fd(std::move(wrong)), bl::errc::invalid_argument, {"EBADF"});
    CHECK(wrong.release() == number); // it closes nothing that is not there

    check_error(bl::link::from_fd(bl::unique_fd{}), bl::errc::invalid_argument, {"EBADF"});
    check_error(bl::link::duplicate(bl::fd_view{-5}), bl::errc::invalid_argument, {"EBADF"});
}

TEST_CASE_FIXTURE(kernel_case, "a link can have the descriptor 0") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a", "egress_b"};
    auto l = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    standing_in_for_input const zero{l.fd()};
    must(l.close());

    auto taken = must(bl::link::from_fd(bl::unique_fd{0}));
    CHECK(taken.fd().get() == 0);
    CHECK(taken);
    CHECK(must(taken.info()).program == p.program_id("egress_a"));
    must(taken.update(p.skb("egress_b"), bl::expecting(p.skb("egress_a"))));
    group.enter();
    CHECK(p.runs_during("egress_b", [&] { net.send_to_loopback(1); }) == 1);
    CHECK(must(must(bl::link::duplicate(taken.fd())).info()).id == must(taken.info()).id);
    auto const fd = taken.release();
    CHECK(fd.get() == 0);
}

TEST_CASE_FIXTURE(kernel_case, "programs and directories can have the descriptor 0") {
    sandbox::cgroup const group;
    programs const p{"egress_a", "egress_b"};
    {
        standing_in_for_input const zero{bl::fd_view{p.fd("egress_a")}};
        auto const prog = must(programs::skb_ref::from_fd(bl::fd_view{0}));
        auto l = must(bl::attach(prog, bl::hook::cgroup{group.path(), egress}));
        CHECK(must(l.info()).program == p.program_id("egress_a"));
        must(l.update(p.skb("egress_b"), bl::expecting(prog)));
        must(l.update(prog, bl::expecting(p.skb("egress_b"))));
        check_error(l.update(p.skb("egress_b"), bl::expecting(p.skb("egress_b"))),
                    bl::errc::program_mismatch);
    }
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_CLOEXEC)};
    standing_in_for_input const zero{directory};
    auto const l = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{bl::fd_view{0}, egress}));
    CHECK(must(l.details()).cgroup_id != bl::cgroup_id{});
}

TEST_CASE_FIXTURE(kernel_case, "duplicate borrows: two handles hold the link, one alone keeps it") {
    programs const p{"sys_enter_a"};
    auto first =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const id = must(first.info()).id;
    auto second = must(bl::link::duplicate(first.fd()));
    CHECK(second.fd().get() != first.fd().get());
    CHECK((::fcntl(second.fd().get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(first.fd().get(), F_GETFD) & FD_CLOEXEC) != 0);
    must(first.close());
    CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10);
    CHECK_FALSE(is_gone(id));
    must(second.close());
    CHECK(is_gone(id));
    CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "from_id opens a link while it exists") {
    programs const p{"sys_enter_a"};
    auto l = must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const id = must(l.info()).id;
    {
        auto const opened = must(bl::link::from_id(id));
        CHECK(must(opened.info()).id == id);
        CHECK_FALSE(opened.is_pinned());
        CHECK((::fcntl(opened.fd().get(), F_GETFD) & FD_CLOEXEC) != 0);
        CHECK(must(bl::raw_tracepoint_link::from_id(id)).state() == bl::link_state::attached);
    }
    must(l.close());
    check_error(bl::link::from_id(id), bl::errc::not_found,
                {"link_get_fd_by_id", "link " + std::to_string(id.value()), "ENOENT"});
    check_error(bl::link::from_id(bl::link_id{0}), bl::errc::not_found);
    check_error(bl::link::from_id(bl::link_id{std::numeric_limits<unsigned>::max()}),
                bl::errc::not_found);
}

TEST_CASE_FIXTURE(kernel_case, "a typed handle refuses another kind and names both") {
    sandbox::bpffs const fs;
    programs const p{"sys_enter_a"};
    bl::link l =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const id = must(l.info()).id;
    auto const path = fs.path() / "link";
    must(l.pin(path));

    auto const wrong = std::move(l).as<bl::xdp_link>();
    check_error(wrong, bl::errc::wrong_kind,
                {"link " + std::to_string(id.value()), "raw_tracepoint", "xdp"});
    CHECK(l); // NOLINT(bugprone-use-after-move): consumed only on success
    CHECK(l.pinned_path() == std::string_view{path});
    check_error(bl::xdp_link::from_id(id), bl::errc::wrong_kind);
    check_error(bl::cgroup_link::load_pinned(path), bl::errc::wrong_kind, {"cgroup"});
    check_error(bl::iter_link::duplicate(l.fd()), bl::errc::wrong_kind, {"iter"});
    auto fd = copy_of(l.fd());
    int const number = fd.get();
    check_error(bl::xdp_link::from_fd(std::move(fd)), bl::errc::wrong_kind);
    CHECK(fd.get() == number);
    CHECK(is_open(number));

    auto typed = must(std::move(l).as<bl::raw_tracepoint_link>());
    CHECK_FALSE(l);
    CHECK(must(typed.details()).name == "sys_enter");
    CHECK(typed.pinned_path() == std::string_view{path});
    bl::link again = std::move(typed);
    CHECK_FALSE(typed);
    CHECK(again.pinned_path() == std::string_view{path});
    must(again.unpin());
}

TEST_CASE_FIXTURE(kernel_case, "a released descriptor keeps the program running") {
    programs const p{"sys_enter_a"};
    auto l = must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    auto const id = must(l.info()).id;
    {
        bl::unique_fd const kept = l.release();
        CHECK_FALSE(l);
        must(l.close()); // empty: nothing to close
        CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) >= 10);
        CHECK(is_open(kept.get()));
    }
    CHECK(is_gone(id));
    CHECK(p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "the link keeps the program when its owner has closed it") {
    sandbox::network const net;
    sandbox::cgroup const group;
    auto prog_fd = load_constant(bl::program_type::cgroup_skb, egress, 1);
    auto const id = id_of_program(prog_fd);
    auto l = must(bl::attach(must(programs::skb_ref::from_fd(prog_fd)),
                             bl::hook::cgroup{group.path(), egress}));
    must(prog_fd.close());
    CHECK(must(l.info()).program == id);
    CHECK(must(bl::program::from_id(id)).type() == bl::program_type::cgroup_skb);
    must(l.close());
    CHECK(eventually([&] { return !bl::program::from_id(id); }));
}

TEST_CASE_FIXTURE(kernel_case, "closing reports a descriptor that is closed already") {
    programs const p{"sys_enter_a"};
    auto l = must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    ::close(l.fd().get());
    auto const closed = l.close();
    check_error(closed, bl::errc::invalid_argument, {"close", "EBADF"});
    CHECK_FALSE(l);
    must(l.close());
}

TEST_CASE_FIXTURE(kernel_case, "a struct_ops link is a link, updated by map and detachable") {
    congestion_control const attached;
    if (!attached) return skip_case(attached.reason());
    CHECK(attached.available());

    auto l = must(bl::link::duplicate(attached.link()));
    auto const info = must(l.info());
    CHECK(info.type == bl::link_type::struct_ops);
    CHECK(info.program == bl::program_id{0});
    REQUIRE(std::holds_alternative<bl::struct_ops_details>(info.details));
    CHECK(std::get<bl::struct_ops_details>(info.details).map == attached.map_id());
    CHECK(l.state() == bl::link_state::attached);
    CHECK(must(must(bl::link::from_id(info.id)).info()).id == info.id);
    CHECK(must(bl::link::from_fd(copy_of(l.fd()))));

    programs const p{"xdp_a"};
    check_error(l.update(p.xdp("xdp_a")), bl::errc::not_supported, {"struct_ops", "by map"});
    CHECK(attached.available());

    auto const detached = l.detach();
    if (!detached) {
        check_error(detached, bl::errc::not_supported, {"struct_ops"});
        return skip_part("the kernel does not detach links of struct_ops");
    }
    CHECK_FALSE(attached.available());
    CHECK(l.state() == bl::link_state::defunct);
    CHECK_FALSE(std::get<bl::struct_ops_details>(must(l.info()).details).map);
}
