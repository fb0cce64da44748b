// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bl::errc;
using bl::operation;

constexpr std::array<std::string_view, 2> names{"do_a", "do_b"};
constexpr std::array<std::uint64_t, 2> places{0x10, 0x20};
constexpr std::array cookies{bl::cookie{1}, bl::cookie{2}};
constexpr std::array one_cookie{bl::cookie{1}};
constexpr bl::hook::kprobe_multi by_name{.symbols = names};
constexpr char const* kallsyms = "/proc/kallsyms";

} // namespace

TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi hands symbols or addresses on") {
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.symbols = names})));
    CHECK(last_create.attach_type == 42);
    CHECK(last_create.kprobe_multi.count == 2);
    CHECK(last_create.kprobe_multi.symbols != 0);
    CHECK(last_create.kprobe_multi.addresses == 0);
    CHECK(last_create.kprobe_multi.cookies == 0);
    CHECK(last_create.kprobe_multi.flags == 0);

    auto const link = bl::attach(
        prog, bl::hook::kprobe_multi{.addresses = places, .cookies = cookies, .retprobe = true});
    REQUIRE(succeeded(link));
    CHECK(last_create.kprobe_multi.symbols == 0);
    CHECK(last_create.kprobe_multi.addresses == reinterpret_cast<std::uintptr_t>(places.data()));
    CHECK(last_create.kprobe_multi.cookies == reinterpret_cast<std::uintptr_t>(cookies.data()));
    CHECK(last_create.kprobe_multi.flags == 1);
    CHECK(link->info()->type == bl::link_type::kprobe_multi);

    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.symbols = names, .session = true})));
    CHECK(last_create.attach_type == 56);
}

TEST_CASE_FIXTURE(kprobe_prober, "what kprobe_multi cannot mean is refused before the kernel") {
    using hook = bl::hook::kprobe_multi;
    is_mistake(hook{}, "one of them only");
    is_mistake(hook{.symbols = names, .addresses = places}, "one of them only");
    is_mistake(hook{.symbols = names, .pattern = "do_*"}, "one of them only");
    is_mistake(hook{.symbols = names, .cookies = one_cookie}, "1 cookie for 2 functions");
    is_mistake(hook{.pattern = "do_*", .cookies = one_cookie}, "takes no cookies");
    is_mistake(hook{.symbols = names, .retprobe = true, .session = true}, "session");
    bpf_program const loaded{"one", bl::program_type::kprobe, bl::attach_type{}, prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&loaded);
    auto const link = bl::attach(*ref, hook{.symbols = names});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"loaded for no attach type, and trace_kprobe_multi is needed"}); // E10
}

TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi names the functions that are missing") {
    files[kallsyms] = "ffffffff81000010 T do_a\nffffffff81000020 t do_c\n";
    unlinked(by_name, ESRCH, errc::not_found, {"no such functions are there: do_b"});
    files[kallsyms] += "ffffffff81000030 t do_b.isra.0\n"; // F14
    unlinked(by_name, ESRCH, errc::not_found, {": do_b (only do_b.isra.0)"});
    fail(call::open_file, EMFILE, 2); // the second look
    unlinked(by_name, ESRCH, no_condition, {"one of: ", "cannot be told"});
}

TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi names the functions that ftrace does not trace") {
    files["/sys/kernel/tracing/available_filter_functions"] = "do_a\ndo_c\n";
    unlinked(by_name, ESRCH, errc::not_supported, {"ftrace cannot trace do_b: use a kprobe"});
    files["/sys/kernel/tracing/available_filter_functions"] = "do_a\ndo_b\n";
    unlinked(by_name, ESRCH, errc::not_found, {"; a module was unloaded meanwhile"});
}

TEST_CASE_FIXTURE(kprobe_prober, "what else is wrong with kprobe_multi is told") {
    bl::hook::kprobe_multi const by_address{.addresses = places};
    unlinked(by_address, ENOENT, errc::invalid_argument, {"not where ftrace traces"});
    unlinked(by_address, EINVAL, errc::invalid_argument, {"not where ftrace traces", "override"});
    unlinked(by_name, EINVAL, errc::invalid_argument,
             {"; one of: the program changes what functions"});
    unlinked(by_name, EOPNOTSUPP, errc::not_supported, {"CONFIG_FPROBE"});
    unlinked(by_name, ENOSPC, no_condition, {"tracers of functions' returns"});
    std::string const long_name(128, 'f');
    std::array<std::string_view, 1> const one{long_name};
    unlinked(bl::hook::kprobe_multi{.symbols = one}, E2BIG, errc::invalid_argument,
             {"a name is longer"});
    std::vector<std::uint64_t> const many((1U << 20) + 1);
    unlinked(bl::hook::kprobe_multi{.addresses = many}, E2BIG, errc::invalid_argument,
             {"1048577 functions are more than the kernel takes"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a kernel without sessions of kprobe_multi is told") {
    bpf_program const loaded{"one", bl::program_type::kprobe, bl::attach_type::trace_kprobe_session,
                             prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&loaded);
    fail(call::link_create, EINVAL);
    fail(call::link_create, EINVAL, 2);
    auto const link =
        bl::attach(*ref, bl::hook::kprobe_multi{.addresses = places, .session = true});
    check_error(link, EINVAL, operation::link_create, errc::not_supported,
                {"no sessions of kprobe_multi"});
}

// E21, E22
TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi looks at the program before it blames the kernel") {
    blames_program(by_name);
    blames_closed_program(by_name);
}

// F16
TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi resolves a module's prefix by itself") {
    files[kallsyms] += "ffffffffc0000000 t do_x\t[one]\nffffffffc0000010 t do_x\t[two]\n"
                       "ffffffffc0000020 t do_a\t[one]\n";
    constexpr std::array<std::string_view, 2> prefixed{"two:do_x", "do_b"};
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.symbols = prefixed})));
    CHECK(last_create.kprobe_multi.symbols == 0);
    CHECK(last_addresses ==
          std::vector<std::uint64_t>{0xffff'ffff'c000'0010U, 0xffff'ffff'8100'0020U});
    constexpr std::array<std::string_view, 1> nowhere{"three:do_x"};
    unlinked(bl::hook::kprobe_multi{.symbols = nowhere}, ESRCH, errc::not_found,
             {"no such functions are there: three:do_x"});
    files[kallsyms] = "0000000000000000 t do_x\t[two]\n0000000000000000 t do_b\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.symbols = prefixed})));
    CHECK(last_create.kprobe_multi.symbols != 0); // hidden: the kernel may know the prefix
}

TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi takes the kernel's own function by vmlinux:") {
    files[kallsyms] += "ffffffffc0000000 t do_a\t[one]\n";
    constexpr std::array<std::string_view, 2> own{"vmlinux:do_a", "one:do_a"};
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.symbols = own})));
    CHECK(last_create.kprobe_multi.symbols == 0);
    CHECK(last_addresses ==
          std::vector<std::uint64_t>{0xffff'ffff'8100'0010U, 0xffff'ffff'c000'0000U});
    constexpr std::array<std::string_view, 1> twice{"vmlinux:do_twice"};
    refused(bl::hook::kprobe_multi{.symbols = twice}, EADDRNOTAVAIL, operation::resolve_symbol,
            errc::invalid_argument, {"vmlinux:do_twice (2)"});
    constexpr std::array<std::string_view, 1> nowhere{"vmlinux:do_x"};
    unlinked(bl::hook::kprobe_multi{.symbols = nowhere}, ESRCH, errc::not_found,
             {"no such functions are there: vmlinux:do_x"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a kernel that hides addresses is told, where they are needed") {
    files[kallsyms] = "0000000000000000 t do_a\n0000000000000000 t do_x\t[one]\n";
    files["/sys/kernel/tracing/available_filter_functions"] = "do_a\ndo_x [one]\n";
    for (std::string_view const name : {"vmlinux:do_a", "one:do_x"}) {
        bl::hook::kprobe_multi const where{.symbols = {&name, 1}};
        unlinked(where, ESRCH, errc::permission_denied,
                 {"does not take \"module:function\"", "hides addresses", "kptr_restrict"});
    }
    std::string_view const plain = "do_a"; // needs no address
    unlinked(bl::hook::kprobe_multi{.symbols = {&plain, 1}}, ESRCH, errc::not_found,
             {"a module was unloaded meanwhile"});
}

// F3
TEST_CASE_FIXTURE(kprobe_prober, "kprobe_multi takes no name that stands for several functions") {
    constexpr std::array<std::string_view, 2> some{"do_a", "do_twice"};
    bl::hook::kprobe_multi const where{.symbols = some};
    refused(where, EADDRNOTAVAIL, operation::resolve_symbol, errc::invalid_argument,
            {"do_twice (2)"});
    CHECK(calls(call::link_create) == 0);
    fail(call::open_file, EACCES); // and none where that cannot be told
    refused(where, EACCES, operation::open, errc::permission_denied, {"/proc/kallsyms"});
    files.clear();
    refused(where, ENOENT, operation::open, errc::not_supported, {"by address"});
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.addresses = places})));
}

TEST_CASE_FIXTURE(kprobe_prober, "a pattern stands for the functions that can be probed") {
    files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_c\n"
                              "ffffffff81000030 t other\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.pattern = "do_?"})));
    CHECK(last_create.kprobe_multi.count == 2);
    refused(bl::hook::kprobe_multi{.pattern = "x*"}, ENOENT, bl::operation::resolve_symbol,
            bl::errc::not_found, {"'x*'"});
}
