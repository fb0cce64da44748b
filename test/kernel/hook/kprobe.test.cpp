// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a kprobe runs with its function, its return, or an address") {
    auto const p = load_probe();
    if (!p) return;
    bl::hook::kprobe where{.function = "bpf_fentry_test1", .cookie = wanted};
    SUBCASE("function") {
    }
    SUBCASE("return") {
        where.retprobe = true;
    }
    SUBCASE("address") {
        auto const address = bl::kernel_symbol_address("bpf_fentry_test1");
        if (!address) return skip_unsupported(address.error());
        where.function = {};
        where.offset = *address;
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    if (where.function.empty() && !made && made.error().code().value() == EINVAL)
        return skip_case("the kernel takes no probe at the bare address of a function");
    auto l = must(std::move(made));
    CHECK(p->runs_during(call_traced_functions) == 1);
    CHECK(p->cookie() == wanted);
    CHECK(bl::kprobe_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a system call is probed by its own name") {
    auto const p = load_probe();
    if (!p) return;
    auto made = bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{"sys_getpid"});
    if (is_unsupported(made)) return;
    auto const l = must(std::move(made));
    CHECK(p->runs_during([] { ::syscall(SYS_getpid); }) >= 1);
}

TEST_CASE_FIXTURE(kernel_case, "a function that is not there is named") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    auto const made =
        bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{"no_function_has_this_name"});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::not_found, {"no_function_has_this_name", "no such function"});
}

TEST_CASE_FIXTURE(kernel_case, "a kprobe goes where an instruction begins inside a function") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    int attached = 0;
    for (std::uint64_t offset = 1; offset != 16; ++offset) {
        auto const made =
            bl::attach(p->as<program_type::kprobe>(),
                       bl::hook::kprobe{.function = "bpf_fentry_test1", .offset = offset});
        if (is_unsupported(made)) return;
        if (made) {
            ++attached;
            continue;
        }
        auto const number = made.error().code().value();
        CHECK((number == EILSEQ || number == EINVAL));
    }
    CHECK(attached > 0);
}

TEST_CASE_FIXTURE(kernel_case, "functions that the compiler split have dots in their names") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    if (!bl::supports<bl::hook::kprobe>()) return skip_case("the kernel has no links of kprobes");
    auto const names = must(bl::matching_kernel_functions("*.isra.*"));
    if (names.empty()) return skip_case("the kernel has no function of that sort");
    bool attached = false;
    for (std::size_t i = 0; i != names.size() && i != 10 && !attached; ++i)
        attached =
            bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{names[i]}).has_value();
    CHECK(attached);
}

TEST_CASE_FIXTURE(kernel_case, "why a kprobe cannot be there is told") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    std::string const long_name(4'000, 'f');
    auto const attach = [&](bl::hook::kprobe const& where) {
        return bl::attach(p->as<program_type::kprobe>(), where);
    };
    auto const made =
        attach({.function = "bpf_fentry_test1", .offset = 1'000'000, .retprobe = true});
    if (is_unsupported(made)) return;
    CHECK_FALSE(made);
    check_error(attach({"no_module:bpf_fentry_test1"}), bl::errc::not_found, // F16
                {"module 'no_module' is not loaded"});
    check_error(attach({.function = "kprobe_dispatcher"}), bl::errc::invalid_argument);
    check_error(attach({.function = "init_task"}), bl::errc::invalid_argument, {"it is "});
    check_error(attach({.function = long_name}), bl::errc::invalid_argument, {"so long a name"});
}

// F14
TEST_CASE_FIXTURE(kernel_case, "the copies of a function that the compiler split are named") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    auto const names = must(bl::matching_kernel_functions("*.isra.0"));
    for (auto const& name : names) {
        auto const whole = name.substr(0, name.find('.'));
        auto const made = bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{whole});
        if (is_unsupported(made)) return;
        if (made || made.error() != bl::errc::not_found) continue;
        check_error(made, bl::errc::not_found, {"copies of it", name});
        return;
    }
    skip_case("the kernel has no function of that sort");
}

// F15
TEST_CASE_FIXTURE(kernel_case, "where the functions of one name are is told of a kprobe") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    auto const made = bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{"type_show"});
    if (is_unsupported(made)) return;
    if (made || made.error() == bl::errc::not_found)
        return skip_case("this kernel takes the first function of a name, or has one");
    check_error(made, bl::errc::invalid_argument, {"several symbols have this name, at 0x"});
}

// F9
TEST_CASE_FIXTURE(kernel_case, "under lockdown kprobes and tracepoints are denied by their cause") {
    std::ifstream file{"/sys/kernel/security/lockdown"};
    std::string const modes{std::istreambuf_iterator{file}, {}};
    if (modes.find("[confidentiality]") == std::string::npos)
        return skip_case("the kernel is not locked down");
    auto const p = counted_program::load(program_type::kprobe);
    auto const t = counted_program::load(program_type::tracepoint);
    if (!p || !t) return;
    check_error(bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe{"bpf_fentry_test1"}),
                bl::errc::permission_denied, {"kernel lockdown (confidentiality) forbids it"});
    check_error(bl::attach(t->as<program_type::tracepoint>(),
                           bl::hook::tracepoint{"sched", "sched_switch"}),
                bl::errc::permission_denied, {"kernel lockdown (confidentiality) forbids it"});
    CHECK_FALSE(bl::supports<bl::hook::kprobe>());
    CHECK_FALSE(bl::supports<bl::hook::tracepoint>());
}

TEST_CASE_FIXTURE(kernel_case, "a return that the kernel does not probe is told") {
    auto const p = load_probe();
    if (!p) return;
    auto const made = bl::attach(p->as<program_type::kprobe>(),
                                 bl::hook::kprobe{.function = "__switch_to", .retprobe = true});
    if (is_unsupported(made)) return;
    if (made) return skip_case("the kernel probes every function's return");
    if (made.error().message().find("not for tracing") != std::string::npos) // on arm64
        return skip_case("the kernel takes no probe of __switch_to");
    check_error(made, bl::errc::invalid_argument, {"no return of __switch_to"});
}
