// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>

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
