// SPDX-License-Identifier: Apache-2.0
// What the names of libbpf's sections are for the library, held against libbpf's own table.
#include "hook/row.hpp"
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <bpf/libbpf.h>

namespace {

namespace hook = bl::hook;
using bl::program_type;

/// A program as libbpf has it once its object is open.
struct opened {
    ::bpf_program program{.name = "prog"};

    explicit opened(std::string section) { program.section = std::move(section); }
    [[nodiscard]] bl::result<bl::any_hook> hook() const { return bl::hook_of(&program); }
};

template <class Hook>
Hook read(opened const& prog) {
    auto const where = prog.hook();
    REQUIRE(succeeded(where));
    REQUIRE(std::holds_alternative<Hook>(*where));
    return std::get<Hook>(*where);
}

void check_refused(std::string_view section, int number, bl::errc condition,
                   std::initializer_list<std::string_view> texts) {
    CAPTURE(section);
    auto const where = opened{std::string{section}}.hook();
    check_error(where, number, bl::operation::read_section, condition, texts);
}

/// The names in libbpf's table, as it prints them where it does not know one: "kprobe+".
std::vector<std::string> names_in_libbpf() {
    static std::string said;
    said.clear();
    auto const before =
        ::libbpf_set_print([](::libbpf_print_level, char const* format, std::va_list arguments) {
            std::string text(0x10000, '\0');
            int const length = std::vsnprintf(text.data(), text.size(), format, arguments);
            said.append(text, 0, static_cast<std::size_t>(std::max(length, 0)));
            return 0;
        });
    ::bpf_prog_type type{};
    ::bpf_attach_type attach{};
    CHECK(::libbpf_prog_type_by_name("no such section", &type, &attach) < 0);
    ::libbpf_set_print(before);
    std::vector<std::string> names;
    std::string_view list = said;
    auto const colon = list.rfind("names are:");
    REQUIRE(colon != list.npos);
    list.remove_prefix(colon + std::string_view{"names are:"}.size());
    while (true) {
        list.remove_prefix(std::min(list.size(), list.find_first_not_of(" \n")));
        if (list.empty()) return names;
        auto const end = std::min(list.size(), list.find_first_of(" \n"));
        names.emplace_back(list.substr(0, end));
        list.remove_prefix(end);
    }
}

} // namespace

TEST_CASE("every hook has the names of its sections") {
    bl::each_row([](bl::detail::hook_row const& row) {
        CAPTURE(row.name);
        CHECK_FALSE(row.sections.empty());
    });
}

TEST_CASE("every section that libbpf knows gives a hook, or says why not") {
    auto const names = names_in_libbpf();
    CHECK(names.size() > 90);
    for (auto name : names) {
        if (name.ends_with('+')) name.back() = '/'; // and something may follow
        CAPTURE(name);
        if (name.ends_with('/')) name += "a/b:c";
        auto const where = opened{name}.hook();
        if (!where) CHECK(where.error().code().value() != ESRCH);
    }
}

TEST_CASE("libbpf loads programs of a section for the hook that it is of") {
    bl::each_row([](bl::detail::hook_row const& row) {
        for (auto const& each : row.sections) {
            auto const name = std::string{each.kind} + (each.rest.empty() ? "" : "/a");
            CAPTURE(name);
            // Of this size: libbpf knows newer values than the header's enumerations.
            std::underlying_type_t<::bpf_prog_type> type = 0;
            std::underlying_type_t<::bpf_attach_type> attach = 0;
            if (::libbpf_prog_type_by_name(name.c_str(), reinterpret_cast<::bpf_prog_type*>(&type),
                                           reinterpret_cast<::bpf_attach_type*>(&attach)) < 0)
                continue; // a newer one
            if (!each.no_link.empty()) continue;
            CHECK(std::ranges::find(row.program_types, static_cast<program_type>(type)) !=
                  row.program_types.end());
            if (attach == 0) continue;
            CHECK(std::ranges::find(row.attach_types, static_cast<bl::attach_type>(attach)) !=
                  row.attach_types.end());
        }
    });
}

TEST_CASE("a kprobe's section says the function, and bytes from it") {
    opened const plain{"kprobe/do_unlinkat"};
    CHECK(read<hook::kprobe>(plain).function == "do_unlinkat");
    CHECK_FALSE(read<hook::kprobe>(plain).retprobe);
    opened const decimal{"kprobe/f.isra.0+12"};
    CHECK(read<hook::kprobe>(decimal).function == "f.isra.0");
    CHECK(read<hook::kprobe>(decimal).offset == 12);
    CHECK(read<hook::kprobe>(opened{"kprobe/f+0x10"}).offset == 16);
    CHECK(read<hook::kprobe>(opened{"kprobe/f+010"}).offset == 8);
    CHECK(read<hook::kprobe>(opened{"kprobe/f+0"}).offset == 0);
    CHECK(read<hook::kprobe>(opened{"kretprobe/f"}).retprobe);
    for (auto const* const bad : {"kprobe", "kprobe/", "kprobe/+8", "kprobe/f+", "kprobe/f+x",
                                  "kprobe/f+8z", "kprobe/f+-8", "kprobe/f+0x"})
        check_refused(bad, EINVAL, bl::errc::invalid_argument,
                      {"which function", "SEC(\"kprobe/FUNCTION[+OFFSET]\")", "hook::kprobe"});
}

TEST_CASE("a ksyscall's section says the system call by its own name") {
    auto const where = read<hook::kprobe>(opened{"ksyscall/openat"});
    CHECK(where.syscall);
    CHECK_FALSE(where.retprobe);
    CHECK(read<hook::kprobe>(opened{"kretsyscall/openat"}).retprobe);
    check_refused("ksyscall", EINVAL, bl::errc::invalid_argument, {"which system call"});
}

TEST_CASE("an fentry.multi's section says a pattern, with a module or without") {
    for (std::string const kind : {"fentry.multi", "fexit.multi.s", "fsession.multi"}) {
        opened const many{kind + "/nf_tables:nft_*"};
        CHECK(read<hook::tracing_multi>(many).pattern == "nf_tables:nft_*");
        check_refused(kind, EINVAL, bl::errc::invalid_argument, {"which functions"});
    }
}

TEST_CASE("a kprobe.multi's section says a pattern") {
    opened const many{"kprobe.multi/tcp_*"};
    CHECK(read<hook::kprobe_multi>(many).pattern == "tcp_*");
    CHECK_FALSE(read<hook::kprobe_multi>(many).retprobe);
    CHECK(read<hook::kprobe_multi>(opened{"kretprobe.multi/f"}).retprobe);
    CHECK(read<hook::kprobe_multi>(opened{"kprobe.session/f"}).session);
    check_refused("kprobe.multi", EINVAL, bl::errc::invalid_argument, {"which functions"});
}

TEST_CASE("a uprobe's section says the file and the function in it") {
    opened const library{"uprobe/libc.so.6:malloc"};
    CHECK(read<hook::uprobe>(library).binary == "libc.so.6");
    CHECK(read<hook::uprobe>(library).symbol == "malloc");
    CHECK_FALSE(read<hook::uprobe>(library).pid);
    opened const path{"uprobe.s//proc/self/exe:_ZplRK1xS1_+0x4"};
    CHECK(read<hook::uprobe>(path).binary == "/proc/self/exe");
    CHECK(read<hook::uprobe>(path).symbol == "_ZplRK1xS1_");
    CHECK(read<hook::uprobe>(path).offset == 4);
    opened const versioned{"uretprobe/libc.so.6:memcpy@GLIBC_2.14"};
    CHECK(read<hook::uprobe>(versioned).symbol == "memcpy@GLIBC_2.14");
    CHECK(read<hook::uprobe>(versioned).retprobe);
    opened const with_plus{"uprobe//bin/x:a::operator+"};
    CHECK(read<hook::uprobe>(with_plus).symbol == "a::operator+");
    for (auto const* const bad :
         {"uprobe", "uprobe/", "uprobe//bin/x", "uprobe//bin/x:", "uprobe/:f", "uprobe//bin/x:+8"})
        check_refused(bad, EINVAL, bl::errc::invalid_argument,
                      {"which function of which file", "hook::uprobe"});
}

TEST_CASE("a uprobe.multi's section says the file and a pattern") {
    opened const many{"uprobe.multi//bin/x:do_*"};
    CHECK(std::get<std::string_view>(read<hook::uprobe_multi>(many).binary) == "/bin/x");
    CHECK(read<hook::uprobe_multi>(many).pattern == "do_*");
    CHECK(read<hook::uprobe_multi>(opened{"uretprobe.multi.s//x:f"}).retprobe);
    CHECK(read<hook::uprobe_multi>(opened{"uprobe.session//x:f"}).session);
    CHECK_FALSE(read<hook::uprobe_multi>(opened{"uprobe.session.s//x:f"}).retprobe);
    check_refused("uprobe.multi//x", EINVAL, bl::errc::invalid_argument, {"of which file"});
}

TEST_CASE("a USDT probe's section says the file, the provider and the name") {
    for (auto const* const kind : {"usdt", "usdt.s"}) {
        opened const probe{std::string{kind} + "//bin/x:app:start"};
        CHECK(std::get<std::string_view>(read<hook::usdt>(probe).binary) == "/bin/x");
        CHECK(read<hook::usdt>(probe).provider == "app");
        CHECK(read<hook::usdt>(probe).name == "start");
    }
    CHECK(std::get<std::string_view>(read<hook::usdt>(opened{"usdt/libc.so.6:libc:x"}).binary) ==
          "libc.so.6");
    for (auto const* const bad : {"usdt", "usdt/", "usdt//bin/x", "usdt//bin/x:app", "usdt/:a:b",
                                  "usdt//bin/x::b", "usdt//bin/x:a:", "usdt//bin/x:a:b:c"})
        check_refused(
            bad, EINVAL, bl::errc::invalid_argument,
            {"which probe of which file", "hook::usdt", "SEC(\"usdt/FILE:PROVIDER:NAME\")"});
}

TEST_CASE("a tracepoint's section says its group and name") {
    for (auto const* const kind : {"tp", "tracepoint", "tp.s", "tracepoint.s"}) {
        opened const event{std::string{kind} + "/sched/sched_switch"};
        CHECK(read<hook::tracepoint>(event).group == "sched");
        CHECK(read<hook::tracepoint>(event).name == "sched_switch");
    }
    for (auto const* const bad : {"tp", "tp/", "tp/sched", "tp/sched/", "tp//sched_switch"})
        check_refused(bad, EINVAL, bl::errc::invalid_argument,
                      {"which tracepoint", "SEC(\"tp/GROUP/NAME\")"});
}

TEST_CASE("a raw tracepoint's section says its name") {
    for (auto const* const kind : {"raw_tp", "raw_tracepoint", "raw_tp.w", "raw_tracepoint.s"})
        CHECK(read<hook::raw_tracepoint>(opened{std::string{kind} + "/sys_enter"}).name ==
              "sys_enter");
    check_refused("raw_tp", EINVAL, bl::errc::invalid_argument, {"which tracepoint"});
}

TEST_CASE("where the place is in the program, the section says no more, and need not") {
    for (auto const* const rest : {"", "/vfs_read"}) {
        for (auto const* const kind : {"fentry", "fentry.s", "fexit", "fmod_ret", "fsession.s"})
            read<hook::tracing>(opened{std::string{kind} + rest});
        read<hook::lsm>(opened{std::string{"lsm.s"} + rest});
        read<hook::tp_btf>(opened{std::string{"tp_btf"} + rest});
        read<hook::freplace>(opened{std::string{"freplace"} + rest});
        read<hook::iter>(opened{std::string{"iter.s"} + rest});
    }
}

TEST_CASE("a section that does not say where is refused, with what is missing and the hook") {
    using enum bl::errc;
    check_refused("xdp", EINVAL, invalid_argument,
                  {"program 'prog' of SEC(\"xdp\")", "does not say which interface",
                   "attach it to hook::xdp, which does"});
    check_refused("xdp.frags", EINVAL, invalid_argument, {"which interface"});
    check_refused("tcx/ingress", EINVAL, invalid_argument, {"which interface", "hook::tcx"});
    check_refused("tc", EINVAL, invalid_argument, {"which interface, and ingress or egress"});
    check_refused("netkit/peer", EINVAL, invalid_argument, {"which interface", "hook::netkit"});
    check_refused("cgroup/connect4", EINVAL, invalid_argument, {"which cgroup", "hook::cgroup"});
    check_refused("cgroup/skb", EINVAL, invalid_argument, {"which cgroup, and ingress or egress"});
    check_refused("lsm_cgroup/socket_bind", EINVAL, invalid_argument, {"which cgroup"});
    check_refused("sockops", EINVAL, invalid_argument, {"which cgroup"});
    check_refused("sk_lookup", EINVAL, invalid_argument,
                  {"which network namespace", "hook::netns"});
    check_refused("flow_dissector", EINVAL, invalid_argument, {"which network namespace"});
    check_refused("sk_msg", EINVAL, invalid_argument, {"which map", "hook::sockmap"});
    check_refused("sk_skb", EINVAL, invalid_argument, {"which map, and a parser or a verdict"});
    check_refused("netfilter", EINVAL, invalid_argument, {"which protocol family"});
    check_refused("perf_event", EINVAL, invalid_argument, {"which event", "hook::perf_event"});
    check_refused("iter/bpf_map_elem", EINVAL, invalid_argument, {"which map", "hook::iter"});
}

TEST_CASE("a section that no link is made of is refused as not supported, with what else does it") {
    using enum bl::errc;
    check_refused("syscall", EOPNOTSUPP, not_supported, {"BPF_PROG_TEST_RUN"});
    check_refused("socket", EOPNOTSUPP, not_supported, {"attach_socket_filter()"});
    check_refused("sk_reuseport", EOPNOTSUPP, not_supported, {"setsockopt"});
    check_refused("sk_reuseport/migrate", EOPNOTSUPP, not_supported, {"setsockopt"});
    check_refused("action", EOPNOTSUPP, not_supported, {"tc(8)"});
    check_refused("lwt_xmit", EOPNOTSUPP, not_supported, {"route"});
    check_refused("lirc_mode2", EOPNOTSUPP, not_supported, {"infrared"});
    check_refused("xdp/devmap", EOPNOTSUPP, not_supported, {"devmap"});
    check_refused("xdp.frags/cpumap", EOPNOTSUPP, not_supported, {"cpumap"});
    check_refused("struct_ops.s/init", EOPNOTSUPP, not_supported, {"its map is attached"});
}

TEST_CASE("a name that is not libbpf's, and a null pointer, are mistakes") {
    using enum bl::errc;
    for (auto const* const name :
         {"", "xdp_prog", "xdp/eth0", "kprobes/f", "kprobe.multis/f", "cgroup/connect4/x", ".text"})
        check_refused(name, ESRCH, invalid_argument, {"libbpf has no section of this name"});
    check_error(bl::hook_of(nullptr), EINVAL, bl::operation::read_section, invalid_argument,
                {"null pointer"});
}

TEST_CASE_FIXTURE(machine, "a hook that is known at run time is attached to as one that is named") {
    ::bpf_program prog{"count", program_type::raw_tracepoint, {}, -EINVAL, "raw_tp/sys_enter"};
    auto const where = bl::hook_of(&prog);
    REQUIRE(succeeded(where));
    check_error(bl::attach(&prog, *where), EINVAL, bl::operation::prog_get_info,
                bl::errc::invalid_argument,
                {"program 'count'", "it is not loaded", "load its bpf_object first"});
    auto const loaded = open(add_program(program_type::raw_tracepoint));
    prog.fd = bl::fd_view{loaded}.get();
    {
        auto const link = bl::attach(&prog, *where);
        REQUIRE(succeeded(link));
        static_assert(std::is_same_v<decltype(link), bl::result<bl::link> const>);
        CHECK(system_calls() == 1);
        CHECK(newest_link()->facts.name == "sys_enter");
    }
    held_program const untyped{open(add_program(program_type::raw_tracepoint))};
    CHECK(succeeded(bl::attach(untyped, *where)));
}

TEST_CASE_FIXTURE(machine, "a program of another type is refused before the kernel is asked") {
    typed_program<program_type::xdp> const prog{{open(add_program(program_type::xdp))}};
    auto const check = [&](bl::any_hook const& where, std::string_view text) {
        check_error(bl::attach(prog, where), EINVAL, bl::operation::link_create,
                    bl::errc::invalid_argument, {text});
        CHECK(system_calls() == 0);
    };
    check(hook::kprobe{.function = "f"}, "of type xdp, and kprobe is needed");
    check(hook::struct_ops{}, "of type xdp, and a map is needed");
    ::bpf_program const theirs{"p", program_type::xdp, {}, prog.fd().get(), "xdp"};
    auto const link = bl::attach(&theirs, bl::any_hook{hook::lsm{}});
    REQUIRE_FALSE(link);
    CHECK(link.error() == bl::errc::invalid_argument);
    CHECK(succeeded(bl::attach(prog, bl::any_hook{hook::xdp{.ifindex = bl::ifindex{2}}})));
}
