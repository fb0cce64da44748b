// SPDX-License-Identifier: Apache-2.0
// What uprobe and uprobe_multi share: places in a file, by what the file says of itself.
#include "../../border/symbols/built_elf.hpp"
#include "../symbol/sectioned_elf.hpp"
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace std::literals;
using bl::program_type;

struct code_prober : machine {
    typed_program<program_type::kprobe> prog{{open(add_program(program_type::kprobe))}};

    code_prober() {
        files["/sys/bus/event_source/devices/uprobe/type"] = "7\n";
        make("/code");
    }
    void make(std::string const& path, std::uint32_t flags = PF_R | PF_X) {
        auto bytes = build_elf<elf64>(
            {{"f", 0x400300}, {"chosen", 0x400400, STT_GNU_IFUNC}, {"last", 0x4011ff}}, flags);
        bytes.resize(0x1300, '\x90');
        files[path] = bytes;
    }
    /// Attaches by both hooks, which have to agree.
    bl::result<void> attach(std::string_view symbol, std::uint64_t offset, bool indirect = false,
                            std::string_view binary = "/code") {
        auto const single = bl::attach(
            prog, bl::hook::uprobe{
                      .binary = binary, .symbol = symbol, .offset = offset, .indirect = indirect});
        std::span const symbols{&symbol, symbol.empty() ? 0U : 1U};
        auto const multi = bl::attach(prog, bl::hook::uprobe_multi{.binary = binary,
                                                                   .symbols = symbols,
                                                                   .offsets = {&offset, 1},
                                                                   .indirect = indirect});
        CHECK(single.has_value() == multi.has_value());
        if (!single) return tl::unexpected{single.error()};
        return {};
    }
    void refused(bl::result<void> const& made, std::initializer_list<std::string_view> texts,
                 bl::operation where = bl::operation::perf_event_open) {
        check_error(made, EINVAL, where, bl::errc::invalid_argument, texts);
    }
};

} // namespace

// F4
TEST_CASE_FIXTURE(code_prober, "a place outside the executable segments is refused") {
    for (std::uint64_t const offset : {0x0ULL, 0x1ffULL, 0x1200ULL, 0x400300ULL, ~0ULL})
        refused(attach({}, offset), {"no executable segment", "offset_of_address()"});
    refused(attach("f", 0x1000), {"no executable segment"});
    refused(attach("last", 1), {"no executable segment"});
    CHECK(attach({}, 0x200));
    CHECK(attach({}, 0x11ff));
    CHECK(attach("f", 0x10));
    CHECK(attach("last", std::uint64_t{0} - 0x20)); // backwards: it wraps around
    make("/data", PF_R);
    refused(attach({}, 0x300, false, "/data"), {"no executable segment"});
    make("/both", PF_R | PF_W | PF_X);
    refused(attach({}, 0x300, false, "/both"), {"can be written to"});
}

// F4
TEST_CASE_FIXTURE(code_prober, "in a file that is not ELF any place is taken that it has") {
    std::string const text = "the process that maps it knows its format";
    files["/jit"] = text;
    CHECK(attach({}, text.size() - 1, false, "/jit"));
    refused(attach({}, text.size(), false, "/jit"), {"ends before offset 0x29"});
    files["/empty"] = "";
    refused(attach({}, 0, false, "/empty"), {"ends before offset 0x0"});
}

// E11
TEST_CASE_FIXTURE(code_prober,
                  "this process is refused as any other, when its first thread has ended") {
    without_memory.push_back(process_id);
    auto const of_this =
        bl::attach(prog, bl::hook::uprobe{.binary = "/code", .symbol = "f", .pid = 0});
    check_error(of_this, ESRCH, bl::operation::perf_event_open, bl::errc::not_found,
                {"its first thread has ended"});
    constexpr std::array symbols{"f"sv};
    auto const of_many =
        bl::attach(prog, bl::hook::uprobe_multi{.binary = "/code", .symbols = symbols, .pid = 0});
    check_error(of_many, ESRCH, bl::operation::link_create, bl::errc::not_found,
                {"its first thread has ended"});
}

// F4
TEST_CASE_FIXTURE(code_prober, "of many places the one that is wrong is named") {
    constexpr std::array<std::uint64_t, 3> offsets{0x300, 0x1234, 0x310};
    auto const made =
        bl::attach(prog, bl::hook::uprobe_multi{.binary = "/code", .offsets = offsets});
    check_error(made, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"3 places in /code", "place 1, offset 0x1234", "no executable segment"});
    CHECK(calls(call::link_create) == 0);
}

// F2
TEST_CASE_FIXTURE(code_prober,
                  "a function that only chooses another one is refused unless asked for") {
    refused(attach("chosen", 0), {"chosen", "calls go to a variant", ".indirect"},
            bl::operation::resolve_symbol);
    CHECK(attach("chosen", 0, true));
    CHECK(last_perf_event.attr.offset == 0x400);
    CHECK(attach({}, 0x400)); // by its offset, a place is a place
}

// F5
TEST_CASE_FIXTURE(code_prober,
                  "an instruction that no kernel probes is refused before it is asked") {
    auto const with = [&](std::string_view code) {
        files["/code"].replace(0x300, code.size(), code);
        return attach("f", 0);
    };
    for (auto const code :
         {"\xf0\x48\x0f\xb1\x0f"sv, "\x66\xf0\xff\x00"sv, "\xcc\x90\x90\x90"sv,
          "\xcd\x80\x90\x90"sv, "\xf4\x90\x90\x90"sv, "\x48\xcf\x90\x90"sv, "\x3e\xff\xe0\x90"sv,
          "\xee\x90\x90\x90"sv, "\x06\x90\x90\x90"sv, "\x9a\x90\x90\x90"sv, "\xea\x90\x90\x90"sv})
        refused(with(code), {"this instruction cannot be probed"});
    CHECK(calls(call::perf_event_open) == 0);
    for (auto const code : {"\xf3\x0f\x1e\xfa"sv, "\x55\x48\x89\xe5"sv, "\x48\xf7\xd8\xc3"sv,
                            "\x90\xcc\xf0\xf4"sv, "\x0f\x05\xc3\xcc"sv, "\xc5\xf8\x28\xc0"sv})
        CHECK(with(code));
    files["/code"][0x12] = static_cast<char>(EM_AARCH64); // bytes of another language
    machine_of_code = EM_AARCH64;
    CHECK(with("\xf0\xcc\xf4\xcc"));
}

TEST_CASE_FIXTURE(code_prober, "a file for another kind of processor, which would never be met") {
    files["/code"][0x12] = static_cast<char>(EM_AARCH64);
    for (auto const symbol : {"f"sv, ""sv})
        refused(attach(symbol, symbol.empty() ? 0x300 : 0), {"/code", "another kind of processor"});
    auto const all = bl::attach(prog, bl::hook::uprobe_multi{.binary = "/code", .pattern = "*"});
    check_error(all, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"another kind of processor"});
    CHECK(calls(call::perf_event_open) + calls(call::link_create) == 0);
    files["/code"][0x12] = static_cast<char>(EM_NONE); // it does not say
    CHECK(attach("f", 0));
}

// E15
TEST_CASE_FIXTURE(code_prober, "a file that replaces another one is looked up in anew") {
    auto other = build_elf<elf64>({{"f", 0x400500}});
    other.resize(0x1300, '\x90');
    before(call::perf_event_open, [&] { files["/code"] = other; });
    CHECK(bl::attach(prog, bl::hook::uprobe{.binary = "/code", .symbol = "f"}));
    CHECK(last_perf_event.attr.offset == 0x500);
    before(call::link_create, [&] { make("/code"); });
    constexpr std::array symbols{"f"sv};
    CHECK(bl::attach(prog, bl::hook::uprobe_multi{.binary = "/code", .symbols = symbols}));
    CHECK(last_probed_text == other); // with its own offset
}

// E30
TEST_CASE_FIXTURE(code_prober, "a file that is cut short between any two reads is an error") {
    auto const whole = files["/code"];
    int reads = 0;
    for (bool was_cut = true; was_cut;) {
        files["/code"] = whole;
        forget_calls();
        was_cut = false;
        before(
            call::read_at,
            [&] {
                was_cut = true;
                shorten("/code", 20);
            },
            ++reads);
        auto const offset = bl::resolve_symbol("/code", "f");
        if (was_cut && reads > 1) {
            check_error(offset, ENOEXEC, bl::operation::resolve_symbol, bl::errc::invalid_argument,
                        {"cut short"});
        }
        mend();
    }
    CHECK(reads > 5);
}

TEST_CASE_FIXTURE(code_prober, "a file is opened once for a probe, and parsed once") {
    files["/usr/lib/libx.so"] = files["/code"];
    forget_calls();
    CHECK(bl::attach(prog, bl::hook::uprobe{.binary = "libx.so", .symbol = "f"}));
    CHECK(calls(call::reopen) == 1);
    constexpr std::array symbols{"f"sv, "last"sv};
    forget_calls();
    CHECK(bl::attach(prog, bl::hook::uprobe_multi{.binary = "libx.so", .symbols = symbols}));
    CHECK(calls(call::reopen) == 1);
}

TEST_CASE_FIXTURE(code_prober, "by .unique, no hook takes a function that hides another") {
    auto bytes = build_elf<elf64>({{"f", 0x400300}, {"f", 0x400400, STT_FUNC, STB_LOCAL}});
    bytes.resize(0x1300, '\x90');
    files["/code"] = bytes;
    std::string_view const name = "f";
    std::span const names{&name, 1};
    using single = bl::hook::uprobe;
    using multi = bl::hook::uprobe_multi;
    CHECK(bl::attach(prog, single{.binary = "/code", .symbol = name}));
    CHECK(bl::attach(prog, multi{.binary = "/code", .symbols = names}));
    for (auto const& made :
         {bl::attach(prog, single{.binary = "/code", .symbol = name, .unique = true})
              .map([](auto const&) {}),
          bl::attach(prog, multi{.binary = "/code", .symbols = names, .unique = true})
              .map([](auto const&) {})})
        refused(made, {"f (2 addresses)", "several functions have one name"},
                bl::operation::resolve_symbol);
}

TEST_CASE_FIXTURE(code_prober, "both hooks look for debug files where .debug_directories says") {
    std::string const id{"\xab\xcd\xef\x01", 4};
    built_section const note{.name = ".note.gnu.build-id",
                             .bytes = wrap_note(id, {"GNU\0", 4}, NT_GNU_BUILD_ID),
                             .address = 0,
                             .type = SHT_NOTE,
                             .link = 0};
    std::string symbols(sizeof(Elf64_Sym), '\0');
    append_bytes(symbols, Elf64_Sym{.st_name = 1,
                                    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                    .st_other = 0,
                                    .st_shndx = 1,
                                    .st_value = 0x400020,
                                    .st_size = 8});
    files["/code"] = sectioned_elf({note});
    files["/symbols/.build-id/ab/cdef01.debug"] =
        sectioned_elf({note,
                       {".symtab", symbols, 0, SHT_SYMTAB, 3},
                       {".strtab", {"\0f\0", 3}, 0, SHT_STRTAB, 0}});
    std::string_view const name = "f", pattern = "?";
    std::span const names{&name, 1};
    constexpr std::array<std::string_view, 2> directories{"/nowhere", "/symbols"};
    using single = bl::hook::uprobe;
    using multi = bl::hook::uprobe_multi;
    REQUIRE(succeeded(bl::attach(
        prog, single{.binary = "/code", .symbol = name, .debug_directories = directories})));
    CHECK(last_perf_event.attr.offset == 0x20);
    for (auto const& where :
         {multi{.binary = "/code", .symbols = names, .debug_directories = directories},
          multi{.binary = "/code", .pattern = pattern, .debug_directories = directories}}) {
        auto const link = bl::attach(prog, where);
        REQUIRE(succeeded(link));
        CHECK(newest_link()->facts.addresses == std::vector<std::uint64_t>{0x20});
    }
    for (auto const& made :
         {bl::attach(prog, single{.binary = "/code", .symbol = name}).map([](auto const&) {}),
          bl::attach(prog, multi{.binary = "/code", .symbols = names}).map([](auto const&) {})}) {
        REQUIRE_FALSE(made);
        check_error(made.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                    {"symbol f in /code", "no debug file of it was found"});
    }
}
