// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <string>
#include <string_view>

namespace {

using bl::errc;
using bl::operation;

constexpr bl::hook::kprobe do_a{.function = "do_a"};
constexpr char const* kallsyms = "/proc/kallsyms";
constexpr char const* traceable = "/sys/kernel/tracing/available_filter_functions";

} // namespace

TEST_CASE_FIXTURE(kprobe_prober, "a kprobe is named by function and offset, or by address") {
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{.function = "do_x", .offset = 4})));
    CHECK(last_perf_event.attr.type == 6);
    CHECK(last_perf_event.name == "do_x");
    CHECK(last_perf_event.attr.offset == 4);
    CHECK(last_perf_event.attr.config == 0);
    CHECK(last_perf_event.pid == -1);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{.offset = 0xffff'ffff'8100'0000U})));
    CHECK(last_perf_event.attr.name == 0);
    CHECK(last_perf_event.attr.offset == 0xffff'ffff'8100'0000U);
    REQUIRE(succeeded(bl::attach(
        prog, bl::hook::kprobe{.function = "do_x", .retprobe = true, .cookie = bl::cookie{3}})));
    CHECK(last_perf_event.attr.config == 1);
    CHECK(last_create.perf_event.cookie == 3);
    CHECK(open_descriptors().size() == 1);
}

TEST_CASE_FIXTURE(kprobe_prober, "a system call is found by the architecture's prefix") {
    fail(call::perf_event_open, ENOENT);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{.function = "sys_openat"})));
    CHECK(last_perf_event.name != "sys_openat");
    CHECK(last_perf_event.name.ends_with("_sys_openat"));
    CHECK(calls(call::perf_event_open) == 2);
    forget_calls();
    fail_always(call::perf_event_open, ENOENT);
    CHECK_FALSE(bl::attach(prog, bl::hook::kprobe{.function = "other"}));
    CHECK(calls(call::perf_event_open) == 1);
}

TEST_CASE_FIXTURE(kprobe_prober, "a system call is named as the program that calls it does") {
    fail(call::perf_event_open, ENOENT);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{.function = "openat", .syscall = true})));
    CHECK(last_perf_event.name.ends_with("_sys_openat"));
    CHECK(calls(call::perf_event_open) == 2);
    is_mistake(bl::hook::kprobe{.offset = 8, .syscall = true}, "needed");
    fail_always(call::perf_event_open, ENOENT);
    auto const link = bl::attach(prog, bl::hook::kprobe{.function = "gone", .syscall = true});
    check_error(link, ENOENT, operation::perf_event_open, errc::not_found,
                {"kprobe 'sys_gone'", "no such function"});
}

TEST_CASE_FIXTURE(kprobe_prober, "what is wrong with a kprobe's place is told") {
    is_mistake(bl::hook::kprobe{}, "needed");
    unopened(bl::hook::kprobe{"gone"}, ENOENT, errc::not_found, {"no such function"});
    unopened(bl::hook::kprobe{.offset = 1}, ENOENT, errc::not_found, {"no function there"});
    unopened(do_a, EILSEQ, errc::invalid_argument, {"no instruction begins"});
    unopened(do_a, EBUSY, errc::hook_busy, {"live patch"});
    files["/sys/devices/system/cpu/online"] = "0\n";
    fail(call::perf_event_open, ENODEV, 2); // and the other way to ask for processor 0
    unopened(do_a, ENODEV, no_condition, {"function tracer does not work", "went offline"});
    unopened(do_a, E2BIG, errc::invalid_argument, {"so long a name"});
    unopened(do_a, EOPNOTSUPP, errc::invalid_argument, {"neither stepped nor emulated"});
    unopened(do_a, ENOSYS, errc::not_supported, {"perf_event_open(2)"});
    unopened(bl::hook::kprobe{.function = "do_a", .retprobe = true}, EOPNOTSUPP, no_condition,
             {"one of: this kernel is built without return probes", "neither stepped"});
}

TEST_CASE_FIXTURE(kprobe_prober, "why a function may not be probed is told") {
    bl::hook::kprobe const inside{.function = "do_a", .offset = 4, .retprobe = true};
    unopened(inside, EINVAL, errc::invalid_argument, {"a whole function, and has no offset"});
#if defined(__x86_64__)
    constexpr auto of_the_switch = "; the kernel probes no return of __switch_to";
#else
    constexpr auto of_the_switch = "one of: ";
#endif
    unopened(bl::hook::kprobe{.function = "__switch_to", .retprobe = true}, EINVAL,
             errc::invalid_argument, {of_the_switch});
    files[kallsyms] += "ffffffff81000050 D do_data\n";
    unopened(bl::hook::kprobe{"do_data"}, EINVAL, errc::invalid_argument, {"it is data"});
    unopened(do_a, EINVAL, errc::invalid_argument,
             {"one of: ", "keeps probes off", "notrace", "a jump label"});
    files["/sys/kernel/debug/kprobes/blacklist"] =
        "0xffffffff81000010-0xffffffff81000020\tdo_a\n0xffffffff81000030-0x31\tdo_c\n";
    unopened(do_a, EINVAL, errc::invalid_argument, {"the kernel keeps probes off this function"});
    files[traceable] = "do_c\n";
    unopened(bl::hook::kprobe{"do_b"}, EINVAL, errc::invalid_argument, {"notrace"});
    files[traceable] = "do_b [module]\n";
    unopened(bl::hook::kprobe{"do_b"}, EINVAL, errc::invalid_argument, {"; ftrace, a jump label"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a kernel without kprobes is told from a machine without /sys") {
    files.erase("/sys/bus/event_source/devices/kprobe/format/retprobe");
    refused(bl::hook::kprobe{.function = "do_a", .retprobe = true}, ENOENT, operation::open,
            errc::not_found, {"retprobe"});
    files.erase("/sys/bus/event_source/devices/kprobe/type");
    refused(do_a, ENOENT, operation::perf_event_open, errc::not_supported,
            {"built without kprobes"});
    has_sysfs = false; // E23
    refused(do_a, ENOENT, operation::perf_event_open, no_condition, {"/sys is not mounted"});
}

// F9
TEST_CASE_FIXTURE(kprobe_prober, "lockdown forbids kprobes, whatever the capabilities") {
    files["/sys/kernel/security/lockdown"] = "none integrity [confidentiality]\n";
    unopened(do_a, EPERM, errc::permission_denied,
             {"kernel lockdown (confidentiality) forbids it", "raw_tracepoint and fentry work"});
    CHECK(bl::detail::probe_support("kprobe").is == bl::support::answer::no);
    CHECK(bl::detail::probe_support("kprobe").why.find("lockdown") != std::string::npos);
    CHECK(bl::detail::probe_support("tracepoint").is == bl::support::answer::no);
    files["/sys/kernel/security/lockdown"] = "none [integrity] confidentiality\n";
    unopened(do_a, EPERM, errc::permission_denied,
             {"one of: a filter of system calls", "security module"});
    lacks_capabilities = {38, 21}; // CAP_PERFMON, CAP_SYS_ADMIN
    unopened(do_a, EPERM, errc::permission_denied, {"CAP_PERFMON is missing"});
    unopened(do_a, EACCES, errc::permission_denied, {"CAP_PERFMON is missing"});
}

// F14
TEST_CASE_FIXTURE(kprobe_prober, "a function that the compiler split has its copies named") {
    files[kallsyms] += "ffffffff81000050 t split.isra.0\nffffffff81000060 t split.constprop.0\n"
                       "ffffffff81000070 t split.isra.0.cold\nffffffff81000080 d split.data\n";
    unopened(bl::hook::kprobe{"split"}, ENOENT, errc::not_found,
             {"no such function", "copies of it, split.constprop.0, split.isra.0: probe"});
    fail(call::open_file, EACCES, 4); // 1: the unit, 2, 3: looked for again
    fail(call::open_file, EACCES, 5);
    unopened(bl::hook::kprobe{"split"}, ENOENT, errc::not_found,
             {"one of: ", "/proc/kallsyms would tell", "no such function"});
}

// F15
TEST_CASE_FIXTURE(kprobe_prober, "where the functions of one name are is told") {
    files[kallsyms] += "ffffffffc0000000 t do_twice\t[one]\n";
    unopened(bl::hook::kprobe{"do_twice"}, EADDRNOTAVAIL, errc::invalid_argument,
             {"0xffffffff81000030, 0xffffffff81000040, 0xffffffffc0000000 [one]"});
    files[kallsyms] = "0000000000000000 t do_twice\n0000000000000000 t do_twice\t[one]\n";
    unopened(bl::hook::kprobe{"do_twice"}, EADDRNOTAVAIL, errc::invalid_argument,
             {"an address that is hidden, an address that is hidden [one]"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a function of the kernel itself is told from a module's") {
    files[kallsyms] += "ffffffffc0000000 t do_a\t[one]\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{"vmlinux:do_a", 4})));
    CHECK(last_perf_event.attr.name == 0);
    CHECK(last_perf_event.attr.offset == 0xffffffff81000014);
    auto const twice = bl::attach(prog, bl::hook::kprobe{"vmlinux:do_twice"});
    check_error(twice, EINVAL, bl::operation::resolve_symbol, errc::invalid_argument,
                {"2 addresses"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a function that is not there has the names near it told") {
    unopened(bl::hook::kprobe{"do_aa"}, ENOENT, errc::not_found,
             {"no such function is there; near it: do_a"});
    files[kallsyms] += "ffffffffc0000000 t in_module\t[one]\n";
    unopened(bl::hook::kprobe{"vmlinux_in_module"}, ENOENT, errc::not_found,
             {"have no such function"});
}

// F16
TEST_CASE_FIXTURE(kprobe_prober, "a module that is not loaded is told from a function") {
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe{"one:in_module"})));
    CHECK(last_perf_event.name == "one:in_module"); // the kernel knows the prefix
    unopened(bl::hook::kprobe{"one:do_a"}, ENOENT, errc::not_found, {"module 'one' is not loaded"});
    files[kallsyms] += "ffffffffc0000000 t in_module\t[one]\n";
    unopened(bl::hook::kprobe{"one:do_a"}, ENOENT, errc::not_found, {"no such function"});
}

// E21, E22
TEST_CASE_FIXTURE(kprobe_prober, "a kprobe's program is looked at before the kernel is blamed") {
    blames_program(do_a);
    blames_closed_program(do_a);
    unlinked(do_a, EINVAL, errc::invalid_argument, {"bpf_override_return", "uprobes alone"});
}

// E10
TEST_CASE_FIXTURE(kprobe_prober, "a program that was loaded for none goes on a kprobe") {
    bpf_program const loaded{"one", bl::program_type::kprobe, {}, prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&loaded);
    CHECK(succeeded(bl::attach(*ref, bl::hook::kprobe{.function = "do_x"})));
}

TEST_CASE_FIXTURE(kprobe_prober, "a program loaded for many functions is no kprobe's") {
    bpf_program const loaded{"multi", bl::program_type::kprobe, bl::attach_type::trace_kprobe_multi,
                             prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&loaded);
    auto const link = bl::attach(*ref, bl::hook::kprobe{.function = "do_x"});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"trace_kprobe_multi", "perf_event is needed"});
    CHECK(link.error().message().find("ingress") == std::string::npos); // E10
}
