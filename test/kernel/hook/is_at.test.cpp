// SPDX-License-Identifier: Apache-2.0
// Which links the kernel has at a place: at this one, at another, at one that is gone, and at that
// of the same number in another namespace.
#include "congestion.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "probe_targets.hpp"
#include "replaceable.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::match;
using bl::program_type;

template <class H, class L>
match at(H const& where, L const& l, std::source_location from = std::source_location::current()) {
    return must(bl::is_at(where, l), from);
}
template <class P, class H, class L>
match at(P const& prog, H const& where, L const& l,
         std::source_location from = std::source_location::current()) {
    return must(bl::is_at(prog, where, l), from);
}

/// Of what this kernel may not tell.
void check_told(match is, match wanted, char const* what,
                std::source_location from = std::source_location::current()) {
    if (is == match::unknown)
        skip_part(std::string{"the kernel does not tell "} + what);
    else
        CHECK_MESSAGE(is == wanted, ::place(from));
}

/// Whether links of such probes are told: where the kernel tells their place, and their process.
constexpr char const* probes = "where a probe is";

} // namespace

// E4
TEST_CASE_FIXTURE(kernel_case, "a link on an interface is at that of its own namespace alone") {
    sandbox::network net;
    auto const device = net.add_veth().here;
    constant_program<program_type::xdp> const prog{2 /* XDP_PASS */};
    bl::hook::xdp const on_lo{.ifindex = net.loopback(), .mode = bl::xdp_mode::generic};
    bl::hook::xdp const on_device{.ifindex = device, .mode = bl::xdp_mode::generic};
    auto l = must(bl::attach(prog, on_lo));
    CHECK(at(on_lo, l) == match::yes);
    CHECK(at(bl::hook::xdp{.ifindex = net.loopback()}, l) == match::yes);
    CHECK(at(prog, on_lo, l) == match::yes);
    CHECK(at(on_device, l) == match::no);
    CHECK(at(bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress}, l) ==
          match::no);
    {
        sandbox::network const other;
        CHECK(other.loopback() == net.loopback());
        CHECK(at(on_lo, l) == match::no);
        auto const theirs = must(bl::attach(prog, on_lo));
        CHECK(at(on_lo, theirs) == match::yes);
    }
    auto const short_lived = must(bl::attach(prog, on_device));
    CHECK(at(on_device, short_lived) == match::yes);
    net.remove(device);
    CHECK(eventually([&] { return at(on_device, short_lived) == match::no; }));
    must(l.detach());
    CHECK(at(on_lo, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of tcx is at its interface, namespace and direction") {
    sandbox::network const net;
    constant_program<program_type::sched_cls> const prog{-1 /* TCX_NEXT */};
    bl::hook::tcx const in{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress};
    auto made = bl::attach(prog, in);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(at(in, l) == match::yes);
    CHECK(at(bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_egress}, l) ==
          match::no);
    CHECK(at(bl::hook::tcx{.ifindex = net.loopback()}, l) == match::unknown);
    {
        sandbox::network const other;
        CHECK(at(in, l) == match::no);
    }
    must(l.detach());
    CHECK(at(in, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of netkit is at its device") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    constant_program<program_type::sched_cls> const prog{-1};
    bl::hook::netkit const primary{.ifindex = pair->primary, .attach = attach_type::netkit_primary};
    auto const l = must(bl::attach(prog, primary));
    CHECK(at(primary, l) == match::yes);
    CHECK(at(bl::hook::netkit{.ifindex = pair->primary, .attach = attach_type::netkit_peer}, l) ==
          match::no);
    CHECK(at(bl::hook::netkit{.ifindex = net.loopback(), .attach = attach_type::netkit_primary},
             l) == match::no);
    {
        sandbox::network const other;
        CHECK(at(primary, l) == match::no);
    }
    net.remove(pair->primary);
    CHECK(eventually([&] { return at(primary, l) == match::no; }));
}

TEST_CASE_FIXTURE(kernel_case, "a link of netfilter is in one namespace, until it is detached") {
    sandbox::network const net;
    if (!loads(program_type::netfilter, attach_type::netfilter)) return;
    constant_program<program_type::netfilter> const prog{1, attach_type::netfilter};
    bl::hook::netfilter const out{.protocol_family = bl::protocol_family::ipv4,
                                  .hook = bl::netfilter_hook::local_out,
                                  .priority = -128};
    auto l = must(bl::attach(prog, out));
    CHECK(at(out, l) == match::yes);
    auto later = out;
    later.priority = -127;
    CHECK(at(later, l) == match::no);
    {
        sandbox::network const other;
        CHECK(at(out, l) == match::no);
    }
    must(l.detach());
    CHECK(at(out, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of a cgroup is at that, until it is removed") {
    sandbox::cgroup group;
    sandbox::cgroup const other;
    std::string const path = group.path(); // it forgets it when it is removed
    constant_program<program_type::cgroup_skb> const prog{1, attach_type::cgroup_inet_egress};
    bl::hook::cgroup const where{.cgroup = path, .attach = attach_type::cgroup_inet_egress};
    auto const l = must(bl::attach(prog, where));
    CHECK(at(where, l) == match::yes);
    bl::unique_fd const fd{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    bl::hook::cgroup const by_descriptor{.cgroup = bl::fd_view{fd},
                                         .attach = attach_type::cgroup_inet_egress};
    CHECK(at(by_descriptor, l) == match::yes);
    CHECK(at(bl::hook::cgroup{.cgroup = other.path(), .attach = where.attach}, l) == match::no);
    CHECK(at(bl::hook::cgroup{.cgroup = group.path(), .attach = attach_type::cgroup_inet_ingress},
             l) == match::no);
    CHECK(at(bl::hook::cgroup{.cgroup = group.path()}, l) == match::unknown);
    check_error(bl::is_at(bl::hook::cgroup{.cgroup = "/tmp", .attach = where.attach}, l),
                bl::errc::invalid_argument, {"/tmp"});
    group.remove();
    CHECK(at(where, l) == match::no);
    CHECK(eventually([&] { return at(by_descriptor, l) == match::no; }));
}

TEST_CASE_FIXTURE(kernel_case, "a link of a network namespace is at that one") {
    sandbox::network const net;
    auto const here = sandbox::network::here();
    constant_program<program_type::sk_lookup> const prog{1, attach_type::sk_lookup};
    bl::hook::netns const where{.netns = here, .attach = attach_type::sk_lookup};
    auto l = must(bl::attach(prog, where));
    CHECK(at(where, l) == match::yes);
    {
        sandbox::network const other;
        auto const there = sandbox::network::here();
        CHECK(at(bl::hook::netns{.netns = there, .attach = attach_type::sk_lookup}, l) ==
              match::no);
        CHECK(at(where, l) == match::yes); // a descriptor means the same everywhere
    }
    CHECK(at(bl::hook::netns{.netns = here, .attach = attach_type::flow_dissector}, l) ==
          match::no);
    bl::unique_fd const file{::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
    check_error(bl::is_at(bl::hook::netns{.netns = file, .attach = attach_type::sk_lookup}, l),
                bl::errc::invalid_argument);
    must(l.detach());
    CHECK(at(where, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of a sockmap is at that map") {
    constant_program<program_type::sk_msg> const prog{1, attach_type::sk_msg_verdict};
    bl::unique_fd const a{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "a", 4, 4, 1, nullptr)};
    bl::unique_fd const b{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "b", 4, 4, 1, nullptr)};
    auto const at_map = [](bl::unique_fd const& map) {
        return bl::hook::sockmap{must(bl::map_ref::from_fd(map)), attach_type::sk_msg_verdict};
    };
    auto made = bl::attach(prog, at_map(a));
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(at(at_map(a), l) == match::yes);
    CHECK(at(at_map(b), l) == match::no);
    must(l.detach());
    CHECK(at(at_map(a), l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of a table is at the struct that the table is for") {
    congestion_control const first{congestion_control::attached::by_nobody};
    congestion_control const second{congestion_control::attached::by_nobody};
    if (!first.is_loaded()) return skip_case(first.reason());
    bl::hook::struct_ops const hook;
    auto l = must(bl::attach(first.map(), hook));
    CHECK(at(hook, l) == match::unknown);
    CHECK(must(bl::is_at(first.map(), hook, l)) == match::yes);
    CHECK(must(bl::is_at(second.map(), hook, l)) == match::yes);
    auto const other = make_map();
    CHECK(must(bl::is_at(must(bl::map_ref::from_fd(other)), hook, l)) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of tracing is at the function that the program is for") {
    auto const one = kernel_function("bpf_fentry_test1");
    auto const two = kernel_function("bpf_fentry_test2");
    if (!one || !two) return;
    auto const load = [](attach_type attach, bl::btf_id target) {
        return counted_program::load(program_type::tracing, attach, {.target = target});
    };
    auto const p = load(attach_type::trace_fentry, *one);
    auto const same = load(attach_type::trace_fentry, *one);
    auto const other = load(attach_type::trace_fentry, *two);
    auto const end = load(attach_type::trace_fexit, *one);
    if (!p || !same || !other || !end) return;
    bl::hook::tracing const hook;
    auto const lent = [](auto const& program) {
        return program->template as<program_type::tracing>();
    };
    auto const l = must(bl::attach(lent(p), hook));
    CHECK(at(hook, l) == match::unknown);
    CHECK(at(bl::hook::lsm{}, l) == match::no);
    CHECK(at(lent(p), hook, l) == match::yes);
    CHECK(at(lent(end), hook, l) == match::no);
    check_told(at(lent(same), hook, l), match::yes, "a program's function");
    check_told(at(lent(other), hook, l), match::no, "a program's function");
}

TEST_CASE_FIXTURE(kernel_case, "a link of LSM is at the hook that the program is for") {
    auto const load = [](char const* name) -> std::optional<counted_program> {
        auto const target = kernel_function(name, attach_type::lsm_mac);
        if (!target) return std::nullopt;
        return counted_program::load(program_type::lsm, attach_type::lsm_mac, {.target = *target});
    };
    auto const p = load("file_mprotect"), same = load("file_mprotect"), other = load("file_open");
    if (!p || !same || !other) return;
    bl::hook::lsm const hook;
    auto made = bl::attach(p->as<program_type::lsm>(), hook);
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    CHECK(at(hook, l) == match::unknown);
    CHECK(at(bl::hook::tracing{}, l) == match::no);
    CHECK(at(p->as<program_type::lsm>(), hook, l) == match::yes);
    check_told(at(same->as<program_type::lsm>(), hook, l), match::yes, "a program's function");
    check_told(at(other->as<program_type::lsm>(), hook, l), match::no, "a program's function");
}

TEST_CASE_FIXTURE(kernel_case, "a link of tp_btf is at the tracepoint that the program is for") {
    auto const load = [](char const* name) -> std::optional<counted_program> {
        auto const target = kernel_function(name, attach_type::trace_raw_tp);
        if (!target) return std::nullopt;
        return counted_program::load(program_type::tracing, attach_type::trace_raw_tp,
                                     {.target = *target});
    };
    auto const p = load("sys_enter"), same = load("sys_enter"), other = load("sys_exit");
    if (!p || !same || !other) return;
    bl::hook::tp_btf const hook;
    auto const l = must(bl::attach(p->as<program_type::tracing>(), hook));
    CHECK(at(hook, l) == match::unknown);
    CHECK(at(bl::hook::raw_tracepoint{.name = "sys_enter"}, l) == match::no);
    CHECK(at(p->as<program_type::tracing>(), hook, l) == match::yes);
    check_told(at(same->as<program_type::tracing>(), hook, l), match::yes, "a program's function");
    check_told(at(other->as<program_type::tracing>(), hook, l), match::no, "a program's function");
}

TEST_CASE_FIXTURE(kernel_case, "a link of freplace is at the function of its target alone") {
    loaded_program const target{"calls_replaceable"}, another{"calls_replaceable"};
    auto const p = load_replacement(target);
    if (!p) return;
    auto const where = [](loaded_program const& of, char const* function) {
        return bl::hook::freplace{.target = of.fd(), .function = function};
    };
    auto const l = must(bl::attach(p->as_ext(), where(target, "replaceable")));
    check_told(at(where(target, "replaceable"), l), match::yes, "the target of a tracing link");
    check_told(at(where(target, "other"), l), match::no, "the target of a tracing link");
    check_told(at(where(another, "replaceable"), l), match::no, "the target of a tracing link");
    CHECK(at(bl::hook::tracing{}, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a raw tracepoint's link is at its name") {
    constant_program<program_type::raw_tracepoint> const raw{0};
    auto const l = must(bl::attach(raw, bl::hook::raw_tracepoint{.name = "sched_switch"}));
    CHECK(at(bl::hook::raw_tracepoint{.name = "sched_switch"}, l) == match::yes);
    CHECK(at(bl::hook::raw_tracepoint{.name = "sys_enter"}, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of an iterator is at what it walks") {
    if (auto const why = refusal("iter_maps"); !why.empty()) return skip_case(why);
    programs const loaded{"iter_tasks", "iter_maps"};
    auto const all = loaded.iter("iter_tasks");
    auto const l = must(bl::attach(all, bl::hook::iter{}));
    CHECK(at(bl::hook::iter{}, l) == match::unknown);
    CHECK(at(all, bl::hook::iter{}, l) == match::yes);
    check_told(at(loaded.iter("iter_maps"), bl::hook::iter{}, l), match::no,
               "a program's function");
    auto const map = make_map();
    CHECK(at(all, bl::hook::iter{.map = must(bl::map_ref::from_fd(map))}, l) == match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a tracepoint's link is at its group and name") {
    constant_program<program_type::tracepoint> const prog{0};
    bl::hook::tracepoint const where{"sched", "sched_switch"};
    auto made = bl::attach(prog, where);
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    check_told(at(where, l), match::yes, probes);
    check_told(at(bl::hook::tracepoint{"sched", "sched_waking"}, l), match::no, probes);
    check_told(at(bl::hook::tracepoint{"syscalls", "sched_switch"}, l), match::no, probes);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a kprobe's link is at function, offset and side, by name or address") {
    auto const p = load_probe();
    if (!p) return;
    auto const prog = p->as<program_type::kprobe>();
    bl::hook::kprobe const where{.function = "bpf_fentry_test1"};
    auto made = bl::attach(prog, where);
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    check_told(at(where, l), match::yes, probes);
    check_told(at(bl::hook::kprobe{.function = "bpf_fentry_test2"}, l), match::no, probes);
    check_told(at(bl::hook::kprobe{.function = where.function, .retprobe = true}, l), match::no,
               probes);
    check_told(at(bl::hook::kprobe{.function = "bpf_no_such_function"}, l), match::no, probes);
    if (auto const address = bl::kernel_symbol_address(where.function))
        CHECK(at(bl::hook::kprobe{.offset = *address}, l) != match::no);
}

TEST_CASE_FIXTURE(kernel_case, "a link of kprobe_multi has all functions and no other") {
    auto const p = load_probe(attach_type::trace_kprobe_multi);
    if (!p) return;
    constexpr std::array<std::string_view, 2> both{"bpf_fentry_test1", "bpf_fentry_test2"};
    constexpr std::array<std::string_view, 2> others{"bpf_fentry_test1", "bpf_fentry_test3"};
    auto made = bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe_multi{.symbols = both});
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    check_told(at(bl::hook::kprobe_multi{.symbols = both}, l), match::yes, probes);
    check_told(at(bl::hook::kprobe_multi{.symbols = others}, l), match::no, probes);
    check_told(at(bl::hook::kprobe_multi{.symbols = std::span{both}.first(1)}, l), match::no,
               probes);
    check_told(at(bl::hook::kprobe_multi{.symbols = both, .retprobe = true}, l), match::no, probes);
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe's link is at the file, the offset and the process") {
    auto const p = load_probe();
    if (!p) return;
    auto const prog = p->as<program_type::kprobe>();
    bl::hook::uprobe const where{.binary = own_binary, .symbol = first_probed};
    auto made = bl::attach(prog, where);
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    auto const of_this = [&] {
        auto asked = where;
        asked.pid = 0;
        return asked;
    }();
    auto const mine = must(bl::attach(prog, of_this));
    check_told(at(where, l), match::yes, probes);
    check_told(at(bl::hook::uprobe{.binary = own_binary, .symbol = second_probed}, l), match::no,
               probes);
    check_told(at(of_this, l), match::no, probes);
    check_told(at(of_this, mine), match::yes, probes);
    check_told(at(where, mine), match::no, probes);
    auto other = of_this;
    other.pid = ::getppid();
    check_told(at(other, mine), match::no, probes);
}

namespace {

/// A file that is not ELF, whose every byte is an instruction; in a directory of its own.
struct code_file {
    char directory[32] = "/tmp/bpflink-code-XXXXXX";
    std::string path;

    code_file() {
        REQUIRE(::mkdtemp(directory));
        path = std::string{directory} + "/code";
        write(path);
    }
    ~code_file() { std::filesystem::remove_all(directory); }
    code_file(code_file const&) = delete;
    code_file& operator=(code_file const&) = delete;

    static void write(std::string const& name) { std::ofstream{name} << std::string(64, '\x90'); }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a probed file that is moved, hidden or deleted is not guessed at") {
    auto const p = load_probe();
    if (!p) return;
    code_file const code;
    auto const moved = code.path + "-moved";
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = code.path, .offset = 16});
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    bl::hook::uprobe const there{.binary = moved, .offset = 16};
    bl::hook::uprobe const before{.binary = code.path, .offset = 16};
    check_told(at(before, l), match::yes, probes);
    std::filesystem::rename(code.path, moved);
    CHECK(at(before, l) != match::yes);
    check_told(at(there, l), match::yes, probes);
    code_file::write(code.path); // as an upgrade does; the link's info tells the path alone
    CHECK(at(before, l) != match::yes);
    check_told(at(before, l), match::no, probes);
    check_told(at(there, l), match::yes, probes);
}

TEST_CASE_FIXTURE(kernel_case, "a link of uprobe_multi keeps its file, wherever that goes") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    code_file const code;
    auto const moved = code.path + "-moved";
    constexpr std::array<std::uint64_t, 1> offset{16};
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe_multi{.binary = code.path, .offsets = offset});
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    bl::hook::uprobe_multi const there{.binary = moved, .offsets = offset};
    std::filesystem::rename(code.path, moved);
    check_told(at(there, l), match::yes, probes);
    bl::unique_fd const file{::open(moved.c_str(), O_RDONLY | O_CLOEXEC)};
    REQUIRE(file);
    bl::hook::uprobe_multi const by_file{.binary = bl::fd_view{file}, .offsets = offset};
    check_told(at(by_file, l), match::yes, probes);
    { // hidden by a mount
        REQUIRE(::mount("none", code.directory, "tmpfs", 0, "size=64k") == 0);
        CHECK(at(by_file, l) != match::no);
        code_file::write(moved);
        CHECK(at(by_file, l) != match::no);
        REQUIRE(::umount2(code.directory, MNT_DETACH) == 0);
    }
    code_file::write(code.path);
    std::filesystem::rename(code.path, moved); // as an upgrade does
    check_told(at(there, l), match::no, probes);
    check_told(at(by_file, l), match::yes, probes); // both have lost their name
}

TEST_CASE_FIXTURE(kernel_case, "a link of uprobe_multi has all offsets and no other") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    auto const prog = p->as<program_type::kprobe>();
    constexpr std::array both{first_probed, second_probed};
    bl::hook::uprobe_multi const where{.binary = own_binary, .symbols = both};
    auto made = bl::attach(prog, where);
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    auto const of_this = [&] {
        auto asked = where;
        asked.pid = 0;
        return asked;
    }();
    auto const mine = must(bl::attach(prog, of_this));
    check_told(at(where, l), match::yes, probes);
    check_told(
        at(bl::hook::uprobe_multi{.binary = own_binary, .symbols = std::span{both}.first(1)}, l),
        match::no, probes);
    check_told(at(of_this, l), match::no, probes);
    check_told(at(of_this, mine), match::yes, probes);
    check_told(at(where, mine), match::no, probes);
}
