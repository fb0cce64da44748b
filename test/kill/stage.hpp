// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "congestion.hpp"
#include "eventually.hpp"
#include "must.hpp"
#include "sandbox.hpp"
#include "sockets.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/bpf.h>
#include <fcntl.h>

/// Says why a case, or the rest of it, has no use here.
void skip(std::string const& reason);

/// Loads a program that returns a number. Empty, and skipped, where the kernel loads none.
[[nodiscard]] bpflink::unique_fd load_tiny(bpflink::program_type type,
                                           bpflink::attach_type expected, int value,
                                           char const* function);
[[nodiscard]] bpflink::program_id id_of_program(bpflink::fd_view program);
/// How often a program ran, while main() has the kernel count.
[[nodiscard]] std::uint64_t runs_of(bpflink::fd_view program);

/// The links that run a program.
[[nodiscard]] std::vector<bpflink::link_id> links_of(bpflink::program_id program);

/// The program that load_tiny loads, with its type.
template <bpflink::program_type Type>
struct tiny {
    static constexpr bpflink::program_type type = Type;
    bpflink::attach_type expected;
    bpflink::unique_fd owned;
    std::function<std::uint64_t()> counted = {}; // where the kernel counts no runs

    tiny(int value, bpflink::attach_type loaded_for, char const* function)
        : expected{loaded_for}, owned{load_tiny(Type, loaded_for, value, function)} {}
    explicit tiny(bpflink::unique_fd loaded) : expected{}, owned{std::move(loaded)} {}

    [[nodiscard]] bool is_loaded() const { return static_cast<bool>(owned); }
    [[nodiscard]] bpflink::fd_view fd() const { return owned; }
    [[nodiscard]] std::optional<bpflink::attach_type> expected_attach_type() const {
        return expected == bpflink::attach_type{} ? std::nullopt : std::optional{expected};
    }
    [[nodiscard]] bpflink::program_id id() const { return id_of_program(owned); }
    [[nodiscard]] std::uint64_t runs() const { return counted ? counted() : runs_of(owned); }
    [[nodiscard]] std::vector<bpflink::link_id> links() const { return links_of(id()); }
};

/// A table of struct_ops, which stands where others have a program.
template <>
struct tiny<bpflink::program_type::struct_ops> {
    congestion_control table;
    mutable std::uint64_t chosen = 0;

    explicit tiny(unsigned number) : table{congestion_control::attached::by_nobody, number} {
        if (!table.is_loaded()) skip(table.reason());
    }

    [[nodiscard]] bool is_loaded() const { return table.is_loaded(); }
    operator bpflink::map_ref() const { return table.map(); } // NOLINT: as the library takes it
    /// How often it was there to be chosen when this was asked.
    [[nodiscard]] std::uint64_t runs() const { return chosen += table.available() ? 1 : 0; }
    [[nodiscard]] std::vector<bpflink::link_id> links() const;
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

/// One of the functions that the kernel has to be traced.
inline constexpr char const* traced_function = "bpf_fentry_test1";

/// Its number in the kernel's types; 0 where it is not there.
[[nodiscard]] bpflink::btf_id id_of_traced_function();
/// Makes the kernel call them.
/// @param program  one that traces an entry
void call_traced_functions(bpflink::fd_view program);

/// Whether the kernel has such links; otherwise the case is skipped.
template <bpflink::program_type Type, class H>
bool may_attach(stage<Type, H> const& s) {
    for (auto const* const each : {&s.first, &s.second, &s.other})
        if (!each->is_loaded()) return false;
    auto tried = bpflink::attach(s.first, s.where);
    if (!tried && (tried.error() == bpflink::errc::not_supported ||
                   tried.error() == bpflink::errc::not_found)) {
        skip("the kernel takes no such link: " + tried.error().code().message());
        return false;
    }
    must(must(std::move(tried)).close());
    return eventually([&] { return s.first.links().empty(); });
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
    return eventually([&] { return s.first.links().empty(); }) && told;
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
        static_cast<void>(eventually([&] { return stage_.other.links().empty(); }));
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

/// A pair of devices; nothing, and skipped, where the kernel has no such driver.
[[nodiscard]] std::optional<sandbox::network::netkit> add_netkit(sandbox::network& net);

// A stage for each hook, with what it takes, for `play` to be called with.

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
void on_netkit(Play play) {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    constexpr auto primary = bpflink::attach_type::netkit_primary;
    bpflink::hook::netkit const where{.ifindex = pair->primary, .attach = primary};
    on_places<bpflink::program_type::sched_cls>(
        where, where, [&] { net.send_from(pair->primary, 1); }, play, -1);
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
void on_lsm(Play play) {
    bpflink::hook::lsm const where{};
    on_places<bpflink::program_type::lsm>(where, where, protect_memory, play, 0,
                                          bpflink::attach_type::lsm_mac, "file_mprotect");
}

template <class Play>
void on_tp_btf(Play play) {
    bpflink::hook::tp_btf const where{};
    on_places<bpflink::program_type::tracing>(
        where, where, [] { call_the_kernel(1); }, play, 0, bpflink::attach_type::trace_raw_tp,
        "sys_enter");
}

/// On a function that the kernel has to be traced.
template <bpflink::program_type Type, class H, class Play>
void on_traced_function(H const& where, Play play, bpflink::attach_type expected,
                        char const* function = nullptr) {
    tiny<bpflink::program_type::tracing> const caller{0, bpflink::attach_type::trace_fentry,
                                                      traced_function};
    if (!caller.is_loaded()) return;
    on_places<Type>(
        where, where, [&] { call_traced_functions(caller.fd()); }, play, 0, expected, function);
}

template <class Play>
void on_tracing(Play play) {
    on_traced_function<bpflink::program_type::tracing>(
        bpflink::hook::tracing{}, play, bpflink::attach_type::trace_fentry, traced_function);
}

template <class Play>
void on_kprobe(Play play) {
    on_traced_function<bpflink::program_type::kprobe>(
        bpflink::hook::kprobe{.function = traced_function}, play, {});
}

template <class Play>
void on_kprobe_multi(Play play) {
    // By its name, each call would read all symbols of the kernel.
    std::uint64_t const functions[]{bpflink::kernel_symbol_address(traced_function).value_or(0)};
    on_traced_function<bpflink::program_type::kprobe>(
        bpflink::hook::kprobe_multi{.addresses = functions}, play,
        bpflink::attach_type::trace_kprobe_multi);
}

template <class Play>
void on_tracing_multi(Play play) {
    bpflink::btf_id const functions[]{id_of_traced_function()};
    constexpr auto entries = bpflink::attach_type::trace_fentry_multi;
    on_traced_function<bpflink::program_type::tracing>(
        bpflink::hook::tracing_multi{.functions = functions, .attach = entries}, play, entries);
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

template <class Play>
void on_sockmap(Play play) {
    sandbox::network const net;
    tiny_sockmap const here, there;
    constexpr auto verdict = bpflink::attach_type::sk_msg_verdict;
    auto const send = [](tiny_sockmap const& map) { // a socket takes what the map has by then
        connection const one;
        map.put(one.client);
        one.send();
    };
    on_places<bpflink::program_type::sk_msg>(
        bpflink::hook::sockmap{.map = here.ref, .attach = verdict},
        bpflink::hook::sockmap{.map = there.ref, .attach = verdict},
        [&] {
            send(here);
            send(there);
        },
        play, 1, verdict);
}

/// Has the kernel run what a link iterates with.
void read_iterator(bpflink::link_id id);

template <class Play>
void on_iter(Play play) {
    using program = tiny<bpflink::program_type::tracing>;
    constexpr auto iterates = bpflink::attach_type::trace_iter;
    program const first{0, iterates, "task"}, second{0, iterates, "task"},
        other{0, iterates, "task"};
    auto const read_all = [&] {
        for (auto const* const each : {&first, &second, &other})
            for (auto const id : each->links())
                read_iterator(id);
    };
    play(stage<program::type, bpflink::hook::iter>{first, second, other, {}, {}, read_all});
}

/// A program of replaceable.bpf.c. Empty, and skipped, where the kernel loads none.
/// @param target  the program whose function it is to replace
[[nodiscard]] bpflink::unique_fd load_replaceable(char const* name, bpflink::fd_view target = {});
/// The answer of an XDP program to a packet.
[[nodiscard]] unsigned verdict_of(bpflink::fd_view program);

template <class Play>
void on_freplace(Play play) {
    using replacement = tiny<bpflink::program_type::ext>;
    auto const here = load_replaceable("calls_replaceable"),
               there = load_replaceable("calls_replaceable");
    if (!here || !there) return;
    auto const at = [](bpflink::fd_view target) {
        return bpflink::hook::freplace{.target = target, .function = "replaceable"};
    };
    replacement const first{load_replaceable("replacement", here)},
        second{load_replaceable("replacement", here)};
    replacement other{load_replaceable("replacement", there)};
    other.counted = [&, replaced = std::uint64_t{}]() mutable {
        return replaced += verdict_of(there) != XDP_PASS ? 1 : 0;
    };
    play(stage<replacement::type, bpflink::hook::freplace>{first, second, other, at(here),
                                                           at(there), [] {}});
}

template <class Play>
void on_struct_ops(Play play) {
    using table = tiny<bpflink::program_type::struct_ops>;
    table const first{0}, second{0}, other{1};
    play(stage<bpflink::program_type::struct_ops, bpflink::hook::struct_ops>{
        first, second, other, {}, {}, [] {}});
}

/// A function of this program's, to be probed, with a USDT probe in it.
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

template <class Play>
void on_usdt(Play play) {
    bpflink::hook::usdt const where{
        .binary = this_binary(), .provider = "bpflink", .name = "kill_tests"};
    on_places<bpflink::program_type::kprobe>(where, where, kill_tests_probed, play, 0,
                                             bpflink::attach_type::trace_uprobe_multi);
}
