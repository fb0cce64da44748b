// SPDX-License-Identifier: Apache-2.0
// A program of each kind of section runs where its name says, or where the code does.
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "probe_targets.hpp"
#include "replaceable.hpp"
#include "sandbox.hpp"
#include "sections.bpf.hpp"
#include "sockets.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

namespace hook = bl::hook;

/// sections.bpf.c, with one of its programs to load.
class section_program {
public:
    explicit section_program(char const* name) {
        auto const file = bpf_objects::sections();
        object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
        if (!object_) throw std::system_error{errno, std::generic_category(), "opening"};
        ::bpf_program* each = nullptr;
        while ((each = ::bpf_object__next_program(object_.get(), each)))
            ::bpf_program__set_autoload(each, std::strcmp(::bpf_program__name(each), name) == 0);
        program_ = ::bpf_object__find_program_by_name(object_.get(), name);
        REQUIRE(program_);
    }

    /// For a section that this libbpf does not know.
    void set_type(bl::program_type type, bl::attach_type expected) {
        if (::bpf_program__type(program_) != BPF_PROG_TYPE_UNSPEC) return;
        ::bpf_program__set_type(program_, static_cast<::bpf_prog_type>(type));
        ::bpf_program__set_expected_attach_type(program_, static_cast<::bpf_attach_type>(expected));
    }

    /// False, and a skipped case, where the kernel does not load it.
    [[nodiscard]] bool load() {
        ::libbpf_set_print(nullptr);
        if (int const outcome = ::bpf_object__load(object_.get()); outcome < 0) {
            skip_case(std::string{"the kernel does not load SEC(\""} +
                      ::bpf_program__section_name(program_) + "\"): " + std::strerror(-outcome));
            return false;
        }
        note_own_program(id_of_program(fd()).value());
        return true;
    }

    [[nodiscard]] ::bpf_program const* get() const { return program_; }
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{::bpf_program__fd(program_)}; }

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
    };
    std::unique_ptr<::bpf_object, closer> object_;
    ::bpf_program* program_ = nullptr;
};

/// Attaches, sees the program run while `action` does, and run no more when the link is closed.
void check_runs(section_program const& prog, bl::any_hook const& where,
                std::function<void()> const& action) {
    auto made = bl::attach(prog.get(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    run_statistics const statistics;
    CHECK(statistics.runs_during(prog, action) > 0);
    must(l.close());
    CHECK(statistics.runs_during(prog, action) == 0);
}

/// The same where the section says it all.
void check_section(char const* name, std::function<void()> const& action) {
    section_program prog{name};
    if (prog.load()) check_runs(prog, must(bl::hook_of(prog.get())), action);
}

void call_functions() {
    (void)call_traced_functions();
}

void ask_who() {
    ::syscall(SYS_getpid);
}

void call_probed() {
    call_first(1);
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "sections of kprobes run with the function that they name") {
    SUBCASE("kprobe") {
        check_section("on_entry", call_functions);
    }
    SUBCASE("kretprobe") {
        check_section("on_return", call_functions);
    }
    SUBCASE("kprobe with an offset") {
        check_section("at_offset", call_functions);
    }
    SUBCASE("ksyscall") {
        check_section("on_syscall", ask_who);
    }
    SUBCASE("kretsyscall") {
        check_section("after_syscall", ask_who);
    }
    SUBCASE("kprobe.multi") {
        check_section("on_many", call_functions);
    }
    SUBCASE("kretprobe.multi") {
        check_section("after_many", call_functions);
    }
    SUBCASE("kprobe.session") {
        section_program prog{"on_both_ends"};
        prog.set_type(bl::program_type::kprobe, bl::attach_type::trace_kprobe_session);
        if (!prog.load()) return;
        check_runs(prog, must(bl::hook_of(prog.get())), call_functions);
    }
}

TEST_CASE_FIXTURE(kernel_case, "sections of uprobes run with the function of the file they name") {
    SUBCASE("uprobe") {
        check_section("on_user_entry", call_probed);
    }
    SUBCASE("uretprobe") {
        check_section("on_user_return", call_probed);
    }
    SUBCASE("a program that sleeps") {
        check_section("asleep", call_probed);
    }
    SUBCASE("uprobe.multi") {
        check_section("on_many_users", [] { call_second(1); });
    }
    SUBCASE("uretprobe.multi") {
        check_section("after_many_users", call_probed);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a section names a library by its file name alone") {
    section_program prog{"on_library"};
    if (!prog.load()) return;
    auto const where = must(bl::hook_of(prog.get()));
    if (!bl::resolve_symbol("libc.so.6", "getppid"))
        return skip_case("there is no libc.so.6 with getppid");
    auto made = bl::attach(prog.get(), where);
    if (is_unsupported(made)) return;
    CHECK(must(bl::is_at(std::get<hook::uprobe>(where), must(std::move(made)))) != bl::match::no);
}

TEST_CASE_FIXTURE(kernel_case, "sections of tracepoints run with the tracepoint that they name") {
    SUBCASE("tp") {
        check_section("on_tracepoint", ask_who);
    }
    SUBCASE("raw_tp") {
        check_section("on_raw_tracepoint", ask_who);
    }
    SUBCASE("tp_btf") {
        check_section("on_btf_tracepoint", ask_who);
    }
}

TEST_CASE_FIXTURE(kernel_case, "sections whose place is in the program run there") {
    SUBCASE("fentry") {
        check_section("on_function", call_functions);
    }
    SUBCASE("fexit") {
        check_section("after_function", call_functions);
    }
    SUBCASE("fmod_ret") {
        section_program prog{"instead"};
        if (!prog.load()) return;
        check_runs(prog, must(bl::hook_of(prog.get())), [&] {
            ::bpf_test_run_opts options{};
            options.sz = sizeof options;
            CHECK(::bpf_prog_test_run_opts(prog.fd().get(), &options) == 0);
        });
    }
    SUBCASE("lsm") {
        section_program prog{"on_protection"};
        if (!prog.load()) return;
        auto const l = bl::attach(prog.get(), must(bl::hook_of(prog.get())));
        if (is_unsupported(l)) return;
        run_statistics const statistics;
        if (statistics.runs_during(prog, protect_memory) == 0)
            skip_case("\"bpf\" is not among the active security modules");
    }
    SUBCASE("iter") {
        section_program prog{"on_links"};
        if (!prog.load()) return;
        auto const l = must(bl::attach(prog.get(), must(bl::hook_of(prog.get()))));
        auto const walk = must(bl::iter_link::duplicate(l.fd()));
        run_statistics const statistics;
        CHECK(statistics.runs_during(prog, [&] {
            auto output = must(walk.open());
            for (auto&& piece : output.bytes())
                CHECK(piece);
        }) > 0);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a freplace section replaces the function it was loaded for") {
    loaded_program const target{"calls_replaceable"};
    auto const replacement = load_replacement(target);
    if (!replacement) return;
    auto const where = must(bl::hook_of(replacement->get()));
    CHECK(std::holds_alternative<hook::freplace>(where));
    CHECK(target.verdict() == 2); // XDP_PASS
    auto l = must(bl::attach(replacement->get(), where));
    CHECK(target.verdict() == 1); // XDP_DROP
    must(l.close());
    CHECK(target.verdict() == 2);
}

TEST_CASE_FIXTURE(kernel_case, "sections that do not say where run where the code does") {
    char const* name = nullptr;
    sandbox::network net;
    sandbox::cgroup group;
    std::optional<bl::any_hook> where;
    std::function<void()> action;
    SUBCASE("xdp") {
        name = "on_packet";
        where = hook::xdp{.ifindex = net.loopback()};
        action = [&] { net.send_to_loopback(1); };
    }
    SUBCASE("tcx/ingress") {
        name = "on_ingress";
        where = hook::tcx{.ifindex = net.loopback()};
        action = [&] { net.send_to_loopback(1); };
    }
    SUBCASE("cgroup_skb/egress") {
        name = "on_egress";
        where = hook::cgroup{.cgroup = group.path()};
        group.enter();
        action = [&] { net.send_to_loopback(1); };
    }
    SUBCASE("cgroup/connect4") {
        name = "on_connect";
        where = hook::cgroup{.cgroup = group.path()};
        group.enter();
        action = [] { connect_to_loopback(1); };
    }
    SUBCASE("netfilter") {
        name = "on_filter";
        where = hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                .hook = bl::netfilter_hook::local_in,
                                .priority = -7};
        action = [&] { net.send_to_loopback(1); };
    }
    section_program prog{name};
    check_error(bl::hook_of(prog.get()), bl::errc::invalid_argument, {"does not say"});
    if (prog.load()) check_runs(prog, *where, action);
}

TEST_CASE_FIXTURE(kernel_case, "sections of quiet hooks are attached where the code says") {
    auto const check = [](char const* name, bl::any_hook const& where, bl::link_type kind) {
        section_program prog{name};
        check_error(bl::hook_of(prog.get()), bl::errc::invalid_argument, {"does not say"});
        if (!prog.load()) return;
        auto made = bl::attach(prog.get(), where);
        if (is_unsupported(made)) return;
        auto const l = must(std::move(made));
        CHECK(must(l.info()).type == kind);
        CHECK(must(l.info()).program == id_of_program(prog.fd()));
    };
    SUBCASE("sockops") {
        sandbox::cgroup const group;
        check("on_operations", hook::cgroup{.cgroup = group.path()}, bl::link_type::cgroup);
    }
    SUBCASE("sk_lookup") {
        sandbox::network const net;
        auto const here = net.here();
        check("on_lookup", hook::netns{.netns = here}, bl::link_type::netns);
    }
    SUBCASE("flow_dissector") {
        sandbox::network const net;
        auto const here = net.here();
        check("on_flow", hook::netns{.netns = here}, bl::link_type::netns);
    }
    SUBCASE("sk_msg") {
        tiny_sockmap const map;
        check("on_message", hook::sockmap{.map = map.ref}, bl::link_type::sockmap);
    }
    SUBCASE("sk_skb/verdict") {
        tiny_sockmap const map;
        check("on_received", hook::sockmap{.map = map.ref}, bl::link_type::sockmap);
    }
    SUBCASE("perf_event") {
        auto const event = open_clock(1'000'000);
        if (!event) return skip_case(std::string{"no software event: "} + std::strerror(errno));
        check("on_clock", hook::perf_event{.event = event}, bl::link_type::perf_event);
    }
    SUBCASE("netkit/primary") {
        sandbox::network net;
        auto const pair = add_netkit(net);
        if (!pair) return;
        check("on_netkit", hook::netkit{.ifindex = pair->primary}, bl::link_type::netkit);
    }
}

TEST_CASE_FIXTURE(kernel_case, "sections that no link is made of say so, and what runs them") {
    check_error(bl::hook_of(section_program{"called"}.get()), bl::errc::not_supported,
                {"BPF_PROG_TEST_RUN"});
    check_error(bl::hook_of(section_program{"in_devmap"}.get()), bl::errc::not_supported,
                {"devmap"});
}

TEST_CASE_FIXTURE(kernel_case, "a program that is not loaded is not attached") {
    section_program const prog{"on_entry"};
    auto const where = must(bl::hook_of(prog.get()));
    check_error(bl::attach(prog.get(), where), bl::errc::invalid_argument,
                {"program 'on_entry'", "it is not loaded", "load its bpf_object first"});
}
