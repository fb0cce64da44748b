// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <optional>
#include <system_error>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

constexpr auto egress = bl::attach_type::cgroup_inet_egress;
constexpr auto connect4 = bl::attach_type::cgroup_inet4_connect;

bl::unique_fd open_directory(std::string const& path) {
    bl::unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    REQUIRE(fd);
    return fd;
}

ino_t inode_of(std::string const& path) {
    struct stat facts{};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    return facts.st_ino;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an egress link sees the packets of the processes in its cgroup") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a", "egress_b"};
    auto const send = [&] { net.send_to_loopback(3); };
    auto const directory = open_directory(group.path());
    bl::hook::cgroup where{.cgroup = group.path(), .attach = egress};
    SUBCASE("by path") {
    }
    SUBCASE("by descriptor") {
        where.cgroup = bl::fd_view{directory};
    }
    auto l = must(bl::attach(p.skb("egress_a"), where));
    auto const id = must(l.info()).id;
    CHECK(p.runs_during("egress_a", send) == 0); // not inside
    group.enter();
    CHECK(p.runs_during("egress_a", send) == 3);

    must(l.update(p.skb("egress_b")));
    auto const a = p.runs("egress_a");
    CHECK(p.runs_during("egress_b", send) == 3);
    CHECK(p.runs("egress_a") == a);
    CHECK(must(l.info()).program == p.program_id("egress_b"));
    CHECK(l.state() == bl::link_state::attached);

    must(l.close());
    CHECK(is_gone(id));
    CHECK(p.runs_during("egress_b", send) == 0);
}

// E10
TEST_CASE_FIXTURE(kernel_case, "without attach, an egress filter is attached to egress") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a", "connect4_a"};
    auto const l = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{.cgroup = group.path()}));
    CHECK(must(l.details()).attach == egress);
    group.enter();
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 3);

    // What its descriptor alone does not tell is not guessed.
    auto const untold =
        must(bl::program_ref<bl::program_type::cgroup_skb>::from_fd(p.skb("egress_a").fd()));
    check_error(bl::attach(untold, bl::hook::cgroup{.cgroup = group.path()}),
                bl::errc::invalid_argument, {"name the attach type"});
    // A program of a type with one attach type goes there.
    constant_program<bl::program_type::cgroup_device> const device{1,
                                                                   bl::attach_type::cgroup_device};
    auto const on_device = must(bl::attach(device, bl::hook::cgroup{.cgroup = group.path()}));
    CHECK(must(on_device.details()).attach == bl::attach_type::cgroup_device);
}

// E14
TEST_CASE_FIXTURE(kernel_case, "a link at descriptor 0 is a neighbour on a cgroup") {
    sandbox::cgroup const group;
    using filter = constant_program<bl::program_type::cgroup_skb>;
    bl::hook::cgroup where{.cgroup = group.path(), .attach = egress};
    filter const a{1}, b{1};
    auto const on_a = must(bl::attach(a, where));
    where.order = bl::order::before(on_a);
    if (auto const probe = bl::attach(b, where); !probe && probe.error() == bl::errc::not_supported)
        return skip_unsupported(probe.error());
    standard_input_is const input{on_a.fd()};
    auto const zero = must(bl::cgroup_link::from_fd(bl::unique_fd{0}));
    where.order = bl::order::before(zero);
    auto const on_b = must(bl::attach(b, where));
    CHECK(programs_on(where) == std::vector{id_of_program(b.fd()), id_of_program(a.fd())});
}

TEST_CASE_FIXTURE(kernel_case, "a connect4 link sees the connections of its cgroup") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"connect4_a", "connect4_b"};
    auto const connect = [] { connect_to_loopback(2); };
    auto const directory = open_directory(group.path());
    bl::hook::cgroup where{.cgroup = group.path(), .attach = connect4};
    SUBCASE("by path") {
    }
    SUBCASE("by descriptor") {
        where.cgroup = bl::fd_view{directory};
    }
    auto l = must(bl::attach(p.connect("connect4_a"), where));
    group.enter();
    CHECK(p.runs_during("connect4_a", connect) == 2);

    must(l.update(p.connect("connect4_b"), bl::expecting(p.connect("connect4_a"))));
    auto const a = p.runs("connect4_a");
    CHECK(p.runs_during("connect4_b", connect) == 2);
    CHECK(p.runs("connect4_a") == a);

    must(l.close());
    CHECK(p.runs_during("connect4_b", connect) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a detached cgroup link is a shell that can be detached again") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a", "egress_b"};
    auto l = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    group.enter();
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 3);
    must(l.detach());
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 0);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).cgroup_id == bl::cgroup_id{});
    must(l.detach());
    check_error(l.update(p.skb("egress_b")), bl::errc::defunct, {"(cgroup)", "detached"});
    CHECK_FALSE(is_gone(must(l.info()).id));
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup link's info tells the directory and the attach type") {
    sandbox::cgroup const group;
    programs const p{"egress_a", "connect4_a"};
    auto const e = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    auto const c =
        must(bl::attach(p.connect("connect4_a"), bl::hook::cgroup{group.path(), connect4}));
    CHECK(must(e.details()).cgroup_id.value() == inode_of(group.path()));
    CHECK(must(e.details()).attach == egress);
    CHECK(must(e.info()).program == p.program_id("egress_a"));
    CHECK(must(e.info()).type == bl::link_type::cgroup);
    CHECK(must(c.details()).cgroup_id.value() == inode_of(group.path()));
    CHECK(must(c.details()).attach == connect4);
    CHECK(must(c.info()).program == p.program_id("connect4_a"));
    CHECK(must(c.info()).id != must(e.info()).id);
}

TEST_CASE_FIXTURE(kernel_case, "links on one cgroup all run, and one goes without the others") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a", "egress_b"};
    bl::hook::cgroup const where{.cgroup = group.path(), .attach = egress};
    auto a = must(bl::attach(p.skb("egress_a"), where));
    auto const b = must(bl::attach(p.skb("egress_b"), where));
    group.enter();
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 3);
    CHECK(p.runs("egress_b") == 3);
    must(a.close());
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 0);
    CHECK(p.runs("egress_b") == 6);
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup link is defunct when its directory is removed") {
    sandbox::cgroup group;
    programs const p{"egress_a", "egress_b"};
    auto l = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    group.remove();
    CHECK(eventually([&] { return l.state() == bl::link_state::defunct; }));
    CHECK(must(l.details()).cgroup_id == bl::cgroup_id{});
    CHECK(must(l.details()).attach == egress); // that it still knows
    check_error(l.update(p.skb("egress_b")), bl::errc::defunct, {"cgroup"});
    check_error(l.update(p.skb("egress_b"), bl::expecting(p.skb("egress_a"))), bl::errc::defunct);
    CHECK(must(l.info()).program == p.program_id("egress_a"));
    must(l.detach());
}

TEST_CASE_FIXTURE(kernel_case, "attaching to what is no cgroup says what it is") {
    sandbox::cgroup const group;
    programs const p{"egress_a"};
    auto const attach = [&](std::string_view path) {
        return bl::attach(p.skb("egress_a"), bl::hook::cgroup{path, egress});
    };
    auto const missing = group.path() / "missing";
    check_error(attach(missing), bl::errc::not_found, {missing, "ENOENT", "open"});
    auto const file = group.path() / "cgroup.procs";
    check_error(attach(file), bl::errc::invalid_argument, {file, "ENOTDIR"});
    check_error(attach("/proc"), bl::errc::invalid_argument,
                {"/proc", "not a version 2 cgroup", "link_create"});
    check_error(attach(""), bl::errc::invalid_argument, {"empty"});

    auto const attach_fd = [&](bl::fd_view fd) {
        return bl::attach(p.skb("egress_a"), bl::hook::cgroup{fd, egress});
    };
    auto const proc = open_directory("/proc");
    check_error(attach_fd(proc), bl::errc::invalid_argument, {"not a version 2 cgroup"});
    check_error(attach_fd(bl::fd_view{987'654}), bl::errc::invalid_argument,
                {"descriptor 987654, the directory's, is not open", "EBADF"});
    check_error(attach_fd(bl::fd_view{}), bl::errc::invalid_argument, {"EBADF", "not open"});
}

TEST_CASE_FIXTURE(kernel_case, "a relative cgroup path is taken from the working directory") {
    sandbox::cgroup const group;
    programs const p{"egress_a"};
    auto const before = open_directory(".");
    REQUIRE(::chdir(group.path().c_str()) == 0);
    auto const l = bl::attach(p.skb("egress_a"), bl::hook::cgroup{".", egress});
    REQUIRE(::fchdir(before.get()) == 0);
    REQUIRE(l);
    CHECK(must(l->details()).cgroup_id.value() == inode_of(group.path()));
}

TEST_CASE_FIXTURE(kernel_case, "attaching to a removed cgroup by its descriptor fails") {
    sandbox::cgroup group;
    programs const p{"egress_a"};
    auto const directory = open_directory(group.path());
    group.remove();
    auto const l = bl::attach(p.skb("egress_a"), bl::hook::cgroup{bl::fd_view{directory}, egress});
    check_error(l, bl::errc::not_found, {"descriptor", "the cgroup was removed"});
    check_error(bl::query(bl::hook::cgroup{bl::fd_view{directory}, egress}), bl::errc::not_found,
                {"the cgroup was removed"});
}

TEST_CASE_FIXTURE(kernel_case, "the wrong attach type is refused with both types named") {
    sandbox::cgroup const group;
    programs const p{"egress_a", "connect4_a"};
    auto const with = [&](auto const& prog, bl::attach_type attach) {
        return bl::attach(prog, bl::hook::cgroup{group.path(), attach});
    };
    check_error(with(p.connect("connect4_a"), bl::attach_type::cgroup_inet6_connect),
                bl::errc::invalid_argument,
                {group.path(), "cgroup_inet4_connect", "cgroup_inet6_connect"});
    check_error(with(p.skb("egress_a"), connect4), bl::errc::invalid_argument,
                {"cgroup_skb", "cgroup_sock_addr"});
    check_error(with(p.skb("egress_a"), bl::attach_type::xdp), bl::errc::invalid_argument,
                {"xdp", "is not of cgroup"});
    // Only the kernel knows what this one was loaded for.
    auto const by_fd = must(programs::connect_ref::from_fd(bl::fd_view{p.fd("connect4_a")}));
    check_error(with(by_fd, bl::attach_type::cgroup_inet6_connect), bl::errc::invalid_argument,
                {"cgroup_inet6_connect", "loaded for another attach type"});
    // The kernel lets packets' programs move between ingress and egress.
    CHECK(with(p.skb("egress_a"), bl::attach_type::cgroup_inet_ingress));
}

TEST_CASE_FIXTURE(kernel_case, "the 65th program on a cgroup is refused with the number") {
    sandbox::cgroup const group;
    programs const p{"egress_a"};
    std::vector<bl::cgroup_link> links;
    for (int i = 0; i != 64; ++i)
        links.push_back(
            must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress})));
    auto const one_more = bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress});
    REQUIRE_FALSE(one_more);
    CHECK(one_more.error().code().value() == E2BIG);
    CHECK(one_more.error().message().find("64 programs") != std::string::npos);
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup's program goes where its order says") {
    sandbox::cgroup const group;
    bl::hook::cgroup const where{.cgroup = group.path(), .attach = egress};
    using filter = constant_program<bl::program_type::cgroup_skb>;
    auto first = where;
    first.order = bl::order::first();
    auto const l = bl::attach(filter{1}, first);
    if (!l && l.error() == bl::errc::not_supported) return skip_unsupported(l.error());
    REQUIRE(l);
    must(bl::link{must(bl::cgroup_link::duplicate(l->fd()))}.detach());
    check_places<bl::program_type::cgroup_skb>(where, 1, false);
    filter const a{1};
    auto const on_a = must(bl::attach(a, where));
    auto there = where;
    there.order = bl::order::before(a);
    check_error(bl::attach(a, there), bl::errc::invalid_argument, {"let it name the link"});
}

TEST_CASE_FIXTURE(kernel_case, "with preorder a cgroup's program runs before those below") {
    sandbox::cgroup const above;
    auto const below = above.path() + "/below";
    REQUIRE(::mkdir(below.c_str(), 0700) == 0);
    bl::unique_fd directory = open_directory(below);
    using filter = constant_program<bl::program_type::cgroup_skb>;
    filter const a{1};
    filter const b{1};
    {
        auto const on_b = must(bl::attach(b, bl::hook::cgroup{.cgroup = below, .attach = egress}));
        auto const in_effect = [&] {
            std::array<std::uint32_t, 8> ids{};
            std::uint32_t count = ids.size();
            REQUIRE(::bpf_prog_query(directory.get(), BPF_CGROUP_INET_EGRESS, BPF_F_QUERY_EFFECTIVE,
                                     nullptr, ids.data(), &count) == 0);
            return std::vector<std::uint32_t>{ids.begin(), ids.begin() + count};
        };
        auto const id_a = id_of_program(a.fd()).value();
        auto const id_b = id_of_program(b.fd()).value();
        bl::hook::cgroup where{.cgroup = above.path(), .attach = egress};
        {
            auto const on_a = must(bl::attach(a, where));
            CHECK(in_effect() == std::vector{id_b, id_a});
        }
        where.preorder = true;
        auto const on_a = bl::attach(a, where);
        if (!is_unsupported(on_a)) {
            REQUIRE(on_a);
            CHECK(in_effect() == std::vector{id_a, id_b});
        }
    }
    REQUIRE(::rmdir(below.c_str()) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup compares its revision, or says that it has none") {
    sandbox::cgroup const group;
    bl::hook::cgroup where{.cgroup = group.path(), .attach = egress};
    if (must(bl::query(where)).revision)
        return check_revisions<bl::program_type::cgroup_skb>(where, 1);
    where.expected_revision = bl::revision{1};
    check_error(bl::attach(constant_program<bl::program_type::cgroup_skb>{1}, where),
                bl::errc::not_supported, {"neither order nor revision"});
    CHECK(must(bl::query(where)).entries.empty());
    skip_part("a cgroup has no revision");
}

namespace {

/// A program on a cgroup by itself, as older tools attach it.
class without_link {
public:
    without_link(bl::fd_view prog, std::string const& path, unsigned flags)
        : prog_{prog}, directory_{open_directory(path)} {
        REQUIRE(::bpf_prog_attach(prog_.get(), directory_.get(), BPF_CGROUP_INET_EGRESS, flags) ==
                0);
    }
    without_link(without_link const&) = delete;
    without_link& operator=(without_link const&) = delete;
    ~without_link() { ::bpf_prog_detach2(prog_.get(), directory_.get(), BPF_CGROUP_INET_EGRESS); }

private:
    bl::fd_view prog_;
    bl::unique_fd directory_;
};

} // namespace

// F10
TEST_CASE_FIXTURE(kernel_case, "a program that stands alone on a cgroup or above it is named") {
    using filter = constant_program<bl::program_type::cgroup_skb>;
    sandbox::cgroup const group;
    auto const below = group.path() / "below";
    auto const lowest = below / "lowest";
    REQUIRE(::mkdir(below.c_str(), 0700) == 0);
    REQUIRE(::mkdir(lowest.c_str(), 0700) == 0);
    filter const alone{1}, added{1};
    auto const attach = [&](std::string const& path) {
        return bl::attach(added, bl::hook::cgroup{.cgroup = path, .attach = egress});
    };
    auto const named = "program " + std::to_string(id_of_program(alone.fd()).value()) +
                       " is attached to " + group.path() + " without ALLOW_MULTI";
    {
        without_link const there{alone.fd(), group.path(), 0};
        check_error(attach(group.path()), bl::errc::hook_busy, {"EPERM", named});
        check_error(attach(below), bl::errc::hook_busy, {"EPERM", named});
        check_error(attach(lowest), bl::errc::hook_busy, {"EPERM", named});
    }
    {
        without_link const there{alone.fd(), group.path(), BPF_F_ALLOW_OVERRIDE};
        check_error(attach(group.path()), bl::errc::hook_busy, {"EPERM", named});
        CHECK(attach(lowest));
    }
    {
        without_link const there{alone.fd(), group.path(), BPF_F_ALLOW_MULTI};
        CHECK(attach(group.path()));
        CHECK(attach(lowest));
    }
    REQUIRE(::rmdir(lowest.c_str()) == 0);
    REQUIRE(::rmdir(below.c_str()) == 0);
}

// F10
TEST_CASE_FIXTURE(kernel_case, "without CAP_NET_ADMIN a cgroup's refusal is one of privilege") {
    sandbox::cgroup const group;
    auto const directory = open_directory(group.path());
    constant_program<bl::program_type::cgroup_skb> const alone{1}, added{1};
    without_link const there{alone.fd(), group.path(), 0};
    CHECK(as_nobody([&](steps& step) {
              auto const l = bl::attach(added, bl::hook::cgroup{bl::fd_view{directory}, egress});
              step(!l && l.error() == bl::errc::permission_denied, "refused for privilege");
              step(!l && l.error().message().find("CAP_NET_ADMIN") != std::string::npos,
                   "which is named");
          }) == 0);
}

// F22
TEST_CASE_FIXTURE(kernel_case, "memory that may not be locked is told, where it counts") {
    sandbox::cgroup const group;
    auto const directory = open_directory(group.path());
    // Its storage is charged when it is attached.
    bl::unique_fd const storage{
        ::bpf_map_create(BPF_MAP_TYPE_CGROUP_STORAGE, "storage", 16, 8, 0, nullptr)};
    if (!storage) return skip_case("the kernel has no storage of cgroups");
    std::array const code{
        bpf_insn{BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, storage.get()},
        bpf_insn{0, 0, 0, 0, 0},
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0},
        bpf_insn{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_local_storage},
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1},
        bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    held_as<bl::program_type::cgroup_skb> const keeps{
        load_tiny(bl::program_type::cgroup_skb, {}, code)};
    CHECK(in_child([&](steps& step) {
              ::rlimit const none{0, 0};
              step(::setrlimit(RLIMIT_MEMLOCK, &none) == 0, "a limit");
              auto const l = bl::attach(keeps, bl::hook::cgroup{bl::fd_view{directory}, egress});
              if (l) return; // since 5.11
              step(l.error().message().find("raise RLIMIT_MEMLOCK") != std::string::npos,
                   l.error().message().c_str());
          }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a security module's program decides for a cgroup") {
    int const target = ::libbpf_find_vmlinux_btf_id("socket_bind", BPF_LSM_CGROUP);
    if (target < 0) return skip_case("no LSM hook is in the kernel's types");
    constexpr auto attach = bl::attach_type::lsm_cgroup;
    std::optional<constant_program<bl::program_type::lsm>> refuses;
    try {
        refuses.emplace(0, attach, bl::btf_id{target}); // 0 is a refusal here
    } catch (std::system_error const& e) {
        return skip_case(std::string{"the kernel takes no LSM program for cgroups: "} + e.what());
    }
    sandbox::cgroup group;
    bl::hook::cgroup const where{.cgroup = group.path(), .attach = attach};
    auto made = bl::attach(*refuses, where);
    if (!made && made.error() == bl::errc::not_supported) return skip_unsupported(made.error());
    auto l = must(std::move(made));
    CHECK(must(l.info()).type == bl::link_type::cgroup);
    CHECK(must(l.details()).attach == attach);
    CHECK(programs_on(where) == std::vector{id_of_program(refuses->fd())});
    auto const binds = [] {
        bl::unique_fd const socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        sockaddr_in address{};
        address.sin_family = AF_INET;
        return ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    };
    CHECK(binds());
    group.enter();
    CHECK_FALSE(binds());
    must(l.detach());
    CHECK(binds());
}

// F10
TEST_CASE_FIXTURE(kernel_case, "no capability is blamed for a program that stands alone") {
    sandbox::cgroup const group;
    auto const directory = open_directory(group.path());
    constant_program<bl::program_type::cgroup_device> const alone{1}, added{1};
    REQUIRE(::bpf_prog_attach(alone.fd().get(), directory.get(), BPF_CGROUP_DEVICE, 0) == 0);
    CHECK(as_nobody([&](steps& step) {
              auto const made =
                  bl::attach(added, bl::hook::cgroup{.cgroup = bl::fd_view{directory},
                                                     .attach = bl::attach_type::cgroup_device});
              auto const text = made ? std::string{} : made.error().message();
              // Where bpf(2) asks everybody for it, CAP_BPF is the cause.
              step(!made && text.find("CAP_NET_ADMIN") == text.npos &&
                       (text.find("without ALLOW_MULTI") != text.npos ||
                        text.find("CAP_BPF is missing, which bpf(2)") != text.npos),
                   text.c_str());
          }) == 0);
    CHECK(::bpf_prog_detach2(alone.fd().get(), directory.get(), BPF_CGROUP_DEVICE) == 0);
}
