// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace {

using bl::errc;
using bl::operation;

constexpr bl::hook::tracepoint sched_switch{"sched", "sched_switch"};
std::string const sched_switch_files = "/sys/kernel/tracing/events/sched/sched_switch/";

} // namespace

TEST_CASE_FIXTURE(tracepoint_prober, "a tracepoint is a perf event by its id") {
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

TEST_CASE_FIXTURE(tracepoint_prober, "tracefs is looked for below debugfs too") {
    files.clear();
    files["/sys/kernel/debug/tracing/events/sched/sched_switch/id"] = "99\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::tracepoint{"sched", "sched_switch"})));
    CHECK(last_perf_event.attr.config == 99);
}

TEST_CASE_FIXTURE(tracepoint_prober, "a tracepoint that is not there is not found") {
    refused(bl::hook::tracepoint{"sched", "nothing"}, ENOENT, operation::open, errc::not_found,
            {"'sched:nothing'", "no such tracepoint"});
    files.erase("/sys/kernel/tracing/current_tracer"); // E23: one that is not mounted tells nothing
    refused(bl::hook::tracepoint{"sched", "nothing"}, ENOENT, operation::open, no_condition,
            {"no tracefs is mounted at /sys/kernel/tracing"});
    using namespace std::literals;
    for (auto const& [group, name] :
         {std::pair{""sv, "x"sv}, std::pair{"x"sv, ""sv}, std::pair{"a/b"sv, "x"sv},
          std::pair{"x"sv, ".."sv}, std::pair{"x"sv, "y\0"sv}})
        is_mistake(bl::hook::tracepoint{group, name}, "group and a name");
    files["/sys/kernel/tracing/events/a/b/id"] = "no number";
    refused(bl::hook::tracepoint{"a", "b"}, EINVAL, operation::read, errc::invalid_argument,
            {"events/a/b/id"});
    fail(call::open_file, ENOTDIR); // a file among the groups
    refused(bl::hook::tracepoint{"a", "enable"}, ENOTDIR, operation::open, errc::not_found,
            {"no such tracepoint"});
    fail(call::open_file, EACCES);
    refused(bl::hook::tracepoint{"a", "b"}, EACCES, operation::open, errc::permission_denied,
            {"events/a/b/id"});
}

TEST_CASE_FIXTURE(tracepoint_prober, "what is wrong with a tracepoint is told") {
    unopened(sched_switch, EINVAL, errc::not_supported, {"cannot be opened as a perf event"});
    before(call::perf_event_open, [&] { files.erase(sched_switch_files + "id"); });
    unopened(sched_switch, EINVAL, errc::not_found, {"unloaded meanwhile"});
    files[sched_switch_files + "id"] = "314\n";
    unopened(sched_switch, EACCES, errc::permission_denied, {"security module"});
    unopened(sched_switch, EPERM, errc::permission_denied, {"a filter of system calls"});
    files["/sys/kernel/tracing/events/ftrace/function/id"] = "1\n";
    unopened(bl::hook::tracepoint{"ftrace", "function"}, EPERM, errc::invalid_argument,
             {"ftrace's own"});
    unopened(sched_switch, ENOSYS, errc::not_supported, {"perf_event_open(2)"});
    unopened(sched_switch, EMFILE, no_condition, {"RLIMIT_NOFILE"});
    unlinked(sched_switch, EINVAL, errc::invalid_argument, {"not a tracepoint of the kernel's"});
    unlinked(sched_switch, EEXIST, errc::already_exists, {"the program is on the tracepoint"});
    unlinked(sched_switch, E2BIG, no_condition, {"64 programs"});
    unlinked(sched_switch, EOPNOTSUPP, errc::not_supported, {"CONFIG_BPF_EVENTS"});
    lacks_capabilities = {38, 21}; // CAP_PERFMON, CAP_SYS_ADMIN
    unopened(sched_switch, EACCES, errc::permission_denied,
             {"CAP_PERFMON is missing", "kernel.perf_event_paranoid"});
    lacks_capabilities.clear();
    in_first_user_namespace = false;
    unopened(sched_switch, EACCES, errc::permission_denied, {"user namespace of its own"});
}

// F6
TEST_CASE_FIXTURE(tracepoint_prober, "a program that reads past the record is told the size") {
    files[sched_switch_files + "format"] =
        "name: sched_switch\nID: 314\nformat:\n"
        "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
        "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
        "\tfield:int next_prio;\toffset:56;\tsize:8;\tsigned:1;\n\n"
        "print fmt: \"offset:999; size:9;\"\n";
    fail(call::link_create, EBADF, 2); // an attach to nothing: no security module is in the way
    unlinked(sched_switch, EACCES, errc::invalid_argument,
             {"reads past this tracepoint's record (64 bytes)"});
    auto& format = files[sched_switch_files + "format"];
    format = format.substr(0, format.find("print fmt"));
    fail(call::link_create, EBADF, 2);
    unlinked(sched_switch, EACCES, errc::invalid_argument,
             {"reads past this tracepoint's record:"});
    fail(call::link_create, EACCES, 2);
    unlinked(sched_switch, EACCES, errc::permission_denied, {"security module"});
    fail(call::link_create, EMFILE, 2);
    unlinked(sched_switch, EACCES, no_condition, {"one of: ", "record", "security module"});
}

// F9
TEST_CASE_FIXTURE(tracepoint_prober,
                  "under lockdown tracefs is empty, and tracepoints are denied") {
    auto const denied = [&](int number) {
        refused(sched_switch, number, operation::open, errc::permission_denied,
                {"kernel lockdown (confidentiality) forbids it", "raw_tracepoint"});
    };
    files["/sys/kernel/security/lockdown"] = "none integrity [confidentiality]\n";
    fail(call::open_file, EPERM);
    denied(EPERM);
    files.erase(sched_switch_files + "id");
    files.erase("/sys/kernel/tracing/current_tracer");
    denied(ENOENT);
    files.erase("/sys/kernel/security/lockdown");
    files.erase("/sys/kernel/security/lsm"); // not mounted: then it may be so
    refused(sched_switch, ENOENT, operation::open, no_condition,
            {"one of: kernel lockdown", "no tracefs is mounted"});
}

TEST_CASE_FIXTURE(tracepoint_prober, "a program that sleeps is blamed where the kernel has such") {
    bl::hook::tracepoint const a_call{"syscalls", "sys_enter_read"};
    bl::hook::tracepoint const every_call{"raw_syscalls", "sys_enter"};
    files["/sys/kernel/tracing/events/syscalls/sys_enter_read/id"] = "315\n";
    files["/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"] = "316\n";
    auto const is_blamed = [&](bl::hook::tracepoint const& where) {
        fail(call::link_create, EINVAL);
        auto const link = bl::attach(prog, where);
        check_error(link, EINVAL, operation::link_create, errc::invalid_argument,
                    {"not a tracepoint of the kernel's"});
        return link.error().message().find("; or the program sleeps") != std::string::npos;
    };
    CHECK_FALSE(is_blamed(sched_switch));
    has_sleepers = true;
    CHECK(is_blamed(sched_switch));
    CHECK_FALSE(is_blamed(a_call));
    CHECK(is_blamed(every_call));
}

// E21, E22
TEST_CASE_FIXTURE(tracepoint_prober, "a tracepoint's program is looked at before it is blamed") {
    typed_program<bl::program_type::tracepoint> const stranger{
        {open(add_program(bl::program_type::xdp))}};
    fail(call::link_create, EINVAL);
    auto const link = bl::attach(stranger, sched_switch);
    check_error(link, EINVAL, operation::link_create, errc::invalid_argument,
                {"of type xdp, and tracepoint is needed"});
    blames_closed_program(sched_switch);
}

// F17
TEST_CASE_FIXTURE(tracepoint_prober, "an event is on the first processor that is online") {
    files["/sys/devices/system/cpu/online"] = "2-3,5\n";
    fail(call::perf_event_open, ENODEV);
    REQUIRE(succeeded(bl::attach(prog, sched_switch)));
    CHECK(last_perf_event.cpu == 2);
    CHECK(last_perf_event.pid == -1);
    fail(call::perf_event_open, ENODEV, 2);
    unopened(sched_switch, ENODEV, no_condition, {"went offline meanwhile"});
    files.erase("/sys/devices/system/cpu/online");
    unopened(sched_switch, ENODEV, no_condition, {"processor 0 is offline", "mount /sys"});
}
