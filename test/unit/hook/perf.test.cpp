// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

// The hooks that are perf events to the kernel: perf_event, tracepoint, kprobe, uprobe.

namespace {

using bl::program_type;

/// A file that is long enough for the probes here.
std::string padded(std::string text) {
    text.resize(0x10000, ' ');
    return text;
}

template <program_type Type>
struct with_program : machine {
    typed_program<Type> prog{{open(add_program(Type))}};

    with_program() {
        files["/sys/bus/event_source/devices/kprobe/type"] = "6\n";
        files["/sys/bus/event_source/devices/kprobe/format/retprobe"] = "config:0\n";
        files["/sys/bus/event_source/devices/uprobe/type"] = "7\n";
        files["/sys/bus/event_source/devices/uprobe/format/retprobe"] = "config:0\n";
        files["/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset"] = "config:32-63\n";
        files["/sys/kernel/tracing/current_tracer"] = "nop\n";
        files["/sys/kernel/tracing/events/sched/sched_switch/id"] = "314\n";
        files["/sys/kernel/tracing/current_tracer"] = "nop\n";
        files["/bin/x"] = padded("code of another format than ELF");
    }
};
using with_event_program = with_program<program_type::perf_event>;
using with_tracepoint_program = with_program<program_type::tracepoint>;
using with_kprobe_program = with_program<program_type::kprobe>;

constexpr std::uint32_t perf_event_attach = 41;

} // namespace

TEST_CASE_FIXTURE(with_event_program, "a perf event of the caller's is attached to in one call") {
    auto const event = open_file();
    auto const link =
        bl::attach(prog, bl::hook::perf_event{.event = event, .cookie = bl::cookie{5}});
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_create.target == static_cast<std::uint32_t>(event.get()));
    CHECK(last_create.attach_type == perf_event_attach);
    CHECK(last_create.perf_event.cookie == 5);
    CHECK(link->info()->type == bl::link_type::perf_event);
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));
}

TEST_CASE_FIXTURE(with_event_program,
                  "hooks of perf events are told apart where the kernel tells") {
    using enum bl::match;
    auto const answers = [](auto event) {
        bl::link_info const info{.type = bl::link_type::perf_event,
                                 .details = bl::perf_event_details{std::move(event)}};
        return std::array{bl::hook_traits<bl::hook::perf_event>::matches(info),
                          bl::hook_traits<bl::hook::tracepoint>::matches(info),
                          bl::hook_traits<bl::hook::kprobe>::matches(info),
                          bl::hook_traits<bl::hook::uprobe>::matches(info)};
    };
    // The caller's own event may be of any sort.
    CHECK(answers(bl::perf_counter{}) == std::array{yes, no, no, no});
    CHECK(answers(bl::perf_tracepoint{}) == std::array{unknown, yes, no, no});
    CHECK(answers(bl::perf_kprobe{}) == std::array{unknown, no, yes, no});
    CHECK(answers(bl::perf_uprobe{}) == std::array{unknown, no, no, yes});
    CHECK(answers(std::monostate{}) == std::array{unknown, unknown, unknown, unknown});
    CHECK(bl::hook_traits<bl::hook::kprobe>::matches({.type = bl::link_type::xdp}) == no);
}

TEST_CASE_FIXTURE(with_event_program, "each refusal of a perf event has its condition and advice") {
    auto const event = open_file();
    for (auto const& [number, condition, advice] :
         {std::tuple{EEXIST, bl::errc::already_exists, "has a program already"},
          std::tuple{EBADF, bl::errc::invalid_argument, "not one"},
          std::tuple{E2BIG, no_condition, "64 programs"},
          std::tuple{EPERM, bl::errc::permission_denied, "CAP_PERFMON"},
          std::tuple{EACCES, bl::errc::permission_denied, "CAP_PERFMON"},
          std::tuple{ENOMEM, no_condition, "perf event at"}}) {
        fail(call::link_create, number);
        auto const link = bl::attach(prog, bl::hook::perf_event{.event = event});
        REQUIRE_FALSE(link);
        check_error(link.error(), number, bl::operation::link_create, condition, {advice});
    }
    // EINVAL: asked again with an impossible event, a kernel that has the links says EBADF.
    fail(call::link_create, EINVAL);
    fail(call::link_create, EBADF, 2);
    auto const mismatch = bl::attach(prog, bl::hook::perf_event{.event = event});
    REQUIRE_FALSE(mismatch);
    check_error(mismatch.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"type does not go with"});
    fail_always(call::link_create, EINVAL);
    auto const old = bl::attach(prog, bl::hook::perf_event{.event = event});
    REQUIRE_FALSE(old);
    check_error(old.error(), EINVAL, bl::operation::link_create, bl::errc::not_supported, {"5.15"});
}

TEST_CASE_FIXTURE(with_tracepoint_program, "a tracepoint is a perf event by its id") {
    auto const link = bl::attach(
        prog,
        bl::hook::tracepoint{.group = "sched", .name = "sched_switch", .cookie = bl::cookie{8}});
    REQUIRE(succeeded(link));
    CHECK(last_perf_event.attr.type == 2);
    CHECK(last_perf_event.attr.config == 314);
    CHECK(last_perf_event.attr.size == 72);
    CHECK(last_perf_event.pid == -1);
    CHECK(last_perf_event.cpu == 0);
    CHECK(last_create.attach_type == perf_event_attach);
    CHECK(last_create.perf_event.cookie == 8);
    // tracefs's file, the event: only program and link are still open.
    CHECK(open_descriptors().size() == 2);
}

TEST_CASE_FIXTURE(with_tracepoint_program, "tracefs is looked for below debugfs too") {
    files.clear();
    files["/sys/kernel/debug/tracing/events/sched/sched_switch/id"] = "99\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::tracepoint{"sched", "sched_switch"})));
    CHECK(last_perf_event.attr.config == 99);
}

TEST_CASE_FIXTURE(with_tracepoint_program, "a tracepoint that is not there is not found") {
    auto const refused = [&](bl::hook::tracepoint const& where, int number, bl::operation at,
                             bl::errc condition, char const* text) {
        auto const link = bl::attach(prog, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), number, at, condition, {text});
    };
    refused({"sched", "nothing"}, ENOENT, bl::operation::open, bl::errc::not_found,
            "'sched:nothing'");
    files.clear(); // E23: a tracefs that is not mounted tells nothing
    refused({"sched", "sched_switch"}, ENOENT, bl::operation::open, no_condition,
            "no tracefs is mounted at /sys/kernel/tracing");
    using namespace std::literals;
    for (auto const& [group, name] :
         {std::pair{""sv, "x"sv}, std::pair{"x"sv, ""sv}, std::pair{"a/b"sv, "x"sv},
          std::pair{"x"sv, ".."sv}, std::pair{"x"sv, "y\0"sv}})
        refused({group, name}, EINVAL, bl::operation::perf_event_open, bl::errc::invalid_argument,
                "group and a name");
    files["/sys/kernel/tracing/events/a/b/id"] = "no number";
    refused({"a", "b"}, EINVAL, bl::operation::read, bl::errc::invalid_argument, "events/a/b/id");
    files["/sys/kernel/tracing/events/a/b/id"] = "7\n";
    fail(call::open_file, EACCES);
    refused({"a", "b"}, EACCES, bl::operation::open, bl::errc::permission_denied, "events/a/b/id");
    fail(call::perf_event_open, EPERM);
    refused({"a", "b"}, EPERM, bl::operation::perf_event_open, bl::errc::permission_denied,
            "perf_event_paranoid");
    fail(call::link_create, EPERM);
    refused({"a", "b"}, EPERM, bl::operation::link_create, bl::errc::permission_denied, "'a:b'");
}

TEST_CASE_FIXTURE(with_kprobe_program, "a kprobe is named by function and offset, or by address") {
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

TEST_CASE_FIXTURE(with_kprobe_program, "a system call is found by the architecture's prefix") {
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

TEST_CASE_FIXTURE(with_kprobe_program, "each refusal of a kprobe has its condition and advice") {
    auto const refused = [&](bl::hook::kprobe const& where, int number, bl::operation at,
                             bl::errc condition, char const* text) {
        auto const link = bl::attach(prog, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), number, at, condition, {text});
    };
    for (auto const& [number, condition, advice] :
         {std::tuple{ENOENT, bl::errc::not_found, "no such function"},
          std::tuple{EINVAL, bl::errc::invalid_argument, "does not let"},
          std::tuple{EADDRNOTAVAIL, bl::errc::invalid_argument, "several functions"},
          std::tuple{EILSEQ, bl::errc::invalid_argument, "no instruction"},
          std::tuple{EACCES, bl::errc::permission_denied, "CAP_PERFMON"}}) {
        fail(call::perf_event_open, number);
        refused({.function = "do_x"}, number, bl::operation::perf_event_open, condition, advice);
    }
    refused({}, EINVAL, bl::operation::perf_event_open, bl::errc::invalid_argument, "needed");
    files.erase("/sys/bus/event_source/devices/kprobe/format/retprobe");
    refused({.function = "f", .retprobe = true}, ENOENT, bl::operation::open, bl::errc::not_found,
            "retprobe");
    files.erase("/sys/bus/event_source/devices/kprobe/type");
    refused({.function = "sys_f"}, ENOENT, bl::operation::perf_event_open, bl::errc::not_supported,
            "built without kprobes");
    has_sysfs = false; // E23
    refused({.function = "sys_f"}, ENOENT, bl::operation::perf_event_open, no_condition,
            "/sys is not mounted");
}

// E10
TEST_CASE_FIXTURE(with_kprobe_program, "a program that was loaded for none goes on a kprobe") {
    bpf_program const loaded{"one", program_type::kprobe, {}, prog.fd().get()};
    auto const ref = bl::program_ref<program_type::kprobe>::from(&loaded);
    CHECK(succeeded(bl::attach(*ref, bl::hook::kprobe{.function = "do_x"})));
}

TEST_CASE_FIXTURE(with_kprobe_program, "a program loaded for many functions is no kprobe's") {
    bpf_program const loaded{"multi", program_type::kprobe, bl::attach_type::trace_kprobe_multi,
                             prog.fd().get()};
    auto const ref = bl::program_ref<program_type::kprobe>::from(&loaded);
    auto const link = bl::attach(*ref, bl::hook::kprobe{.function = "do_x"});
    REQUIRE_FALSE(link);
    check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"trace_kprobe_multi", "perf_event is needed"});
    CHECK(link.error().message().find("ingress") == std::string::npos); // E10
}

TEST_CASE_FIXTURE(with_kprobe_program, "an uprobe is a place in a file, of all processes or one") {
    REQUIRE(succeeded(bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64})));
    CHECK(last_perf_event.attr.type == 7);
    CHECK(last_perf_event.name == "/bin/x");
    CHECK(last_perf_event.attr.offset == 64);
    CHECK(last_perf_event.pid == -1);
    CHECK(last_perf_event.cpu == 0);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x",
                                                        .offset = 64,
                                                        .retprobe = true,
                                                        .pid = 77,
                                                        .ref_ctr_offset = 0x1234})));
    CHECK(last_perf_event.attr.config == 0x1234'0000'0001U);
    CHECK(last_perf_event.pid == 77);
    CHECK(last_perf_event.cpu == -1);
    REQUIRE(
        succeeded(bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64, .pid = 0})));
    CHECK(last_perf_event.pid == process_id); // 0 is one thread, to the kernel: E11
    CHECK(last_perf_event.cpu == -1);
}

// E11
TEST_CASE_FIXTURE(with_kprobe_program, "the process of an uprobe is one that is there") {
    auto const refused = [&](int pid, int number, bl::errc condition, char const* text) {
        auto const link =
            bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64, .pid = pid});
        REQUIRE_FALSE(link);
        check_error(link.error(), number, bl::operation::perf_event_open, condition, {text});
        CHECK(calls(call::perf_event_open) == 0);
    };
    refused(999, ESRCH, bl::errc::not_found, "no process 999");
    refused(42, EINVAL, bl::errc::invalid_argument, "42 is a thread's number");
    refused(-1, EINVAL, bl::errc::invalid_argument, "not negative");
    without_memory.push_back(33);
    refused(33, ESRCH, bl::errc::not_found, "33 has no memory to probe");
    fail(call::find_process, EPERM); // by a filter: then the kernel says
    fail(call::find_memory, EPERM);
    CHECK(bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64, .pid = 999}));
}

// E15
TEST_CASE_FIXTURE(with_kprobe_program, "an uprobe goes into the file that was opened, or nowhere") {
    std::string const path = "/bin/x";
    bl::hook::uprobe const where{.binary = path, .offset = 64};
    auto const replaced = [&] { files[path] = padded("another one, renamed over it"); };
    before(call::perf_event_open, replaced);
    REQUIRE(succeeded(bl::attach(prog, where)));
    CHECK(calls(call::perf_event_open) == 2); // the first one is let go
    before(call::perf_event_open, [&] { files.erase(path); });
    auto const gone = bl::attach(prog, where);
    REQUIRE_FALSE(gone);
    check_error(gone.error(), ENOENT, bl::operation::open, bl::errc::not_found, {"/bin/x"});
    CHECK(newest_link() == nullptr);
    replaced();
    before(call::perf_event_open, [&] { files[path] = padded("one"); });
    before(call::perf_event_open, [&] { files[path] = padded("two"); }, 2);
    auto const busy = bl::attach(prog, where);
    REQUIRE_FALSE(busy);
    check_error(busy.error(), ETXTBSY, bl::operation::perf_event_open, no_condition,
                {"replaced twice"});
    CHECK(newest_link() == nullptr);
}

// E15
TEST_CASE_FIXTURE(with_kprobe_program,
                  "the path that the kernel keeps of an uprobe is a real one") {
    auto const kept = [&](std::string_view binary) {
        REQUIRE(succeeded(bl::attach(prog, bl::hook::uprobe{.binary = binary, .offset = 64})));
        return last_perf_event.name;
    };
    symlinks["/usr/bin"] = "/bin";
    symlinks["/bin/y"] = "x";
    symlinks["/proc/self"] = "4321";
    symlinks["/proc/4321/exe"] = "/bin/y";
    for (auto const* const name : {"/bin/x", "/usr/bin/y", "/proc/self/exe", "/bin/../bin//x"})
        CHECK(kept(name) == "/bin/x");
    symlinks["/proc/4321/fd/9"] = "/memory";
    files["/memory"] = padded("code"); // has no name of its own
    fail_always(call::descriptor_name, ENOENT);
    CHECK(kept("/proc/self/fd/9") == "/proc/4321/fd/9");
}

// E15, and E20: a failed look is not an answer
TEST_CASE_FIXTURE(with_kprobe_program, "an uprobe whose file cannot be looked for says so") {
    before(call::perf_event_open, [&] { fail(call::look_up, EMFILE); });
    auto const link = bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64});
    REQUIRE_FALSE(link);
    check_error(link.error(), EMFILE, bl::operation::open, no_condition, {"/bin/x"});
    CHECK(newest_link() == nullptr);
}

// F1
TEST_CASE_FIXTURE(with_kprobe_program,
                  "what is in another mount namespace is named below its root") {
    files["/run/c/lib/real.so"] = padded("inside");
    symlinks["/run/c/lib/x.so"] = "/lib/real.so";
    symlinks["/proc/41/root"] = "/run/c";
    files["/lib/real.so"] = padded("host");
    names_in_namespace["/run/c"] = "";
    REQUIRE(succeeded(
        bl::attach(prog, bl::hook::uprobe{.binary = "/proc/41/root/lib/x.so", .offset = 64})));
    CHECK(last_perf_event.name == "/proc/41/root/lib/real.so");
}

// F5
TEST_CASE_FIXTURE(with_kprobe_program, "an instruction that the kernel refuses is a mistake") {
    fail(call::perf_event_open, 524);
    auto const link = bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64});
    REQUIRE_FALSE(link);
    CHECK(link.error() == bl::errc::invalid_argument); // and not not_supported
    CHECK(link.error().code().value() == 524);
    CHECK(link.error().message().find("this instruction cannot be probed") != std::string::npos);
}

TEST_CASE_FIXTURE(with_kprobe_program, "each refusal of an uprobe has its condition and advice") {
    bl::hook::uprobe const where{.binary = "/bin/x", .offset = 64, .pid = 77};
    for (auto const& [number, condition, advice] :
         {std::tuple{ENOENT, bl::errc::not_found, "/bin/x"},
          std::tuple{EINVAL, bl::errc::invalid_argument, "does not let this be probed"},
          std::tuple{ENOEXEC, bl::errc::invalid_argument, "no instruction"},
          std::tuple{EIO, no_condition, "takes no probes"},
          std::tuple{ESRCH, bl::errc::not_found, "no process 77"},
          std::tuple{EACCES, bl::errc::permission_denied, "CAP_PERFMON"}}) {
        fail(call::perf_event_open, number);
        auto const link = bl::attach(prog, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), number, bl::operation::perf_event_open, condition,
                    {"/bin/x:64", advice});
    }
    auto const nothing = bl::attach(prog, bl::hook::uprobe{.binary = ""});
    REQUIRE_FALSE(nothing);
    check_error(nothing.error(), EINVAL, bl::operation::perf_event_open, bl::errc::invalid_argument,
                {"a file is needed"});
    files.erase("/sys/bus/event_source/devices/uprobe/type");
    auto const none = bl::attach(prog, where);
    REQUIRE_FALSE(none);
    check_error(none.error(), ENOENT, bl::operation::perf_event_open, bl::errc::not_supported,
                {"built without uprobes"});
}
