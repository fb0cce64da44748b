// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <string>

namespace {

using enum bl::support::answer;

struct asked : machine {
    bl::support answer(std::string_view hook) { return bl::detail::probe_support(hook); }

    /// What an attach to nothing, or loading, is answered by.
    bl::support answer(std::string_view hook, any_call at, int number) {
        fail(at, number);
        return answer(hook);
    }
};

} // namespace

TEST_CASE_FIXTURE(asked, "a hook is there when the kernel refuses the impossible in its own way") {
    files["/sys/bus/event_source/devices/kprobe/type"] = "6";
    files["/sys/bus/event_source/devices/uprobe/type"] = "7";
    for (auto const& [hook, number] :
         {std::pair{"cgroup", EBADF}, std::pair{"netns", EBADF}, std::pair{"sockmap", EBADF},
          std::pair{"perf_event", EBADF}, std::pair{"tracepoint", EBADF},
          std::pair{"kprobe", EBADF}, std::pair{"uprobe", EBADF}, std::pair{"uprobe_multi", EBADF},
          std::pair{"kprobe_multi", ESRCH}, std::pair{"netfilter", EAFNOSUPPORT},
          std::pair{"tcx", ENODEV}, std::pair{"netkit", ENODEV}}) {
        CAPTURE(hook);
        CHECK(answer(hook, call::link_create, number).is == yes);
        CHECK(answer(hook, call::link_create, EINVAL).is == no);
        CHECK(answer(hook, call::link_create, EOPNOTSUPP).is == no);
        CHECK(answer(hook, call::link_create, EPERM).is == unknown);
        CHECK(answer(hook, call::prog_load, EINVAL).is == no);
        CHECK(answer(hook, call::prog_load, EPERM).is == unknown);
        CHECK_FALSE(answer(hook, call::prog_load, EPERM).why.empty());
    }
}

TEST_CASE_FIXTURE(asked, "where a program is loaded for its target, loading tells") {
    files["/sys/kernel/security/lsm"] = "lockdown,capability,bpf\n";
    for (char const* const hook :
         {"iter", "lsm", "tp_btf", "tracing", "tracing_multi", "raw_tracepoint", "xdp"}) {
        CAPTURE(hook);
        CHECK(answer(hook).is == yes);
        CHECK(answer(hook, call::prog_load, EINVAL).is == no);
        CHECK(answer(hook, call::prog_load, EPERM).is == unknown);
        CHECK(calls(call::link_create) == 0);
    }
    CHECK(answer("tracing", call::kernel_type, ESRCH).is == no);
    CHECK(answer("tracing", call::kernel_type, EPERM).is == unknown);
}

TEST_CASE_FIXTURE(asked, "what else a hook needs counts, too") {
    CHECK(answer("kprobe").is == no); // no such unit
    CHECK(answer("lsm").is == unknown);
    files["/sys/kernel/security/lsm"] = "lockdown,capability\n";
    auto const silent = answer("lsm");
    CHECK(silent.is == no);
    CHECK(silent.why.find("lockdown,capability") != std::string::npos);
    CHECK(answer("struct_ops").is == unknown);
    CHECK(answer("freplace").is == unknown);
    CHECK_FALSE(bl::support{});
}

TEST_CASE_FIXTURE(asked, "a yes or no is asked for once, unknown again") {
    // A hook that nothing else asks for: such an answer would be known already.
    fail(call::prog_load, EPERM);
    CHECK(bl::supports<bl::hook::netkit>().is == unknown);
    CHECK(bl::supports<bl::hook::netkit>());
    forget_calls();
    CHECK(bl::supports<bl::hook::netkit>());
    CHECK(system_calls() == 0);
}

namespace {

constexpr int of_the_moment[]{EPERM,  EACCES, ENOSYS, EMFILE, ENFILE,
                              ENOMEM, EAGAIN, EINTR,  EBUSY,  524};

} // namespace

// E20
TEST_CASE_FIXTURE(asked, "what only keeps a hook from being asked for is no answer") {
    files["/sys/bus/event_source/devices/kprobe/type"] = "6";
    files["/sys/bus/event_source/devices/uprobe/type"] = "7";
    files["/sys/kernel/security/lsm"] = "lockdown,bpf\n";
    for (int const number : of_the_moment)
        for (char const* const hook :
             {"cgroup",        "iter",   "kprobe",       "kprobe_multi", "lsm",
              "netfilter",     "netkit", "netns",        "perf_event",   "raw_tracepoint",
              "sockmap",       "tcx",    "tp_btf",       "tracepoint",   "tracing",
              "tracing_multi", "uprobe", "uprobe_multi", "usdt",         "xdp"}) {
            CAPTURE(number);
            CAPTURE(hook);
            auto const loading = answer(hook, call::prog_load, number);
            CHECK(loading.is == unknown);
            CHECK(loading.why.find(bl::error{number, bl::operation::prog_load}.code().message()) !=
                  std::string::npos);
            auto const attaching = answer(hook, call::link_create, number);
            CHECK(attaching.is == (calls(call::link_create) == 0 ? yes : unknown));
            mend();
            forget_calls();
        }
}

// F7: a kernel without trampolines, or without the function tracer
TEST_CASE_FIXTURE(asked, "where loading proves nothing, a program is attached for a moment") {
    files["/sys/kernel/security/lsm"] = "lockdown,bpf\n";
    for (char const* const hook : {"tracing", "lsm"}) {
        CAPTURE(hook);
        forget_calls();
        CHECK(answer(hook).is == yes);
        CHECK(calls(call::raw_tracepoint_open) == 1);
        CHECK(newest_link() == nullptr); // it is gone
        for (int const number : {524, EOPNOTSUPP, EBUSY, EINVAL, ENODEV})
            CHECK(answer(hook, call::raw_tracepoint_open, number).is == no);
        for (int const number : {EPERM, EMFILE, ENOMEM, E2BIG, ENOSYS})
            CHECK(answer(hook, call::raw_tracepoint_open, number).is == unknown);
    }
    for (char const* const hook : {"tp_btf", "iter"}) {
        forget_calls();
        CHECK(answer(hook).is == yes);
        CHECK(calls(call::raw_tracepoint_open) == 0);
    }
}

// E20
TEST_CASE_FIXTURE(asked, "a process without descriptors learns nothing of any hook") {
    files["/sys/bus/event_source/devices/kprobe/type"] = "6";
    descriptor_limit = 0;
    for (char const* const hook : {"cgroup", "iter", "kprobe", "lsm", "tcx", "tracing", "xdp"})
        CHECK(answer(hook).is == unknown);
    descriptor_limit = 9;
    for (char const* const hook : {"cgroup", "iter", "kprobe", "tcx", "tracing", "xdp"})
        CHECK(answer(hook).is == yes);
}

// E20
TEST_CASE_FIXTURE(asked, "before /sys is mounted nothing of it is missing in the kernel") {
    has_sysfs = false;
    CHECK(answer("kprobe").is == unknown);
    CHECK(answer("uprobe").is == unknown);
    CHECK(answer("tracing", call::kernel_type, ESRCH).is == unknown);
    has_sysfs = true;
    CHECK(answer("kprobe").is == no);
    CHECK(answer("tracing", call::kernel_type, ESRCH).is == no); // built without BTF
}

// E20
TEST_CASE_FIXTURE(asked, "types that are there and cannot be read leave a hook unknown") {
    files["/sys/kernel/btf/vmlinux"] = "types";
    for (int const number : {ESRCH, ENOMEM, EMFILE, EINVAL}) { // ESRCH: of libbpf, for anything
        auto const told = answer("tracing", call::kernel_type, number);
        CHECK(told.is == unknown);
        CHECK_FALSE(told.why.empty());
    }
    fail(call::open_file, EMFILE);
    CHECK(answer("tracing", call::kernel_type, ESRCH).is == unknown);
    auto const absent = answer("tracing", call::kernel_type, ENOENT);
    CHECK(absent.is == no);
    CHECK(absent.why.find("bpf_fentry_test1") != std::string::npos);
}

// E20
TEST_CASE_FIXTURE(asked, "a list of security modules with nothing in it is no list") {
    files["/sys/kernel/security/lsm"] = "";
    CHECK(answer("lsm").is == unknown);
}
