// SPDX-License-Identifier: Apache-2.0
// ensure_attached by its effects: which program runs at the place afterwards, and which does not.
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
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <signal.h>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::ensured;
using bl::program_type;
using sandbox::names_in;

constexpr int some = 3;

constexpr bl::ensure_options patiently{.wait = sandbox::patience};

/// While it lives, nothing is waited for, though it be patiently.
class without_waiting {
public:
    without_waiting() = default;
    ~without_waiting() { CHECK(std::chrono::steady_clock::now() - begin_ < sandbox::patience / 2); }
    without_waiting(without_waiting const&) = delete;
    without_waiting& operator=(without_waiting const&) = delete;

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// The way to make programs run; an iterator runs when its pin is read.
using make_traffic = std::function<void(std::string const& pin)>;

/// Two programs, a place, and what makes programs there run.
template <class P, class H>
struct stage {
    P const& first;
    P const& second;
    H where;
    make_traffic traffic;
};
template <class P, class H>
stage(P const&, P const&, H, make_traffic) -> stage<P, H>;

/// A program that says what it was loaded for, as program_ref::from does.
template <program_type Type>
struct told_program : constant_program<Type> {
    told_program(int value, attach_type wanted, bl::btf_id target = {})
        : constant_program<Type>{value, wanted, target}, expected{wanted} {}
    [[nodiscard]] std::optional<attach_type> expected_attach_type() const {
        return expected == attach_type{} ? std::nullopt : std::optional{expected};
    }
    attach_type expected;
};

/// Two programs for one place; none, and a skipped case, where the kernel takes none.
/// @param target  the function, tracepoint or iterator that they are for
template <program_type Type>
std::vector<told_program<Type>> load_two(int value, attach_type expected = {},
                                         char const* target = nullptr) {
    std::vector<told_program<Type>> both;
    bl::btf_id id{};
    if (target) {
        auto const found = kernel_function(target, expected);
        if (!found) return both;
        id = *found;
    }
    try {
        for (int i = 0; i != 2; ++i)
            both.emplace_back(value, expected, id);
    } catch (std::system_error const& e) {
        both.clear();
        skip_case("the kernel takes no program of " + to_string(Type) + ", " + to_string(expected) +
                  ": " + e.code().message());
    }
    return both;
}

template <class P, class H>
bool may_play(stage<P, H> const& s) {
    auto tried = bl::attach(s.first, s.where);
    if (is_unsupported(tried)) return false;
    auto probe = must(std::move(tried));
    if (must(bl::is_at(s.second, s.where, probe)) != bl::match::yes) {
        skip_case("the kernel does not tell the place of such a link");
        return false;
    }
    auto const id = must(probe.info()).id;
    must(probe.close());
    return eventually([&] { return is_gone(id); });
}

/// All of the table that needs nothing of the kind's own.
template <class P, class H>
void play(stage<P, H> const& s) {
    if (!may_play(s)) return;
    run_statistics const statistics;
    sandbox::bpffs const fs;
    auto const path = fs.path() / "sub" / "x"; // a directory that is made
    auto const ensure = [&](P const& prog) { return bl::ensure_attached(prog, s.where, path); };
    auto const runs = [&](P const& prog) {
        return statistics.runs_during(prog, [&] { s.traffic(path); }) > 0;
    };
    bl::link_id id{};
    {
        auto const made = must(ensure(s.first));
        CHECK(made.how == ensured::created);
        CHECK(made.before == bl::program_id{});
        id = must(made.link.info()).id;
    }
    CHECK(runs(s.first)); // by its pin
    {
        auto const kept = must(ensure(s.first));
        CHECK(kept.how == ensured::kept);
        CHECK(kept.before == id_of_program(s.first.fd()));
        CHECK(must(kept.link.info()).id == id);
    }
    for (bool const overlap : {true, false}) {
        P const& next = overlap ? s.second : s.first;
        P const& before = overlap ? s.first : s.second;
        auto const updated = must(bl::ensure_attached(next, s.where, path, {.overlap = overlap}));
        CHECK(updated.how == ensured::updated);
        CHECK(updated.before == id_of_program(before.fd()));
        CHECK((must(updated.link.info()).id == id) == bl::updatable<H>);
        CHECK(runs(next));
        if constexpr (bl::updatable<H>)
            CHECK_FALSE(runs(before));
        else
            CHECK(eventually([&] { return !runs(before); })); // its link's id goes first
    }
    CHECK(names_in(fs.path() / "sub") == std::set<std::string>{"x"});
    if constexpr (bl::detachable<H>) {
        auto last = must(bl::typed_link<H>::load_pinned(path));
        must(last.detach());
        CHECK_FALSE(runs(s.first));
        CHECK(must(ensure(s.first)).how == ensured::recreated);
        CHECK(runs(s.first));
    }
    // Somebody else's, that cannot be told from ours but for the pin: only what cannot be there
    // twice is busy. Nothing of it changes.
    auto const other = bl::ensure_attached(s.second, s.where, fs.path() / "other");
    if (!other) {
        CHECK(other.error() == bl::errc::hook_busy);
        CHECK(other.error().message().find(path) != std::string::npos);
        CHECK(runs(s.first));
        CHECK_FALSE(std::filesystem::exists(fs.path() / "other"));
    }
}

/// The whole table, of two programs for one place.
template <program_type Type, class H>
void play_two(std::vector<told_program<Type>> const& both, H const& where, make_traffic make) {
    if (both.empty()) return;
    play(stage{both[0], both[1], where, std::move(make)});
}

/// Two processes at once, each with its own program, and a third that takes the link down.
template <class P, class H>
void race(stage<P, H> const& s, int rounds) {
    if (!may_play(s)) return;
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    auto const again_and_again = [&](P const& prog) {
        return [&](steps& step) {
            for (int i = 0; i != rounds; ++i) {
                auto const done = bl::ensure_attached(prog, s.where, path, patiently);
                if (!done) ::fprintf(stderr, "%s\n", done.error().message().c_str());
                step(done.has_value(), "ensure_attached");
            }
        };
    };
    std::array<int, 2> failed{};
    std::thread one{[&] { failed[0] = in_child(again_and_again(s.first)); }};
    std::thread two{[&] { failed[1] = in_child(again_and_again(s.second)); }};
    one.join();
    two.join();
    CHECK(failed == std::array{0, 0});
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
    CHECK(eventually([&] { // a replaced link's id goes a grace period after its pin
        int ours = 0;
        for (auto&& each : bl::infos())
            if (each && (each->program == id_of_program(s.first.fd()) ||
                         each->program == id_of_program(s.second.fd())))
                ++ours;
        return ours == 1;
    }));
    // What a killed process held is released a moment later.
    must(must(bl::link::load_pinned(path)).unpin());
    for (int i = 0; i != 20; ++i) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe(ready.data()) == 0);
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            auto const held = bl::attach(s.first, s.where);
            char const said = held ? 'y' : 'n';
            static_cast<void>(!::write(ready[1], &said, 1));
            ::pause();
            ::_exit(0);
        }
        char said = 0;
        REQUIRE(::read(ready[0], &said, 1) == 1);
        ::close(ready[0]);
        ::close(ready[1]);
        CHECK(::kill(child, SIGKILL) == 0);
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        auto const done = must(bl::ensure_attached(s.second, s.where, path, patiently));
        CHECK(done.how == ensured::created);
        must(must(bl::link::load_pinned(path)).unpin());
    }
}

/// A place whose link nobody is seen to hold is free a moment later: here its pin is on a bpffs
/// that is not mounted any more, and whose last user leaves then.
template <class P, class H>
void check_just_released(P const& before, P const& next, H const& where) {
    bl::unique_fd user;
    {
        auto made = bl::attach(before, where);
        if (is_unsupported(made)) return;
        auto last = must(std::move(made));
        sandbox::bpffs const unmounted;
        must(last.pin(unmounted.path() / "x"));
        user = bl::unique_fd{::open(unmounted.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        REQUIRE(user);
    }
    sandbox::bpffs const fs;
    auto const tried = bl::attach(next, where);
    REQUIRE_FALSE(tried);
    CHECK((tried.error() == bl::errc::hook_busy || tried.error() == bl::errc::already_exists));
    std::thread leaving{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        user.close();
    }};
    auto const done = bl::ensure_attached(next, where, fs.path() / "x", patiently);
    leaving.join();
    REQUIRE_MESSAGE(done, done.error().message());
    CHECK(done->how == ensured::created);
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on an interface by xdp") {
    sandbox::network const net;
    programs const p{"xdp_a", "xdp_b"};
    auto const a = p.xdp("xdp_a"), b = p.xdp("xdp_b");
    stage const s{a, b, bl::hook::xdp{.ifindex = net.loopback()},
                  make_traffic{[&](auto&&) { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on an interface by tcx") {
    sandbox::network const net;
    if (!loads(program_type::sched_cls, attach_type::tcx_ingress)) return;
    constant_program<program_type::sched_cls> const a{-1, attach_type::tcx_ingress},
        b{-1, attach_type::tcx_ingress};
    stage const s{a, b,
                  bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress},
                  make_traffic{[&](auto&&) { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
    SUBCASE("what is kept leaves the revision of the hook") {
        if (!may_play(s)) return;
        sandbox::bpffs const fs;
        must(bl::ensure_attached(a, s.where, fs.path() / "x"));
        auto const before = must(bl::query(s.where)).revision;
        CHECK(must(bl::ensure_attached(a, s.where, fs.path() / "x")).how == ensured::kept);
        CHECK(must(bl::query(s.where)).revision == before);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a cgroup") {
    sandbox::cgroup group;
    group.enter();
    programs const p{"connect4_a", "connect4_b"};
    auto const a = p.connect("connect4_a"), b = p.connect("connect4_b");
    stage const s{
        a, b, bl::hook::cgroup{.cgroup = group.path(), .attach = attach_type::cgroup_inet4_connect},
        make_traffic{[](auto&&) { connect_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on netfilter, which takes no update") {
    sandbox::network const net;
    if (!loads(program_type::netfilter, attach_type::netfilter)) return;
    constant_program<program_type::netfilter> const a{1, attach_type::netfilter},
        b{1, attach_type::netfilter};
    stage const s{a, b,
                  bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                      .hook = bl::netfilter_hook::local_in,
                                      .priority = 7},
                  make_traffic{[&](auto&&) { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 50);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a tracepoint by a perf event") {
    if (!loads(program_type::tracepoint, {})) return;
    constant_program<program_type::tracepoint> const a{0}, b{0};
    stage const s{a, b, bl::hook::tracepoint{.group = "raw_syscalls", .name = "sys_enter"},
                  make_traffic{[](auto&&) { call_the_kernel(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 50);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a raw tracepoint") {
    programs const first{"sys_enter_a"}, second{"sys_enter_a"};
    auto const a = first.tracepoint("sys_enter_a"), b = second.tracepoint("sys_enter_a");
    play(stage{a, b, bl::hook::raw_tracepoint{"sys_enter"},
               make_traffic{[](auto&&) { call_the_kernel(some); }}});
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a netkit device") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    play_two(load_two<program_type::sched_cls>(-1),
             bl::hook::netkit{.ifindex = pair->primary, .attach = attach_type::netkit_primary},
             [&](auto&&) { net.send_from(pair->primary, some); });
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a network namespace") {
    sandbox::network const net;
    auto const here = sandbox::network::here();
    play_two(load_two<program_type::sk_lookup>(1, attach_type::sk_lookup),
             bl::hook::netns{.netns = here, .attach = attach_type::sk_lookup},
             [](auto&&) { connection const looked_up; });
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a map of sockets") {
    sandbox::network const net;
    tiny_sockmap const map;
    play_two(load_two<program_type::sk_msg>(1, attach_type::sk_msg_verdict),
             bl::hook::sockmap{.map = map.ref, .attach = attach_type::sk_msg_verdict},
             [&](auto&&) { // a socket takes over what the map has when it is put there
                 connection const one;
                 map.put(one.client);
                 one.send();
             });
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program with a function of the kernel") {
    auto const call = [](auto&&) { call_traced_functions(); };
    SUBCASE("fentry") {
        play_two(load_two<program_type::tracing>(0, attach_type::trace_fentry, "bpf_fentry_test1"),
                 bl::hook::tracing{}, call);
    }
    SUBCASE("LSM") {
        play_two(load_two<program_type::lsm>(0, attach_type::lsm_mac, "file_mprotect"),
                 bl::hook::lsm{}, [](auto&&) { protect_memory(); });
    }
    SUBCASE("tp_btf") {
        play_two(load_two<program_type::tracing>(0, attach_type::trace_raw_tp, "sys_enter"),
                 bl::hook::tp_btf{}, [](auto&&) { call_the_kernel(some); });
    }
    SUBCASE("tracing_multi") {
        static std::array<bl::btf_id, 1> functions;
        functions = {kernel_function("bpf_fentry_test1").value_or(bl::btf_id{})};
        play_two(load_two<program_type::tracing>(0, attach_type::trace_fentry_multi),
                 bl::hook::tracing_multi{.functions = functions,
                                         .attach = attach_type::trace_fentry_multi},
                 call);
    }
    SUBCASE("kprobe") {
        play_two(load_two<program_type::kprobe>(0),
                 bl::hook::kprobe{.function = "bpf_fentry_test1"}, call);
    }
    SUBCASE("kprobe_multi") {
        static constexpr std::array<std::string_view, 1> names{"bpf_fentry_test1"};
        play_two(load_two<program_type::kprobe>(0, attach_type::trace_kprobe_multi),
                 bl::hook::kprobe_multi{.symbols = names}, call);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program with a function of an executable") {
    auto const call = [](auto&&) { call_first(some); };
    SUBCASE("uprobe") {
        play_two(load_two<program_type::kprobe>(0),
                 bl::hook::uprobe{.binary = own_binary, .symbol = first_probed}, call);
    }
    SUBCASE("uprobe_multi") {
        static constexpr std::array names{first_probed};
        play_two(load_two<program_type::kprobe>(0, attach_type::trace_uprobe_multi),
                 bl::hook::uprobe_multi{.binary = own_binary, .symbols = names}, call);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of an iterator's program, which its pin runs") {
    play_two(load_two<program_type::tracing>(0, attach_type::trace_iter, "task"), bl::hook::iter{},
             [](std::string const& pin) {
                 std::ifstream file{pin};
                 static_cast<void>(file.get());
             });
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program that replaces a function") {
    loaded_program const target{"calls_replaceable"};
    auto const a = load_replacement(target), b = load_replacement(target, "like_replacement");
    if (!a || !b) return;
    bl::hook::freplace const where{.target = target.fd(), .function = "replaceable"};
    if (auto const probe = must(bl::attach(a->as_ext(), where));
        must(bl::is_at(b->as_ext(), where, probe)) != bl::match::yes)
        return skip_case("the kernel does not tell the place of such a link");
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    auto const ensure = [&](loaded_program const& prog, std::string_view pin) {
        return bl::ensure_attached(prog.as_ext(), where, pin, patiently);
    };
    CHECK(must(ensure(*a, path)).how == ensured::created);
    CHECK(target.verdict() == XDP_DROP);
    CHECK(must(ensure(*a, path)).how == ensured::kept);
    {
        auto const done = must(ensure(*b, path)); // one at a time: the old link ends first
        CHECK(done.how == ensured::updated);
        CHECK(done.before == id_of_program(a->fd()));
        CHECK(must(done.link.info()).program == id_of_program(b->fd()));
    }
    CHECK(target.verdict() == XDP_PASS);
    {
        without_waiting const at_once;
        check_error(ensure(*a, fs.path() / "other"), bl::errc::hook_busy, {path});
    }
    CHECK(target.verdict() == XDP_PASS);
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a table, which is known by its map") {
    congestion_control const first{congestion_control::attached::by_nobody};
    congestion_control const second{congestion_control::attached::by_nobody};
    if (!first.is_loaded()) return skip_case(first.reason());
    bl::hook::struct_ops const where;
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    bl::link_id id{};
    {
        auto const done = must(bl::ensure_attached(first.map(), where, path));
        CHECK(done.how == ensured::created);
        id = must(done.link.info()).id;
    }
    CHECK(first.available()); // by its pin
    CHECK(must(bl::ensure_attached(first.map(), where, path)).how == ensured::kept);
    {
        auto const done = bl::ensure_attached(second.map(), where, path);
        if (!done && done.error() == bl::errc::already_exists)
            return skip_case("the kernel does not tell the struct of another table");
        CHECK(must(bl::ensure_attached(second.map(), where, path)).how == ensured::kept);
        REQUIRE(done);
        CHECK(done->how == ensured::updated);
        CHECK(must(done->link.info()).id == id);
        CHECK(must(done->link.details()).map == second.map_id());
    }
    CHECK(second.available());
    // Another's: the link of this very table is named at once, and one of the same name.
    for (auto const* const table : {&second, &first}) {
        without_waiting const at_once;
        check_error(bl::ensure_attached(table->map(), where, fs.path() / "other", patiently),
                    bl::errc::hook_busy, {path});
    }
    CHECK(second.available());
    CHECK(must(must(bl::struct_ops_link::load_pinned(path)).details()).map == second.map_id());
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
    // Its pin alone keeps it.
    must(bl::teardown(path));
    CHECK_FALSE(second.available());
}

// 16.17
TEST_CASE_FIXTURE(kernel_case, "a sockmap's program without a link is named, and stays") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    auto const both = load_two<program_type::sk_msg>(1, attach_type::sk_msg_verdict);
    if (both.empty()) return;
    tiny_sockmap const map;
    bl::hook::sockmap const where{.map = map.ref, .attach = attach_type::sk_msg_verdict};
    if (auto const probe = bl::attach(both[0], where); is_unsupported(probe)) return;
    REQUIRE(eventually([&] { return programs_on(where).empty(); }));
    auto const theirs = both[0].fd().get();
    REQUIRE(::bpf_prog_attach(theirs, map.fd.get(), BPF_SK_MSG_VERDICT, 0) == 0);
    for (auto const& own : both) {
        without_waiting const at_once;
        check_error(bl::ensure_attached(own, where, fs.path() / "x", patiently),
                    bl::errc::hook_busy,
                    {"program " + std::to_string(id_of_program(both[0].fd()).value())});
    }
    CHECK(programs_on(where) == std::vector{id_of_program(both[0].fd())});
    CHECK(names_in(fs.path()).empty());
    REQUIRE(::bpf_prog_detach2(theirs, map.fd.get(), BPF_SK_MSG_VERDICT) == 0);
    CHECK(must(bl::ensure_attached(both[1], where, fs.path() / "x")).how == ensured::created);
    // The kernel lets a link take the place of such a program, and attach does not ask.
    must(bl::teardown(fs.path() / "x"));
    REQUIRE(::bpf_prog_attach(theirs, map.fd.get(), BPF_SK_MSG_VERDICT, 0) == 0);
    auto const l = must(bl::attach(both[1], where));
    CHECK(programs_on(where) == std::vector{id_of_program(both[1].fd())});
}

TEST_CASE_FIXTURE(kernel_case, "the same program without a link on tcx is named at once") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    auto const both = load_two<program_type::sched_cls>(-1);
    if (both.empty()) return;
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress};
    if (auto const probe = bl::attach(both[0], where); is_unsupported(probe)) return;
    REQUIRE(eventually([&] { return programs_on(where).empty(); }));
    int const device = static_cast<int>(net.loopback());
    auto const theirs = both[0].fd().get();
    constexpr auto tcx_ingress = static_cast<::bpf_attach_type>(attach_type::tcx_ingress);
    REQUIRE(::bpf_prog_attach(theirs, device, tcx_ingress, 0) == 0);
    auto const id = "program " + std::to_string(id_of_program(both[0].fd()).value());
    auto const ensure = [&](auto const& prog) {
        without_waiting const at_once;
        return bl::ensure_attached(prog, where, fs.path() / "x", patiently);
    };
    check_error(ensure(both[0]), bl::errc::hook_busy, {id, "without a link"});
    must(ensure(both[1]));
    // Nor can it be swapped in.
    check_error(ensure(both[0]), bl::errc::hook_busy, {id, "without a link"});
    CHECK(programs_on(where) ==
          std::vector{id_of_program(both[0].fd()), id_of_program(both[1].fd())});
    REQUIRE(::bpf_prog_detach2(theirs, device, tcx_ingress) == 0);
    CHECK(must(bl::ensure_attached(both[0], where, fs.path() / "x")).how == ensured::updated);
}

TEST_CASE_FIXTURE(kernel_case, "the same program by somebody else's link has the hook") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    auto const both = load_two<program_type::sched_cls>(-1);
    if (both.empty()) return;
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress};
    auto made = bl::attach(both[0], where);
    if (is_unsupported(made)) return;
    auto theirs = must(std::move(made));
    must(theirs.pin(fs.path() / "theirs"));
    auto const id = "link " + std::to_string(must(theirs.info()).id.value());
    check_error(bl::ensure_attached(both[0], where, fs.path() / "x"), bl::errc::hook_busy,
                {id, fs.path() / "theirs"});
    must(bl::ensure_attached(both[1], where, fs.path() / "x"));
    check_error(bl::ensure_attached(both[0], where, fs.path() / "x"), bl::errc::hook_busy,
                {id, fs.path() / "theirs"});
}

// 16.17
TEST_CASE_FIXTURE(kernel_case, "a place that the kernel is just releasing is waited for") {
    sandbox::network const net;
    SUBCASE("xdp") {
        programs const p{"xdp_a", "xdp_b"};
        check_just_released(p.xdp("xdp_a"), p.xdp("xdp_b"),
                            bl::hook::xdp{.ifindex = net.loopback()});
    }
    SUBCASE("tcx, by the same program") {
        auto const both = load_two<program_type::sched_cls>(-1);
        if (both.empty()) return;
        check_just_released(
            both[0], both[0],
            bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress});
    }
    SUBCASE("netfilter, at one priority") {
        auto const both = load_two<program_type::netfilter>(1, attach_type::netfilter);
        if (both.empty()) return;
        check_just_released(both[0], both[1],
                            bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                .hook = bl::netfilter_hook::local_in,
                                                .priority = 7});
    }
}

// E4
TEST_CASE_FIXTURE(kernel_case,
                  "a pinned link on the same index of another namespace is not taken") {
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "x";
    sandbox::network const theirs;
    must(bl::ensure_attached(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = theirs.loopback()}, path));
    {
        sandbox::network const ours;
        auto const done =
            bl::ensure_attached(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = ours.loopback()}, path);
        check_error(done, bl::errc::already_exists, {path});
        CHECK(p.runs_during("xdp_b", [&] { ours.send_to_loopback(some); }) == 0);
    }
    CHECK(p.runs_during("xdp_a", [&] { theirs.send_to_loopback(some); }) == some);
}

TEST_CASE_FIXTURE(kernel_case, "a program that netlink attached is named at once, and stays") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    int const index = static_cast<int>(net.loopback());
    REQUIRE(::bpf_xdp_attach(index, p.fd("xdp_a"), 0, nullptr) == 0);
    {
        without_waiting const at_once;
        auto const done = bl::ensure_attached(
            p.xdp("xdp_b"), bl::hook::xdp{.ifindex = net.loopback()}, fs.path() / "x", patiently);
        check_error(done, bl::errc::hook_busy, {std::to_string(p.id("xdp_a"))});
    }
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(some); }) == some);
    CHECK(::bpf_xdp_detach(index, 0, nullptr) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "pins of other objects are named and stay") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a"};
    bl::hook::xdp const where{.ifindex = net.loopback()};
    auto const path = fs.path() / "x";
    auto const map = make_map();
    REQUIRE(::bpf_obj_pin(map.get(), path.c_str()) == 0);
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, path), bl::errc::not_a_link, {path});
    CHECK(::unlink(path.c_str()) == 0);
    REQUIRE(::bpf_obj_pin(p.fd("xdp_a"), path.c_str()) == 0);
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, path), bl::errc::not_a_link, {path});
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, "/tmp/bpflink-no-bpffs/x"),
                bl::errc::invalid_argument);
    CHECK_FALSE(std::filesystem::exists("/tmp/bpflink-no-bpffs"));
}

TEST_CASE_FIXTURE(kernel_case,
                  "a descriptor that was handed on is taken up, and updated in place") {
    sandbox::network const net;
    programs const p{"xdp_a", "xdp_b"};
    bl::hook::xdp const where{.ifindex = net.loopback()};
    auto store = must(bl::attach(p.xdp("xdp_a"), where)).release();
    auto const done = must(bl::ensure_attached(p.xdp("xdp_b"), where, std::move(store)));
    CHECK(done.how == ensured::updated);
    CHECK(p.runs_during("xdp_b", [&] { net.send_to_loopback(some); }) == some);
}
