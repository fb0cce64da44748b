// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>

/// The value, or an exception with the error's message: a child process has no doctest.
template <class T>
T must(bpflink::result<T> made) {
    if (!made) throw std::runtime_error{made.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(made);
}

/// Says why a case, or the rest of it, has no use here.
void skip(std::string const& reason);

/// Loads a program that returns a number. Empty, and skipped, where the kernel loads none.
[[nodiscard]] bpflink::unique_fd load_tiny(bpflink::program_type type,
                                           bpflink::attach_type expected, int value,
                                           char const* function);
[[nodiscard]] bpflink::program_id id_of_program(bpflink::fd_view program);
/// How often a program ran, while main() has the kernel count.
[[nodiscard]] std::uint64_t runs_of(bpflink::fd_view program);

/// The program that load_tiny loads, with its type.
template <bpflink::program_type Type>
struct tiny {
    static constexpr bpflink::program_type type = Type;
    bpflink::attach_type expected;
    bpflink::unique_fd owned;

    tiny(int value, bpflink::attach_type loaded_for, char const* function)
        : expected{loaded_for}, owned{load_tiny(Type, loaded_for, value, function)} {}

    [[nodiscard]] bpflink::fd_view fd() const { return owned; }
    [[nodiscard]] std::optional<bpflink::attach_type> expected_attach_type() const {
        return expected == bpflink::attach_type{} ? std::nullopt : std::optional{expected};
    }
    [[nodiscard]] bpflink::program_id id() const { return id_of_program(owned); }
    [[nodiscard]] std::uint64_t runs() const { return runs_of(owned); }
};

/// Two programs for a place, and a third that is somebody else's, at a place of its own where two
/// links of the kind cannot share one.
template <bpflink::program_type Type, class H>
struct stage {
    using hook = H;
    tiny<Type> const &first, &second, &other;
    H where, elsewhere;
    std::function<void()> traffic; ///< each place's program runs once
};

using sandbox::names_in;
/// The links that run a program.
[[nodiscard]] std::vector<bpflink::link_id> links_of(bpflink::program_id program);
/// Asks until it holds, for what the kernel does a moment later. False after five seconds.
[[nodiscard]] bool eventually(std::function<bool()> const& holds);

/// Attaches to a place that the last link may be leaving: its id goes first, the place a moment
/// later.
template <class P, class H>
auto attach_when_free(P const& prog, H const& where) {
    auto made = bpflink::attach(prog, where);
    static_cast<void>(eventually([&] {
        if (made || made.error() != bpflink::errc::hook_busy) return true;
        made = bpflink::attach(prog, where);
        return made.has_value();
    }));
    return must(std::move(made));
}

/// Makes the kernel call the functions that it has to be traced, bpf_fentry_test1() among them.
/// @param program  one that traces an entry
void call_traced_functions(bpflink::fd_view program);

/// Whether the kernel has such links; otherwise the case is skipped.
template <bpflink::program_type Type, class H>
bool may_attach(stage<Type, H> const& s) {
    for (auto const* const each : {&s.first, &s.second, &s.other})
        if (!each->owned) return false;
    auto tried = bpflink::attach(s.first, s.where);
    if (!tried && (tried.error() == bpflink::errc::not_supported ||
                   tried.error() == bpflink::errc::not_found)) {
        skip("the kernel takes no such link: " + tried.error().code().message());
        return false;
    }
    must(must(std::move(tried)).close());
    return eventually([&] { return links_of(s.first.id()).empty(); });
}

/// Whether it tells their place too, which ensure_attached wants.
template <bpflink::program_type Type, class H>
bool may_ensure(stage<Type, H> const& s) {
    if (!may_attach(s)) return false;
    auto const told = [&] {
        auto const probe = attach_when_free(s.first, s.where);
        return must(bpflink::is_at(s.first, s.where, probe)) == bpflink::match::yes;
    }();
    if (!told) skip("the kernel does not tell the place of such a link");
    return eventually([&] { return links_of(s.first.id()).empty(); }) && told;
}

/// A link of another's, pinned at "other", that runs and stays where it is.
template <bpflink::program_type Type, class H>
class bystander {
public:
    bystander(stage<Type, H> const& s, std::string path) : stage_{s}, path_{std::move(path)} {
        auto l = attach_when_free(s.other, s.elsewhere);
        id_ = must(l.info()).id;
        must(l.pin(path_));
    }

    ~bystander() {
        std::filesystem::remove(path_);
        static_cast<void>(eventually([&] { return links_of(stage_.other.id()).empty(); }));
    }
    bystander(bystander const&) = delete;
    bystander& operator=(bystander const&) = delete;

    [[nodiscard]] bool is_as_it_was() const {
        auto const l = must(bpflink::link::load_pinned(path_));
        auto const before = stage_.other.runs();
        return must(l.info()).id == id_ && l.state() != bpflink::link_state::defunct &&
               eventually([&] {
                   stage_.traffic();
                   return stage_.other.runs() != before;
               });
    }

private:
    stage<Type, H> const& stage_;
    std::string path_;
    bpflink::link_id id_{};
};

// A stage for each kind, with what it takes, for `play` to be called with.

template <bpflink::program_type Type, class H, class Play>
void on_places(H const& where, H const& elsewhere, std::function<void()> traffic, Play play,
               int value, bpflink::attach_type expected = {}, char const* function = nullptr) {
    tiny<Type> const first{value, expected, function}, second{value, expected, function},
        other{value, expected, function};
    play(stage<Type, H>{first, second, other, where, elsewhere, std::move(traffic)});
}

template <class Play>
void on_xdp(Play play) {
    sandbox::network net;
    auto const pair = net.add_veth();
    constexpr auto mode = bpflink::xdp_mode::generic;
    on_places<bpflink::program_type::xdp>(
        bpflink::hook::xdp{.ifindex = net.loopback(), .mode = mode},
        bpflink::hook::xdp{.ifindex = pair.there, .mode = mode},
        [&] {
            net.send_to_loopback(1);
            net.send_from(pair.here, 1);
        },
        play, 2);
}

template <class Play>
void on_tcx(Play play) {
    sandbox::network const net;
    constexpr auto direction = bpflink::attach_type::tcx_ingress;
    bpflink::hook::tcx const where{.ifindex = net.loopback(), .attach = direction};
    on_places<bpflink::program_type::sched_cls>(
        where, where, [&] { net.send_to_loopback(1); }, play, -1, direction);
}

template <class Play>
void on_cgroup(Play play) {
    sandbox::cgroup group;
    group.enter();
    constexpr auto connecting = bpflink::attach_type::cgroup_inet4_connect;
    bpflink::hook::cgroup const where{.cgroup = group.path(), .attach = connecting};
    on_places<bpflink::program_type::cgroup_sock_addr>(
        where, where, [] { connect_to_loopback(1); }, play, 1, connecting);
}

template <class Play>
void on_netfilter(Play play) {
    sandbox::network const net;
    auto const at = [](int priority) {
        return bpflink::hook::netfilter{.protocol_family = bpflink::protocol_family::ipv4,
                                        .hook = bpflink::netfilter_hook::local_in,
                                        .priority = priority};
    };
    on_places<bpflink::program_type::netfilter>(
        at(7), at(8), [&] { net.send_to_loopback(1); }, play, 1, bpflink::attach_type::netfilter);
}

template <class Play>
void on_tracepoint(Play play) {
    bpflink::hook::tracepoint const where{.group = "syscalls", .name = "sys_enter_getppid"};
    on_places<bpflink::program_type::tracepoint>(where, where, [] { call_the_kernel(1); }, play, 0);
}

template <class Play>
void on_raw_tracepoint(Play play) {
    bpflink::hook::raw_tracepoint const where{"sys_enter"};
    on_places<bpflink::program_type::raw_tracepoint>(
        where, where, [] { call_the_kernel(1); }, play, 0);
}

template <class Play>
void on_fentry(Play play) {
    constexpr auto entry = bpflink::attach_type::trace_fentry;
    constexpr char const* function = "bpf_fentry_test1";
    tiny<bpflink::program_type::tracing> const caller{0, entry, function};
    bpflink::hook::tracing const where{};
    on_places<bpflink::program_type::tracing>(
        where, where, [&] { call_traced_functions(caller.fd()); }, play, 0, entry, function);
}

template <class Play>
void on_netns(Play play) {
    sandbox::network const net;
    auto const space = bpflink::unique_fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    constexpr auto lookup = bpflink::attach_type::sk_lookup;
    bpflink::hook::netns const where{.netns = space, .attach = lookup};
    on_places<bpflink::program_type::sk_lookup>(
        where, where, [&] { net.send_to_loopback(1); }, play, 1, lookup);
}

/// A function of this program's, to be probed.
extern "C" void kill_tests_probed();
/// The file that has it.
[[nodiscard]] std::string const& this_binary();

template <class Play>
void on_uprobe(Play play) {
    bpflink::hook::uprobe const where{.binary = this_binary(), .symbol = "kill_tests_probed"};
    on_places<bpflink::program_type::kprobe>(where, where, kill_tests_probed, play, 0);
}

template <class Play>
void on_uprobe_multi(Play play) {
    static constexpr std::string_view functions[]{"kill_tests_probed"};
    bpflink::hook::uprobe_multi const where{.binary = this_binary(), .symbols = functions};
    on_places<bpflink::program_type::kprobe>(where, where, kill_tests_probed, play, 0,
                                             bpflink::attach_type::trace_uprobe_multi);
}
