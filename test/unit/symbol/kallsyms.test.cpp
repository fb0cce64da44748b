// SPDX-License-Identifier: Apache-2.0
#include "symbol/kallsyms.hpp"

#include "machine.hpp"

#include <bpflink/symbols.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using names = std::vector<std::string>;

constexpr char const* all = "/proc/kallsyms";
constexpr char const* traceable = "/sys/kernel/tracing/available_filter_functions";
constexpr char const* traceable_by_debugfs = "/sys/kernel/debug/tracing/available_filter_functions";

struct symbols : machine {
    symbols() {
        files[all] = "ffffffff81000000 T tcp_connect\n"
                     "ffffffff81000010 t tcp_twice\n"
                     "ffffffff81000020 T tcp_close\n"
                     "ffffffff81000030 t tcp_twice\n"
                     "ffffffff81000040 W tcp_weak\n"
                     "ffffffff81000050 D tcp_data\n"
                     "ffffffff81000060 T tcp_shared\n"
                     "ffffffff81000070 b tcp_shared\n"
                     "ffffffff81000080 T udp_send\n"
                     "0000000000000000 A tcp_absolute\n"
                     "ffffffffc0000000 t tcp_in_module\t[one]\n"
                     "ffffffffc0000010 t tcp_in_two\t[one]\n"
                     "ffffffffc0000020 t tcp_in_two\t[two]\n"
                     "ffffffffc0000030 t tcp_close\t[bpf]\n"
                     "ffffffffc0000040 t tcp_close\t[__builtin__ftrace]\n"
                     "ffffffffc0000050 t tcp_program\t[bpf]\n";
        files[traceable] = "tcp_connect\n"
                           "tcp_twice\n"
                           "tcp_twice\n"
                           "tcp_shared\n"
                           "tcp_in_module [one]\n"
                           "tcp_gone\n"
                           "udp_send\n";
    }

    void refused(bl::result<names> const& found, int number, bl::operation where,
                 bl::errc condition, std::initializer_list<std::string_view> texts) {
        REQUIRE_FALSE(found);
        check_error(found.error(), number, where, condition, texts);
    }
};

} // namespace

TEST_CASE_FIXTURE(symbols, "functions that match, are traceable and occur once are found") {
    CHECK(bl::matching_kernel_functions("tcp_*") == names{"tcp_connect", "tcp_in_module"});
    CHECK(bl::matching_kernel_functions("*") == names{"tcp_connect", "tcp_in_module", "udp_send"});
    CHECK(bl::matching_kernel_functions("udp_sen?") == names{"udp_send"});
    CHECK(bl::matching_kernel_functions("tcp_connect") == names{"tcp_connect"});
    CHECK(bl::matching_kernel_functions("tcp_twice") == names{});
    CHECK(bl::matching_kernel_functions("tcp_share?") == names{}); // data counts to a kprobe
    CHECK(bl::matching_kernel_functions("nothing*") == names{});
}

TEST_CASE_FIXTURE(symbols, "without tracefs every function of the kernel's symbols counts") {
    names const expected{"tcp_close", "tcp_connect", "tcp_in_module", "tcp_weak"};
    files.erase(traceable);
    CHECK(bl::matching_kernel_functions("tcp_*") == expected);
    for (int const number : {EACCES, EPERM, ENOTDIR}) {
        files[traceable] = "tcp_connect\n";
        fail(call::open_file, number, 2);
        CHECK(bl::matching_kernel_functions("tcp_*") == expected);
    }
}

TEST_CASE_FIXTURE(symbols, "tracefs is found below debugfs too") {
    files.erase(traceable);
    files[traceable_by_debugfs] = "tcp_connect\ntcp_close\n";
    CHECK(bl::matching_kernel_functions("tcp_*") == names{"tcp_close", "tcp_connect"});
}

TEST_CASE_FIXTURE(symbols,
                  "lines may be split anywhere across reads, and the last one lack its end") {
    auto const whole = bl::matching_kernel_functions("*");
    files[all].pop_back();
    files[traceable].pop_back();
    for (std::size_t const size : {1U, 2U, 3U, 7U, 17U, 31U, 64U}) {
        most_read = size;
        CHECK(bl::matching_kernel_functions("*") == whole);
        CHECK(bl::kernel_symbol_address("udp_send") == 0xffff'ffff'8100'0080U);
    }
}

TEST_CASE_FIXTURE(symbols, "a large table is read piece by piece") {
    for (int i = 0; i != 20'000; ++i) {
        auto const name = "filler_" + std::to_string(i);
        files[all] += "ffffffff82000000 t " + name + "\n";
        files[traceable] += name + "\n";
    }
    CHECK(bl::matching_kernel_functions("tcp_*") == names{"tcp_connect", "tcp_in_module"});
    CHECK(bl::matching_kernel_functions("filler_*")->size() == 20'000);
}

TEST_CASE_FIXTURE(symbols, "lines of another form are passed over") {
    files[all] += "\nnonsense\nffffffff81000090\nffffffff81000090 T\nffffffff81000090 T \n"
                  "ffffffff81000090 T new_one\n";
    files[traceable] += "\n new_one\nnew_one\n";
    CHECK(bl::matching_kernel_functions("new*") == names{"new_one"});
    CHECK(bl::kernel_symbol_address("new_one") == 0xffff'ffff'8100'0090U);
}

TEST_CASE_FIXTURE(symbols, "what cannot be read is an error and no shorter list") {
    fail(call::open_file, ENOENT);
    refused(bl::matching_kernel_functions("*"), ENOENT, bl::operation::open, bl::errc::not_found,
            {all});
    fail(call::open_file, EPERM);
    refused(bl::matching_kernel_functions("*"), EPERM, bl::operation::open,
            bl::errc::permission_denied, {all});
    fail(call::open_file, EMFILE, 2);
    refused(bl::matching_kernel_functions("*"), EMFILE, bl::operation::open, no_condition,
            {traceable});
    most_read = 100;
    fail(call::read, EIO, 3);
    refused(bl::matching_kernel_functions("*"), EIO, bl::operation::read, no_condition, {all});
    most_read = SIZE_MAX;
    fail(call::read, EIO, 4); // 1: the symbols, 2: their end
    refused(bl::matching_kernel_functions("*"), EIO, bl::operation::read, no_condition,
            {traceable});
}

TEST_CASE_FIXTURE(symbols, "an empty pattern or name is refused before anything is read") {
    refused(bl::matching_kernel_functions(""), EINVAL, bl::operation::resolve_symbol,
            bl::errc::invalid_argument, {"the pattern is empty"});
    auto const address = bl::kernel_symbol_address("");
    REQUIRE_FALSE(address);
    check_error(address.error(), EINVAL, bl::operation::resolve_symbol, bl::errc::invalid_argument,
                {"the name is empty"});
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(symbols, "a kernel symbol has one address") {
    CHECK(bl::kernel_symbol_address("tcp_connect") == 0xffff'ffff'8100'0000U);
    CHECK(bl::kernel_symbol_address("tcp_data") == 0xffff'ffff'8100'0050U);
    CHECK(bl::kernel_symbol_address("tcp_in_module") == 0xffff'ffff'c000'0000U);
    CHECK(bl::kernel_symbol_address("tcp_close") == 0xffff'ffff'8100'0020U);
    CHECK(bl::kernel_symbol_address("tcp_absolute") == 0U);

    for (auto const* const name : {"tcp_conn", "tcp_program", "tcp_*"}) {
        auto const missing = bl::kernel_symbol_address(name);
        REQUIRE_FALSE(missing);
        check_error(missing.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                    {name});
    }
    auto const twice = bl::kernel_symbol_address("tcp_twice");
    REQUIRE_FALSE(twice);
    check_error(twice.error(), EINVAL, bl::operation::resolve_symbol, bl::errc::invalid_argument,
                {"tcp_twice", "2 addresses"});
}

TEST_CASE_FIXTURE(symbols, "addresses that the kernel hides are a lack of privilege") {
    files[all] = "0000000000000000 T one\n0000000000000000 T two\n0000000000000000 t two\n";
    for (auto const* const name : {"one", "two"}) {
        auto const hidden = bl::kernel_symbol_address(name);
        REQUIRE_FALSE(hidden);
        check_error(hidden.error(), EPERM, bl::operation::resolve_symbol,
                    bl::errc::permission_denied, {name, "kptr_restrict"});
    }
    CHECK(bl::kernel_symbol_address("three").error() == bl::errc::not_found);
    files.erase(traceable);
    CHECK(bl::matching_kernel_functions("*") == names{"one"}); // needs no addresses
}

// F3
TEST_CASE_FIXTURE(symbols, "names of several functions are told, with and without addresses") {
    constexpr std::array<std::string_view, 6> asked{"tcp_twice",  "tcp_connect", "tcp_shared",
                                                    "tcp_in_two", "tcp_close",   "tcp_twice"};
    names const expected{"tcp_twice (2)", "tcp_in_two (2)"}; // neither data nor programs count
    auto const ambiguous = [](std::span<std::string_view const> among) {
        return bl::ambiguous_among(among, *bl::places_of(among));
    };
    CHECK(ambiguous(asked) == expected);
    CHECK(calls(call::open_file) == 1); // one reading for the whole list
    for (std::size_t at = 0; (at = files[all].find("ffffffff", at)) != std::string::npos;)
        files[all].replace(at, 16, 16, '0');
    CHECK(ambiguous(asked) == expected);
    files[all] += "ffffffff81000010 t one_place\nffffffff81000010 t one_place\n";
    constexpr std::array<std::string_view, 1> listed_twice{"one_place"};
    CHECK(ambiguous(listed_twice) == names{});
    fail(call::open_file, EMFILE);
    REQUIRE_FALSE(bl::places_of(asked));
}

TEST_CASE_FIXTURE(symbols, "a name's places have their modules, and a prefix takes one module") {
    constexpr std::array<std::string_view, 5> asked{"tcp_in_two", "two:tcp_in_two", "tcp_shared",
                                                    "one:tcp_connect", "nothing"};
    auto const places = bl::places_of(asked);
    REQUIRE(succeeded(places));
    CHECK(bl::enumerated((*places)[0], 10) == "0xffffffffc0000010 [one], 0xffffffffc0000020 [two]");
    CHECK(bl::enumerated((*places)[1], 10) == "0xffffffffc0000020 [two]");
    CHECK(bl::enumerated((*places)[2], 1) == "0xffffffff81000060 and 1 more");
    CHECK((*places)[2].back().is_function == false);
    CHECK((*places)[3].empty());
    CHECK((*places)[4].empty());
    CHECK(bl::is_loaded("one") == bl::match::yes);
    CHECK(bl::is_loaded("bpf") == bl::match::no);
    fail(call::open_file, EMFILE);
    CHECK(bl::is_loaded("one") == bl::match::unknown);
}

TEST_CASE_FIXTURE(symbols, "a pattern may name modules, and the kernel itself is vmlinux") {
    files[traceable] += "tcp_in_two [one]\ntcp_in_two [two]\n";
    files[all] += "ffffffffc0000060 t tcp_alone\t[two]\n";
    files[traceable] += "tcp_alone [two]\n";
    CHECK(bl::matching_kernel_functions("one:*") == names{"tcp_in_module"});
    CHECK(bl::matching_kernel_functions("t?o:tcp_*") == names{"tcp_alone"});
    CHECK(bl::matching_kernel_functions("vmlinux:tcp_*") == names{"tcp_connect"});
    CHECK(bl::matching_kernel_functions("*:tcp_*") == bl::matching_kernel_functions("tcp_*"));
    CHECK(bl::matching_kernel_functions("two:tcp_in_two") == names{}); // a kprobe finds both
    CHECK(bl::matching_kernel_functions("two:tcp_alone") == names{"tcp_alone"});
    CHECK(bl::matching_kernel_functions("one:tcp_alone") == names{});
    CHECK(bl::matching_kernel_functions("three:*") == names{});
    for (auto const* const pattern : {":tcp_*", "one:"})
        refused(bl::matching_kernel_functions(pattern), EINVAL, bl::operation::resolve_symbol,
                bl::errc::invalid_argument, {"is empty"});
}

TEST_CASE_FIXTURE(symbols, "for a name without wildcards the kernel's symbols are not read") {
    CHECK(bl::matching_kernel_functions("tcp_connect") == names{"tcp_connect"});
    CHECK(bl::matching_kernel_functions("tcp_nothing") == names{});
    CHECK(calls(call::open_file) == 2);
    files.erase(all);
    CHECK(bl::matching_kernel_functions("tcp_connect") == names{"tcp_connect"});
    files[traceable] += "tcp_connect [two]\n";
    CHECK(bl::matching_kernel_functions("tcp_connect") == names{});
    fail(call::open_file, EMFILE);
    refused(bl::matching_kernel_functions("tcp_connect"), EMFILE, bl::operation::open, no_condition,
            {traceable});
    files.erase(traceable); // then they are
    refused(bl::matching_kernel_functions("tcp_connect"), ENOENT, bl::operation::open,
            bl::errc::not_found, {all});
}

// F15
TEST_CASE_FIXTURE(symbols, "every place of a name is told, with its module and its size") {
    using place = bl::kernel_symbol;
    auto const twice = bl::kernel_symbols("tcp_twice");
    REQUIRE(succeeded(twice));
    CHECK(*twice == std::vector<place>{{0xffff'ffff'8100'0010, "", 0x10, true},
                                       {0xffff'ffff'8100'0030, "", 0x10, true}});
    CHECK(*bl::kernel_symbols("tcp_shared") ==
          std::vector<place>{{0xffff'ffff'8100'0060, "", 0x10, true},
                             {0xffff'ffff'8100'0070, "", 0x10, false}});
    // The next module is no neighbour, nor are programs.
    CHECK(*bl::kernel_symbols("tcp_in_two") ==
          std::vector<place>{{0xffff'ffff'c000'0010, "one", std::nullopt, true},
                             {0xffff'ffff'c000'0020, "two", std::nullopt, true}});
    CHECK(*bl::kernel_symbols("one:tcp_in_module") ==
          std::vector<place>{{0xffff'ffff'c000'0000, "one", 0x10, true}});
    CHECK(*bl::kernel_symbols("udp_send") ==
          std::vector<place>{{0xffff'ffff'8100'0080, "", std::nullopt, true}});
    CHECK(*bl::kernel_symbols("tcp_absolute") == std::vector<place>{{0, "", std::nullopt, false}});
    CHECK(bl::kernel_symbols("vmlinux:tcp_twice")->size() == 2);
    CHECK(bl::kernel_symbol_address("two:tcp_in_two") == 0xffff'ffff'c000'0020U);

    auto const ambiguous = bl::kernel_symbol_address("tcp_in_two");
    REQUIRE_FALSE(ambiguous);
    check_error(ambiguous.error(), EINVAL, bl::operation::resolve_symbol,
                bl::errc::invalid_argument,
                {"tcp_in_two", "2 addresses: 0xffffffffc0000010 [one], 0xffffffffc0000020 [two]"});
    for (auto const* const name : {"", ":tcp_twice", "one:"})
        CHECK(bl::kernel_symbols(name).error() == bl::errc::invalid_argument);
    auto const elsewhere = bl::kernel_symbols("one:tcp_connect");
    REQUIRE_FALSE(elsewhere);
    check_error(elsewhere.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                {"one:tcp_connect", "not loaded, or does not have it"});
}

TEST_CASE_FIXTURE(symbols, "symbols in no order have the size to what follows by address") {
    files[all] = "ffffffffc0000030 t c\t[one]\nffffffffc0000010 t a\t[one]\n"
                 "ffffffffc0000020 t b\t[one]\nffffffffc0000018 t x\t[two]\n";
    CHECK(bl::kernel_symbols("a")->front().size == 0x10U);
    CHECK(bl::kernel_symbols("b")->front().size == 0x10U);
    CHECK_FALSE(bl::kernel_symbols("c")->front().size);
}

// F14
TEST_CASE_FIXTURE(symbols, "a name that is not there is told with what the compiler made of it") {
    files[all] += "ffffffff81000090 t split.isra.0\nffffffff810000a0 t split.cold\n"
                  "ffffffff810000b0 t split.constprop.0.isra.0\n"
                  "ffffffff810000c0 T __x64_sys_read\n";
    auto const says = [&](std::string_view name, std::initializer_list<std::string_view> texts) {
        auto const missing = bl::kernel_symbols(name);
        REQUIRE_FALSE(missing);
        check_error(missing.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                    texts);
        CHECK(bl::kernel_symbol_address(name).error() == missing.error());
    };
    says("split", {"there is only split.cold, split.isra.0, split.constprop.0.isra.0"});
    says("tcp_conect", {"near it: tcp_connect"});
    says("tcp_clsoe", {"near it: tcp_close"});
    says("sys_read", {"near it: __x64_sys_read"});
    auto const strange = bl::kernel_symbols("quite_another_name").error().message();
    CHECK(strange.find("near") == strange.npos);
}

TEST_CASE("a line of the kernel's symbols that ends where its module should be is of no module") {
    machine kernel;
    kernel.files["/proc/kallsyms"] = "ffffffff81000010 T do_a\t\nffffffff81000020 T do_a\t[\n";
    auto const found = bl::kernel_symbols("do_a");
    REQUIRE(succeeded(found));
    REQUIRE(found->size() == 2);
    CHECK(found->front().module.empty());
    CHECK(found->back().module.empty());
}
