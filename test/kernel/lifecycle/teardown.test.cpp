// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "congestion.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "probe_targets.hpp"
#include "replaceable.hpp"
#include "sandbox.hpp"
#include "sockets.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;
using namespace std::chrono_literals;

namespace {

/// Checks that links end by a handle, a pinned handle and a path, and that what they attach does.
/// @param attach  makes a link
/// @param runs    whether what it attaches does
template <class Attach, class Runs>
void check_ends(Attach attach, Runs runs) {
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    for (int way = 0; way != 3; ++way) {
        CAPTURE(way);
        auto made = attach();
        if (is_unsupported(made)) return;
        auto l = must(std::move(made));
        auto const id = must(l.info()).id;
        CHECK(runs());
        if (way > 0) must(l.pin(path));
        if (way == 2) must(l.close());
        auto const done = must(way == 2 ? bl::teardown(path) : bl::teardown(std::move(l)));
        CHECK_FALSE(runs());
        CHECK(done.id == id);
        CHECK((done.detached || done.gone)); // others may be looking
        CHECK_FALSE(l);
        CHECK(eventually([&] { return is_gone(id); }));
        CHECK(::access(path.c_str(), F_OK) != 0);
    }
}

/// @param p    empty: the case was skipped
/// @param act  has the program run
template <class Attach, class Act>
void check_ends(std::optional<counted_program> const& p, Attach attach, Act act) {
    if (p) check_ends(attach, [&] { return p->runs_during(act) > 0; });
}

/// A program for a function of the kernel, or what else the attach type is for.
std::optional<counted_program> load_for(program_type type, attach_type attach, char const* name) {
    auto const target = kernel_function(name, attach);
    if (!target) return std::nullopt;
    return counted_program::load(type, attach, {.target = *target});
}

/// A link that only its closing ends.
struct tracing_link {
    programs p{"sys_enter_a"};
    bl::raw_tracepoint_link l =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    bl::link_id id = must(l.info()).id;

    [[nodiscard]] bool runs() const {
        return p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0;
    }
};

void send_descriptor(bl::fd_view socket, bl::fd_view sent) {
    char letter = 'x';
    iovec text{&letter, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    auto* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    int const fd = sent.get();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    REQUIRE(::sendmsg(socket.get(), &message, 0) == 1);
}

/// Another process, that has what this one has open, and what it opens itself, until it is let go.
class other_process {
public:
    explicit other_process(std::function<bool()> const& open = [] { return true; }) {
        std::array<int, 2> ready{}, stop{};
        REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
        REQUIRE(::pipe2(stop.data(), O_CLOEXEC) == 0);
        id_ = ::fork();
        REQUIRE(id_ >= 0);
        if (id_ == 0) {
            ::close(stop[1]);
            char letter = open() ? 'y' : 'n';
            bool const told = ::write(ready[1], &letter, 1) == 1;
            ::_exit(told && ::read(stop[0], &letter, 1) == 0 ? 0 : 1);
        }
        ::close(ready[1]);
        ::close(stop[0]);
        stop_ = bl::unique_fd{stop[1]};
        bl::unique_fd const answer{ready[0]};
        char letter = 0;
        CHECK(::read(answer.get(), &letter, 1) == 1);
        CHECK(letter == 'y');
    }
    ~other_process() { let_go(); }
    other_process(other_process const&) = delete;
    other_process& operator=(other_process const&) = delete;

    [[nodiscard]] pid_t id() const { return id_; }
    [[nodiscard]] std::string name() const { return "process " + std::to_string(id_); }
    void let_go() {
        if (!stop_) return;
        stop_.close();
        CHECK(::waitpid(id_, nullptr, 0) == id_);
    }

private:
    pid_t id_ = -1;
    bl::unique_fd stop_;
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to an interface") {
    sandbox::network net;
    auto const act = [&] { net.send_to_loopback(3); };
    SUBCASE("xdp") {
        auto const p = counted_program::load(program_type::xdp, attach_type::xdp, {.returns = 2});
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::xdp>(),
                                  bl::hook::xdp{.ifindex = net.loopback()});
            },
            act);
    }
    SUBCASE("tcx") {
        auto const p = counted_program::load(program_type::sched_cls, {}, {.returns = -1});
        check_ends(
            p,
            [&] {
                return bl::attach(
                    p->as<program_type::sched_cls>(),
                    bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress});
            },
            act);
    }
    SUBCASE("netkit") {
        auto const pair = add_netkit(net);
        auto const p = counted_program::load(program_type::sched_cls, {}, {.returns = -1});
        if (pair)
            check_ends(
                p,
                [&] {
                    return bl::attach(p->as<program_type::sched_cls>(),
                                      bl::hook::netkit{.ifindex = pair->primary,
                                                       .attach = attach_type::netkit_primary});
                },
                [&] { net.send_from(pair->primary, 3); });
    }
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to a network namespace") {
    sandbox::network const net;
    SUBCASE("netns") {
        auto const p =
            counted_program::load(program_type::sk_lookup, attach_type::sk_lookup, {.returns = 1});
        auto const here = sandbox::network::here();
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::sk_lookup>(),
                                  bl::hook::netns{.netns = here, .attach = attach_type::sk_lookup});
            },
            [] { connection const looked_up; });
    }
    SUBCASE("netfilter") {
        auto const p =
            counted_program::load(program_type::netfilter, attach_type::netfilter, {.returns = 1});
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::netfilter>(),
                                  bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                      .hook = bl::netfilter_hook::local_in,
                                                      .priority = 7});
            },
            [&] { net.send_to_loopback(3); });
    }
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to a map of sockets") {
    sandbox::network const net;
    auto const p =
        counted_program::load(program_type::sk_msg, attach_type::sk_msg_verdict, {.returns = 1});
    tiny_sockmap const map;
    check_ends(
        p,
        [&] {
            return bl::attach(
                p->as<program_type::sk_msg>(),
                bl::hook::sockmap{.map = map.ref, .attach = attach_type::sk_msg_verdict});
        },
        [&] { // a socket takes over what the map has when it is put there
            connection const one;
            map.put(one.client);
            one.send();
        });
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to a table of the kernel") {
    congestion_control const table{congestion_control::attached::by_nobody};
    if (!table.is_loaded()) return skip_case(table.reason());
    check_ends([&] { return bl::attach(table.map(), bl::hook::struct_ops{}); },
               [&] { return table.available(); });
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to a cgroup") {
    sandbox::network const net;
    sandbox::cgroup group;
    group.enter();
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto const p = counted_program::load(program_type::cgroup_skb, attach_type::cgroup_inet_egress,
                                         {.returns = 1});
    check_ends(
        p,
        [&] {
            return bl::attach(p->as<program_type::cgroup_skb>(),
                              bl::hook::cgroup{directory, attach_type::cgroup_inet_egress});
        },
        [&] { net.send_to_loopback(3); });
    group.leave();
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link that only its closing ends") {
    SUBCASE("raw tracepoint") {
        auto const p = counted_program::load(program_type::raw_tracepoint);
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::raw_tracepoint>(),
                                  bl::hook::raw_tracepoint{"sys_enter"});
            },
            [] { call_the_kernel(10); });
    }
    SUBCASE("kprobe") {
        auto const p = load_probe();
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::kprobe{.function = "bpf_fentry_test1"});
            },
            call_traced_functions);
    }
    SUBCASE("kprobe_multi") {
        auto const p = load_probe(attach_type::trace_kprobe_multi);
        constexpr std::string_view names[]{"bpf_fentry_test1"};
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::kprobe_multi{.symbols = names});
            },
            call_traced_functions);
    }
    SUBCASE("uprobe") {
        auto const p = load_probe();
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::uprobe{.binary = own_binary, .symbol = first_probed});
            },
            [] { call_first(3); });
    }
    // Before Linux 5.13 a program on a trampoline attaches once.
    SUBCASE("fentry") {
        auto const load = [] {
            return load_for(program_type::tracing, attach_type::trace_fentry, "bpf_fentry_test1");
        };
        auto p = load();
        check_ends(
            p,
            [&] {
                p = load();
                return bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{});
            },
            call_traced_functions);
    }
    SUBCASE("LSM") {
        auto const load = [] {
            return load_for(program_type::lsm, attach_type::lsm_mac, "file_mprotect");
        };
        auto p = load();
        check_ends(
            p,
            [&] {
                p = load();
                return bl::attach(p->as<program_type::lsm>(), bl::hook::lsm{});
            },
            protect_memory);
    }
    SUBCASE("tp_btf") {
        auto const p = load_for(program_type::tracing, attach_type::trace_raw_tp, "sys_enter");
        check_ends(
            p, [&] { return bl::attach(p->as<program_type::tracing>(), bl::hook::tp_btf{}); },
            [] { call_the_kernel(10); });
    }
    SUBCASE("freplace") {
        loaded_program const target{"calls_replaceable"};
        auto const p = load_replacement(target);
        if (p)
            check_ends( // by its name: where it was loaded for it attaches once
                [&] {
                    return bl::attach(p->as_ext(), bl::hook::freplace{.target = target.fd(),
                                                                      .function = "replaceable"});
                },
                [&] { return target.verdict() == XDP_DROP; });
    }
    SUBCASE("uprobe_multi") {
        auto const p = load_probe(attach_type::trace_uprobe_multi);
        constexpr std::array names{first_probed};
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::uprobe_multi{.binary = own_binary, .symbols = names});
            },
            [] { call_first(3); });
    }
    SUBCASE("tracing_multi") {
        auto const p =
            counted_program::load(program_type::tracing, attach_type::trace_fentry_multi);
        std::array const functions{kernel_function("bpf_fentry_test1").value_or(bl::btf_id{})};
        check_ends(
            p,
            [&] {
                return bl::attach(p->as<program_type::tracing>(),
                                  bl::hook::tracing_multi{.functions = functions});
            },
            call_traced_functions);
    }
    SUBCASE("perf event") {
        auto const p = counted_program::load(program_type::perf_event);
        if (!open_clock(1'000'000))
            skip_case(std::string{"no software event: "} + std::strerror(errno));
        else
            check_ends(
                p,
                [&] {
                    auto const event = open_clock(1'000'000);
                    return bl::attach(p->as<program_type::perf_event>(),
                                      bl::hook::perf_event{event});
                },
                [&] { std::this_thread::sleep_for(50ms); });
    }
    SUBCASE("iterator") {
        programs const p{"iter_tasks"};
        bl::link_id id{};
        check_ends(
            [&] {
                auto made = bl::attach(p.iter("iter_tasks"), bl::hook::iter{});
                if (made) id = must(made->info()).id;
                return made;
            },
            [&] { // whoever can open the link can have it run
                return p.runs_during("iter_tasks", [&] {
                    auto const again = bl::iter_link::from_id(id);
                    if (!again) return;
                    auto output = must(again->open());
                    static_cast<void>(must(output.read_all()));
                }) != 0;
            });
    }
}

TEST_CASE_FIXTURE(kernel_case, "teardown refuses a link that another holds, and changes nothing") {
    sandbox::bpffs const fs;
    tracing_link t;
    must(t.l.pin(fs.path() / "own"));
    SUBCASE("another process") {
        other_process const child;
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held,
                    {child.name(), "nothing was changed"});
        CHECK(t.runs());
    }
    SUBCASE("another pin") {
        auto const other = fs.path() / "other";
        REQUIRE(::bpf_obj_pin(t.l.fd().get(), other.c_str()) == 0);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held, {other});
        CHECK(t.runs());
        REQUIRE(::unlink(other.c_str()) == 0);
    }
    SUBCASE("a pin of the same name on another bpffs") {
        sandbox::bpffs const second;
        auto const other = second.path() / "own";
        REQUIRE(::bpf_obj_pin(t.l.fd().get(), other.c_str()) == 0);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held, {other});
        CHECK(t.runs());
        REQUIRE(::unlink(other.c_str()) == 0);
    }
    SUBCASE("its own pin, whose directory was renamed") {
        std::filesystem::create_directory(fs.path() / "dir");
        must(t.l.pin(fs.path() / "dir/own"));
        std::filesystem::rename(fs.path() / "dir", fs.path() / "renamed");
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held,
                    {fs.path() / "renamed/own", "nothing was changed"});
        CHECK(t.runs());
        std::filesystem::rename(fs.path() / "renamed", fs.path() / "dir");
    }
    SUBCASE("its own pin, with something mounted on it") {
        auto const pin = fs.path() / "own";
        REQUIRE(::mount(pin.c_str(), pin.c_str(), nullptr, MS_BIND, nullptr) == 0);
        auto const done = bl::teardown(std::move(t.l));
        REQUIRE(::umount2(pin.c_str(), MNT_DETACH) == 0);
        REQUIRE_FALSE(done);
        CHECK(done.error().code().value() == EBUSY);
        CHECK(done.error().message().find("something is mounted on it") != std::string::npos);
        CHECK(t.runs());
    }
    SUBCASE("libbpf in this process") {
        ::bpf_link* const other = ::bpf_link__open((fs.path() / "own").c_str());
        REQUIRE(other);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held,
                    {"process " + std::to_string(::getpid())});
        CHECK(t.runs());
        ::bpf_link__destroy(other); // its pin is the same one, and stays
    }
    REQUIRE(t.l);
    CHECK(t.l.is_pinned());
    auto const done = must(bl::teardown(std::move(t.l)));
    CHECK(done.gone);
    CHECK_FALSE(t.runs());
}

TEST_CASE_FIXTURE(kernel_case,
                  "teardown takes a program off that another process holds, by detaching") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const second = must(bl::link::duplicate(l.fd()));
    auto const done = must(bl::teardown(std::move(l)));
    CHECK(done.detached);
    CHECK_FALSE(done.gone);
    REQUIRE(done.left.processes.size() == 1);
    CHECK(done.left.processes[0].process == ::getpid());
    CHECK(done.left.processes[0].descriptors == 1);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 0);
    CHECK(second.state() == bl::link_state::defunct);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a link that libbpf holds in another process ends where it detaches") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "sys_enter_a"};
    std::string const detaches = fs.path() / "detaches", closes = fs.path() / "closes";
    auto const device = static_cast<int>(net.loopback());
    std::optional<other_process> child;
    SUBCASE("opened there by its pin") {
        auto of_xdp = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}) |
                           bl::pin(detaches));
        auto of_tracepoint =
            must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}) |
                 bl::pin(closes));
        must(of_xdp.close());
        must(of_tracepoint.close());
        child.emplace(
            [&] { return ::bpf_link__open(detaches.c_str()) && ::bpf_link__open(closes.c_str()); });
    }
    SUBCASE("attached by libbpf here, and inherited") {
        auto* const of_xdp = ::bpf_program__attach_xdp(p.get("xdp_a"), device);
        auto* const of_tracepoint =
            ::bpf_program__attach_raw_tracepoint(p.get("sys_enter_a"), "sys_enter");
        REQUIRE((of_xdp && of_tracepoint));
        REQUIRE(::bpf_link__pin(of_xdp, detaches.c_str()) == 0);
        REQUIRE(::bpf_link__pin(of_tracepoint, closes.c_str()) == 0);
        child.emplace();
        ::bpf_link__destroy(of_xdp); // closes its descriptor, and leaves its pin
        ::bpf_link__destroy(of_tracepoint);
    }
    auto const xdp_runs = [&] {
        return p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) != 0;
    };
    auto const tracepoint_runs = [&] {
        return p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0;
    };
    CHECK(xdp_runs());
    auto const done = must(bl::teardown(detaches));
    CHECK(done.detached);
    CHECK_FALSE(done.gone);
    REQUIRE(done.left.processes.size() == 1);
    CHECK(done.left.processes[0].process == child->id());
    CHECK(done.left.processes[0].descriptors == 1);
    CHECK(done.left.pins.empty());
    CHECK_FALSE(xdp_runs());

    CHECK(tracepoint_runs());
    check_error(bl::teardown(closes), bl::errc::still_held, {child->name(), "nothing was changed"});
    CHECK(tracepoint_runs());
    CHECK(::access(closes.c_str(), F_OK) == 0);
    child->let_go();
    CHECK(must(bl::teardown(closes)).gone);
    CHECK_FALSE(tracepoint_runs());
    CHECK(eventually([&] { return is_gone(done.id); }));
}

TEST_CASE_FIXTURE(kernel_case, "a link on its way over a socket is held, and that is said") {
    tracing_link t;
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    bl::unique_fd sender{ends[0]}, receiver{ends[1]};
    send_descriptor(sender, t.l.fd());
    CHECK(must(bl::holders(t.id)).processes[0].descriptors == 1); // the handle's
    check_error(bl::teardown(std::move(t.l), 200ms), bl::errc::still_held,
                {"nobody that can be seen", "in a socket's queue", "handle is closed"});
    CHECK(t.runs());
    sender.close();
    receiver.close();
    CHECK(eventually([&] { return is_gone(t.id) && !t.runs(); }));
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a path leaves what is not a link's pin") {
    sandbox::bpffs const fs;
    programs const p{"xdp_a"};
    auto const path = fs.path() / "prog";
    REQUIRE(::bpf_obj_pin(p.fd("xdp_a"), path.c_str()) == 0);
    check_error(bl::teardown(path), bl::errc::not_a_link, {path});
    CHECK(::access(path.c_str(), F_OK) == 0);
    check_error(bl::teardown(fs.path()), bl::errc::not_a_link);
    auto const nothing = must(bl::teardown(fs.path() / "none"));
    CHECK(nothing.gone);
    CHECK(nothing.id == bl::link_id{});
    REQUIRE(::unlink(path.c_str()) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "teardown of a path whose pin goes half way ends the link all the same") {
    sandbox::bpffs const fs;
    tracing_link t;
    must(t.l.pin(fs.path() / "x"));
    REQUIRE(::unlink((fs.path() / "x").c_str()) == 0);
    auto const done = must(bl::teardown(std::move(t.l)));
    CHECK(done.gone);
    CHECK(is_gone(t.id));
    CHECK_FALSE(t.runs());
}

TEST_CASE_FIXTURE(kernel_case, "a pin that another removes while teardown runs is no obstacle") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "sys_enter_a"};
    auto const path = fs.path() / "x";
    auto const race = [&](auto const& attach, auto const& runs) {
        constexpr int rounds = 24;
        for (int i = 0; i != rounds; ++i) {
            auto l = must(attach());
            auto const id = must(l.info()).id;
            must(l.pin(path));
            must(l.close());
            CHECK(runs());
            std::thread remover{[&] {
                std::this_thread::sleep_for(i * 250us);
                static_cast<void>(::unlink(path.c_str()));
            }};
            auto const done = bl::teardown(path);
            remover.join();
            REQUIRE_MESSAGE(done, done.error().message());
            if (done->id == bl::link_id{}) { // it was gone before
                CHECK(eventually([&] { return is_gone(id) && !runs(); }));
                continue;
            }
            CHECK(done->id == id);
            CHECK_FALSE(runs());
        }
    };
    SUBCASE("of a kind that detaches") {
        race([&] { return bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}); },
             [&] { return p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) != 0; });
    }
    SUBCASE("of a kind that closing ends") {
        race(
            [&] {
                return bl::attach(p.tracepoint("sys_enter_a"),
                                  bl::hook::raw_tracepoint{"sys_enter"});
            },
            [&] { return p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0; });
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "without the privilege to tell ids teardown says what cannot be verified") {
    tracing_link t;
    CHECK(as_nobody([&](steps& step) {
              auto const done = bl::teardown(std::move(t.l));
              step(!done && done.error() == bl::errc::permission_denied, "refused");
              step(done.error().message().find("cannot be verified") != std::string::npos, "why");
              step(static_cast<bool>(t.l), "kept");
          }) == 0);
    CHECK(t.runs());
}
