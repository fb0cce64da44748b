// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <string>
#include <string_view>

namespace {

using bl::errc;
using bl::operation;

} // namespace

TEST_CASE_FIXTURE(kprobe_prober, "a uprobe is a place in a file, of all processes or one") {
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
TEST_CASE_FIXTURE(kprobe_prober, "the process of a uprobe is one that is there") {
    auto const refused = [&](int pid, int number, bl::errc condition, char const* text) {
        auto const link =
            bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64, .pid = pid});
        check_error(link, number, bl::operation::perf_event_open, condition, {text});
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
TEST_CASE_FIXTURE(kprobe_prober, "a uprobe goes into the file that was opened, or nowhere") {
    std::string const path = "/bin/x";
    bl::hook::uprobe const where{.binary = path, .offset = 64};
    auto const replaced = [&] { files[path] = padded("another one, renamed over it"); };
    before(call::perf_event_open, replaced);
    REQUIRE(succeeded(bl::attach(prog, where)));
    CHECK(calls(call::perf_event_open) == 2); // the first one is let go
    before(call::perf_event_open, [&] { files.erase(path); });
    auto const gone = bl::attach(prog, where);
    check_error(gone, ENOENT, bl::operation::open, bl::errc::not_found, {"/bin/x"});
    CHECK(newest_link() == nullptr);
    replaced();
    before(call::perf_event_open, [&] { files[path] = padded("one"); });
    before(call::perf_event_open, [&] { files[path] = padded("two"); }, 2);
    auto const busy = bl::attach(prog, where);
    check_error(busy, ETXTBSY, bl::operation::perf_event_open, no_condition, {"replaced twice"});
    CHECK(newest_link() == nullptr);
}

// E15
TEST_CASE_FIXTURE(kprobe_prober, "the path that the kernel keeps of a uprobe is a real one") {
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
TEST_CASE_FIXTURE(kprobe_prober, "a uprobe whose file cannot be looked for says so") {
    before(call::perf_event_open, [&] { fail(call::look_up, EMFILE); });
    auto const link = bl::attach(prog, bl::hook::uprobe{.binary = "/bin/x", .offset = 64});
    check_error(link, EMFILE, bl::operation::open, no_condition, {"/bin/x"});
    CHECK(newest_link() == nullptr);
}

// F1
TEST_CASE_FIXTURE(kprobe_prober, "what is in another mount namespace is named below its root") {
    files["/run/c/lib/real.so"] = padded("inside");
    symlinks["/run/c/lib/x.so"] = "/lib/real.so";
    symlinks["/proc/41/root"] = "/run/c";
    files["/lib/real.so"] = padded("host");
    names_in_namespace["/run/c"] = "";
    REQUIRE(succeeded(
        bl::attach(prog, bl::hook::uprobe{.binary = "/proc/41/root/lib/x.so", .offset = 64})));
    CHECK(last_perf_event.name == "/proc/41/root/lib/real.so");
}

TEST_CASE_FIXTURE(kprobe_prober, "what is wrong with a uprobe's place is told") {
    bl::hook::uprobe const where{.binary = "/bin/x", .offset = 64, .pid = 77};
    unprobeable(where, call::perf_event_open); // F5
    unopened(where, ENOEXEC, errc::invalid_argument, {"no instruction begins"});
    unopened(where, EIO, no_condition, {"one of: ", "its file system takes no probes"});
    unopened(where, ESRCH, errc::not_found, {"process 77 has ended"});
    unopened(where, EACCES, errc::permission_denied, {"/bin/x:64", "security module"});
    unopened(where, EINVAL, errc::invalid_argument, {"another reference counter, or none"});
    bl::hook::uprobe const odd{.binary = "/bin/x", .offset = 64, .ref_ctr_offset = 3};
    unopened(odd, EINVAL, errc::invalid_argument, {"a reference counter has an odd offset"});
    bl::hook::uprobe const with_counter{.binary = "/bin/x", .offset = 64, .ref_ctr_offset = 4};
    unopened(with_counter, EINVAL, errc::invalid_argument, {"one of: ", "no reference counter at"});
    unopened(with_counter, EBUSY, no_condition, {"the page of the reference counter"});
    refused(bl::hook::uprobe{.binary = ""}, EINVAL, operation::perf_event_open,
            errc::invalid_argument, {"a file is needed"});
    files.erase("/sys/bus/event_source/devices/uprobe/type");
    refused(where, ENOENT, operation::perf_event_open, errc::not_supported,
            {"built without uprobes"});
}

// E21, E22
TEST_CASE_FIXTURE(kprobe_prober, "a uprobe's program is looked at before the kernel is blamed") {
    blames_program(bl::hook::uprobe{.binary = "/bin/x", .offset = 64});
    blames_closed_program(bl::hook::uprobe{.binary = "/bin/x", .offset = 64});
}

// F9
TEST_CASE_FIXTURE(kprobe_prober, "newer kernels let nobody but an administrator probe a file") {
    bl::hook::uprobe const where{.binary = "/bin/x", .offset = 64};
    lacks_capabilities = {21}; // CAP_SYS_ADMIN
    unopened(where, EACCES, errc::permission_denied,
             {"; CAP_SYS_ADMIN is missing, which newer kernels", "hook::uprobe_multi (6.6)"});
    lacks_capabilities = {21, 38}; // CAP_PERFMON
    unopened(where, EACCES, errc::permission_denied,
             {"; CAP_PERFMON is missing, or CAP_SYS_ADMIN", "hook::uprobe_multi (6.6)"});
    lacks_capabilities = {38};
    unopened(where, EACCES, errc::permission_denied, {"; a security module"});
}
