// SPDX-License-Identifier: Apache-2.0
// Symbols of real files, against where the kernel mapped them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "built_elf.hpp"
#include "real_files.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bpflink_scope {
__attribute__((noinline, used)) int overloaded(int) {
    return 3;
}
__attribute__((noinline, used)) int overloaded(int, char) {
    return 4;
}
__attribute__((noinline, used)) int single(unsigned long) {
    return 5;
}
} // namespace bpflink_scope

extern "C" {
__attribute__((noinline)) int bpflink_test_exported() {
    return 1;
}
static int bpflink_test_static() __asm__("bpflink_test_static"); // compilers differ on its name
__attribute__((noinline)) static int bpflink_test_static() {
    return 2;
}
}

namespace {

std::uint64_t offset_of(void* function) {
    std::stringstream maps;
    maps << std::ifstream{"/proc/self/maps"}.rdbuf();
    return mapped_offset(maps.str(), reinterpret_cast<std::uintptr_t>(function));
}

template <class T>
void is_damaged(bl::result<T> const& r, std::string_view text = {}) {
    refused(r, bl::errc::invalid_argument, {"ENOEXEC", text});
}

struct library {
    library() { REQUIRE(handle); }
    ~library() { ::dlclose(handle); }
    library(library const&) = delete;
    library& operator=(library const&) = delete;
    [[nodiscard]] std::uint64_t offset(char const* name, char const* version) const {
        void* const address = ::dlvsym(handle, name, version);
        REQUIRE(address);
        return offset_of(address);
    }

    void* handle = ::dlopen(VERSIONS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
};

} // namespace

TEST_CASE("functions of this very program are where they are mapped") {
    CHECK(bl::resolve_symbol("/proc/self/exe", "bpflink_test_exported") ==
          offset_of(reinterpret_cast<void*>(&bpflink_test_exported)));
    CHECK(bl::resolve_symbol("/proc/self/exe", "bpflink_test_static") ==
          offset_of(reinterpret_cast<void*>(&bpflink_test_static)));
    CHECK(bl::matching_symbols("/proc/self/exe", "bpflink_test_*") ==
          names{"bpflink_test_exported", "bpflink_test_static"});
}

TEST_CASE("many functions are found at once, in the order asked for") {
    auto const static_one = offset_of(reinterpret_cast<void*>(&bpflink_test_static));
    auto const exported = offset_of(reinterpret_cast<void*>(&bpflink_test_exported));
    views const wanted{"bpflink_test_static", "bpflink_test_exported", "bpflink_test_static"};
    CHECK(bl::resolve_symbols("/proc/self/exe", wanted) ==
          std::vector{static_one, exported, static_one});
    CHECK(bl::resolve_symbols("/proc/self/exe", {}) == std::vector<std::uint64_t>{});
}

TEST_CASE("the C library is found by its soname") {
    void* const address = ::dlsym(RTLD_NEXT, "getppid"); // no sanitizer has one of its own
    REQUIRE(address);
    CHECK(bl::resolve_symbol("libc.so.6", "getppid") == offset_of(address));
    auto const matches = bl::matching_symbols("libc.so.6", "getppid*");
    REQUIRE(matches);
    CHECK(std::ranges::count(*matches, "getppid") == 1);
#ifdef __x86_64__
    constexpr bl::resolve_options all{.indirect = true};
    auto const newer = bl::resolve_symbol("libc.so.6", "memcpy", all);
    auto const older = bl::resolve_symbol("libc.so.6", "memcpy@GLIBC_2.2.5", all);
    REQUIRE(newer);
    REQUIRE(older);
    CHECK(*newer != *older);
    CHECK(bl::resolve_symbol("libc.so.6", "memcpy@@GLIBC_2.14", all) == newer);
    refused(bl::resolve_symbol("libc.so.6", "memcpy@@GLIBC_2.2.5", all), bl::errc::not_found,
            {"memcpy@@GLIBC_2.2.5"});
#endif
}

// F2
TEST_CASE("functions of the C library that only choose another one are refused by name") {
    auto const every = bl::matching_symbols("libc.so.6", "*", {.indirect = true});
    auto const direct = bl::matching_symbols("libc.so.6", "*");
    REQUIRE(every);
    REQUIRE(direct);
    names chosen;
    std::ranges::set_difference(*every, *direct, std::back_inserter(chosen));
    for (auto const& name : chosen) {
        refused(bl::resolve_symbol("libc.so.6", name), bl::errc::invalid_argument,
                {name, "calls go to a variant"});
        CHECK(bl::resolve_symbol("libc.so.6", name, {.indirect = true}));
    }
#ifdef __x86_64__
    CHECK(std::ranges::count(chosen, "strlen") == 1);
    CHECK(std::ranges::count(*direct, "getppid") == 1);
#endif
}

// F4
TEST_CASE("an address, as debug information tells it, has an offset in the file") {
    // It is loaded at what it is linked for.
    auto const addresses = addresses_in(printed_by(FIXED_PROGRAM));
    auto const there = offsets_in(FIXED_PROGRAM);
    memory_file const file{build_elf<elf64>({{"f", 0x400300}})};
    CHECK(bl::offset_of_address(file.path(), 0x400200) == 0x200U);
    CHECK(bl::offset_of_address(file.path(), 0x4011ff) == 0x11ffU);
    for (std::uint64_t const address : {0x0ULL, 0x300ULL, 0x4001ffULL, 0x401200ULL, ~0ULL})
        refused(bl::offset_of_address(file.path(), address), bl::errc::not_found,
                {"address 0x", "no segment"});
    auto const offset = bl::resolve_symbol(FIXED_PROGRAM, "print_second");
    REQUIRE(offset);
    CHECK(bl::offset_of_address(FIXED_PROGRAM, addresses.at("print_second")) == *offset);
    CHECK(*offset == there.at("print_second"));
    refused(bl::offset_of_address("/proc/self/status", 1), bl::errc::invalid_argument,
            {"not an ELF file"});
}

TEST_CASE("a program is found in PATH") {
    CHECK(bl::matching_symbols("sh", "*"));
    refused(bl::resolve_symbol("sh", "bpflink_no_such"), bl::errc::not_found,
            {"symbol bpflink_no_such in /", "stripped"});
}

TEST_CASE_FIXTURE(library, "a versioned name is that version, and a plain one the default") {
    char const* const path = VERSIONS_LIBRARY;
    auto const older = offset("both", "ONE");
    auto const newer = offset("both", "TWO");
    REQUIRE(older != newer);
    for (auto const* const name : {"both", "both@TWO", "both@@TWO"})
        CHECK(bl::resolve_symbol(path, name) == newer);
    CHECK(bl::resolve_symbol(path, "both@ONE") == older);
    CHECK(bl::resolve_symbol(path, "weak_one") == offset("weak_one", "ONE"));
    CHECK(bl::resolve_symbol(path, "weak_one@@ONE") == offset("weak_one", "ONE"));
    for (auto const* const name : {"both@@ONE", "both@THREE", "gone@@ONE", "weak_one@TWO"})
        refused(bl::resolve_symbol(path, name), bl::errc::not_found, {name});
    CHECK(bl::resolve_symbol(path, "gone@ONE") == offset("gone", "ONE"));
    CHECK(bl::resolve_symbol(path, "gone") == offset("gone", "ONE")); // there is no other
    CHECK(bl::matching_symbols(path, "both*") == names{"both", "both@ONE"});
    CHECK(bl::matching_symbols(path, "both") == names{"both"});
    CHECK(bl::matching_symbols(path, "gone@*") == names{"gone@ONE"});
}

TEST_CASE("a program that is no PIE has offsets all the same") {
    auto const there = offsets_in(FIXED_PROGRAM);
    CHECK(bl::resolve_symbol(FIXED_PROGRAM, "print_second") == there.at("print_second"));
}

TEST_CASE("a global function wins over a static one of its name") {
    for (auto const* const program : {FIXED_PROGRAM, STRIPPED_PROGRAM}) {
        auto const there = offsets_in(program);
        REQUIRE(there.at("settled") != there.at("first_settled"));
        CHECK(bl::resolve_symbol(program, "settled") == there.at("settled"));
    }
}

TEST_CASE("static functions of one name are ambiguous") {
    auto const there = offsets_in(FIXED_PROGRAM);
    REQUIRE(there.at("first_twice") != there.at("second_twice"));
    refused(bl::resolve_symbol(FIXED_PROGRAM, "twice"), bl::errc::invalid_argument,
            {"twice (2 addresses)", FIXED_PROGRAM});
    CHECK(bl::matching_symbols(FIXED_PROGRAM, "twic?") == names{"twice"});
    views const wanted{"print_second", "twice", "absent", "missing"};
    refused(bl::resolve_symbols(FIXED_PROGRAM, wanted), bl::errc::not_found,
            {"symbols absent, missing in ", "twice (2 addresses)"});
}

TEST_CASE("a stripped program has its dynamic symbols, and errors say so") {
    auto const there = offsets_in(STRIPPED_PROGRAM);
    CHECK(bl::resolve_symbol(STRIPPED_PROGRAM, "print_second") == there.at("print_second"));
    refused(bl::resolve_symbol(STRIPPED_PROGRAM, "twice"), bl::errc::not_found,
            {"symbol twice in ", "stripped"});
}

TEST_CASE("every missing function is named, up to the 20th") {
    names all;
    for (int i = 1; i <= 25; ++i)
        all.push_back("missing_" + std::to_string(i));
    views wanted{all.begin(), all.begin() + 20};
    wanted.insert(wanted.begin() + 3, "bpflink_test_static");
    refused(bl::resolve_symbols("/proc/self/exe", wanted), bl::errc::not_found,
            {"missing_1,", "missing_19, missing_20 in /proc/self/exe"});
    wanted.assign(all.begin(), all.end());
    refused(bl::resolve_symbols("/proc/self/exe", wanted), bl::errc::not_found,
            {"missing_20 and 5 more in /proc/self/exe"});
}

TEST_CASE("a file of 32 bits is read like one of 64") {
    std::vector<built_symbol> const symbols{{"first", 0x400200}, {"last", 0x4011ff}};
    for (auto const& bytes : {build_elf<elf32>(symbols), build_elf<elf64>(symbols)}) {
        memory_file const file{bytes};
        CHECK(bl::resolve_symbol(file.path(), "first") == 0x200U);
        CHECK(bl::resolve_symbol(file.path(), "last") == 0x11ffU);
    }
}

TEST_CASE("only defined functions count") {
    memory_file const file{build_elf<elf64>({{"undefined", 0x400200, STT_FUNC, STB_GLOBAL, 0},
                                             {"data", 0x400200, STT_OBJECT},
                                             {"untyped", 0x400200, STT_NOTYPE},
                                             {"indirect", 0x400300, STT_GNU_IFUNC},
                                             {"", 0x400300}})};
    for (auto const* const name : {"undefined", "data", "untyped"})
        refused(bl::resolve_symbol(file.path(), name), bl::errc::not_found, {name});
    constexpr bl::resolve_options all{.indirect = true};
    refused(bl::resolve_symbol(file.path(), "indirect"), bl::errc::invalid_argument, {"indirect"});
    CHECK(bl::resolve_symbol(file.path(), "indirect", all) == 0x300U);
    CHECK(bl::matching_symbols(file.path(), "*") == names{});
    CHECK(bl::matching_symbols(file.path(), "*", all) == names{"indirect"});
}

TEST_CASE("global wins over weak, weak over local, in any order, and one address is no conflict") {
    built_symbol const global{"f", 0x400300}, weak{"f", 0x400400, STT_FUNC, STB_WEAK},
        local{"f", 0x400500, STT_FUNC, STB_LOCAL};
    for (auto const& symbols : {std::vector{global, weak, local}, std::vector{local, weak, global},
                                std::vector{weak, global, global}})
        CHECK(bl::resolve_symbol(memory_file{build_elf<elf64>(symbols)}.path(), "f") == 0x300U);
    for (auto const& symbols : {std::vector{weak, local}, std::vector{local, weak, weak}})
        CHECK(bl::resolve_symbol(memory_file{build_elf<elf64>(symbols)}.path(), "f") == 0x400U);
    std::vector<built_symbol> crowd;
    for (unsigned i = 0; i != 200; ++i)
        crowd.push_back({"f", 0x400300 + i, STT_FUNC, STB_LOCAL});
    refused(bl::resolve_symbol(memory_file{build_elf<elf64>(crowd)}.path(), "f"),
            bl::errc::invalid_argument, {"f (64 or more addresses)"});
}

TEST_CASE("a function that is not loaded from the file is named") {
    memory_file const file{
        build_elf<elf64>({{"before", 0x4001ff}, {"after", 0x401200}, {"in", 0x400200}})};
    views const wanted{"before", "in", "after"};
    refused(bl::resolve_symbols(file.path(), wanted), bl::errc::invalid_argument,
            {"symbols before, after in ", "no segment"});
}

TEST_CASE("what is no binary is refused") {
    is_damaged(bl::resolve_symbol("/proc/self/status", "f"), "not an ELF file");
    refused(bl::resolve_symbol("/dev/null", "f"), bl::errc::invalid_argument, {"not a regular"});
    refused(bl::resolve_symbol("/proc/self", "f"), bl::errc::invalid_argument, {"directory"});
    auto foreign = build_elf<elf64>({{"f", 0x400200}});
    foreign[EI_DATA] = foreign[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
    is_damaged(bl::resolve_symbol(memory_file{foreign}.path(), "f"), "the other byte order");
    refused(bl::resolve_symbol("/no/such/file", "f"), bl::errc::not_found,
            {"open /no/such/file", "ENOENT"});
    refused(bl::resolve_symbol("libbpflink-no-such.so.1", "f"), bl::errc::not_found,
            {"open libbpflink-no-such.so.1"});
    refused(bl::resolve_symbol("", "f"), bl::errc::invalid_argument, {"empty"});
}

TEST_CASE("a file that is cut short is refused") {
    auto const whole = contents(VERSIONS_LIBRARY);
    for (std::size_t const size : {std::size_t{4}, std::size_t{63}, std::size_t{64},
                                   std::size_t{100}, whole.size() / 2, whole.size() - 1})
        is_damaged(bl::resolve_symbol(memory_file{whole.substr(0, size)}.path(), "both"));
    is_damaged(bl::resolve_symbol(memory_file{whole.substr(100)}.path(), "both"));
    auto const built = build_elf<elf64>({{"f", 0x400200}});
    for (std::size_t size = 0; size != built.size(); ++size)
        is_damaged(bl::resolve_symbol(memory_file{built.substr(0, size)}.path(), "f"));
}

// E30
TEST_CASE("a FIFO, a socket or a terminal is refused at once") {
    scratch const directory;
    auto const fifo = directory / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0); // nobody ever writes
    auto const link = directory / "link";
    REQUIRE(::symlink("fifo", link.c_str()) == 0);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    bl::unique_fd const reader{ends[0]}, writer{ends[1]};
    auto const pipe = "/proc/self/fd/" + std::to_string(reader.get());
    for (auto const& name : {fifo, link, pipe, std::string{"/dev/tty"}, std::string{"/dev/ptmx"}})
        refused(bl::resolve_symbol(name, "f"), bl::errc::invalid_argument,
                {name, "not a regular file"});
    is_damaged(bl::resolve_symbol("/proc/kmsg", "f"), {}); // whose reading waits, but for us
}

// E30
TEST_CASE("a file that is cut short while it is read is an error, and no signal") {
    auto const whole = contents(VERSIONS_LIBRARY);
    memory_file const file{whole};
    std::atomic<bool> done = false;
    std::thread other{[&] {
        std::mt19937 random{4'712}; // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp)
        while (!done) {
            auto const size = random() % whole.size();
            if (::ftruncate(file.fd.get(), static_cast<off_t>(size)) != 0) break;
            if (::pwrite(file.fd.get(), whole.data(), whole.size(), 0) < 0) break;
        }
    }};
    int found = 0, cut = 0;
    for (int i = 0; i != 20'000 && (found < 100 || cut < 100); ++i) {
        auto const offset = bl::resolve_symbol(file.path(), "both");
        ++(offset ? found : cut);
        if (!offset) CHECK_FALSE(offset.error().message().empty());
    }
    done = true;
    other.join();
    CHECK(found > 0);
    CHECK(cut > 0);
}

// E30
TEST_CASE("numbers in a file decide neither how long it takes nor how much is kept") {
    struct claim {
        char const* what;
        std::size_t at;
        std::uint64_t value;
        std::size_t bytes;
    };
    auto const whole = build_elf<elf64>({{"f", 0x400200}});
    constexpr std::size_t sections = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    constexpr std::size_t symtab = sections + sizeof(Elf64_Shdr);
    constexpr std::size_t strtab = symtab + sizeof(Elf64_Shdr);
    constexpr std::uint64_t huge = std::uint64_t{1} << 42;
    constexpr auto size_at = offsetof(Elf64_Shdr, sh_size);
    auto const begin = std::chrono::steady_clock::now();
    for (auto const& [what, at, value, bytes] :
         {claim{"symbols", symtab + size_at, huge, 8}, claim{"names", strtab + size_at, huge, 8},
          claim{"names of 4 GiB", strtab + size_at, 0xffff'ffff, 8},
          claim{"segments", offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2},
          claim{"headers beyond the end", offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0} - 8, 8},
          claim{"a table beyond the end", symtab + offsetof(Elf64_Shdr, sh_offset),
                ~std::uint64_t{0} - 8, 8}}) {
        CAPTURE(what);
        auto hostile = whole;
        std::memcpy(hostile.data() + at, &value, bytes);
        memory_file const file{hostile};
        REQUIRE(::ftruncate(file.fd.get(), huge) == 0); // as large as it claims, and nowhere
        is_damaged(bl::resolve_symbol(file.path(), "f"));
    }
    auto crowded = whole; // more sections than the header can count
    std::uint64_t const many = huge / sizeof(Elf64_Shdr);
    std::memset(crowded.data() + offsetof(Elf64_Ehdr, e_shnum), 0, 2);
    std::memcpy(crowded.data() + sections + size_at, &many, sizeof many);
    memory_file const file{crowded};
    REQUIRE(::ftruncate(file.fd.get(), huge) == 0);
    is_damaged(bl::resolve_symbol(file.path(), "f"));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes{1});
}

// F1
TEST_CASE("names below a process's directories do not lead out of them") {
    scratch const directory;
    auto const library = contents(VERSIONS_LIBRARY);
    std::ofstream{directory / "own.so", std::ios::binary} << library;
    REQUIRE(::symlink("own.so", (directory / "near.so").c_str()) == 0);
    REQUIRE(::symlink(VERSIONS_LIBRARY, (directory / "far.so").c_str()) == 0);
    bl::unique_fd const opened{::open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto const by_fd = "/proc/self/fd/" + std::to_string(opened.get());
    for (auto const& prefix : {by_fd, "/proc/self/root" + std::string{directory.path},
                               "/proc/thread-self/../../root" + std::string{directory.path}}) {
        CHECK(bl::resolve_symbol(prefix + "/own.so", "both"));
        CHECK(bl::resolve_symbol(prefix + "/near.so", "both"));
    }
    refused(bl::resolve_symbol(by_fd + "/far.so", "both"), bl::errc::invalid_argument,
            {"leads out of /proc/"});
    CHECK(bl::resolve_symbol("/proc/self/root" + (directory / "far.so"), "both"));
    CHECK(bl::resolve_symbol(directory / "far.so", "both")); // of this process's own
}

TEST_CASE("no damage crashes") {
    std::mt19937 random{4'711}; // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp)
    auto const below = [&](std::size_t end) { return random() % end; };
    views const wanted{"both", "both@ONE", "f", "g@@V"};
    for (auto const& whole :
         {contents(VERSIONS_LIBRARY),
          build_elf<elf64>({{"f", 0x400200}, {"g@@V", 0x400300}, {"both", 0x400400}}),
          build_elf<elf32>({{"f", 0x400200}, {"g@@V", 0x400300}, {"both", 0x400400}})}) {
        memory_file const file{whole};
        for (int variant = 0; variant != 2'000; ++variant) {
            auto damaged = whole;
            for (auto left = 1 + below(8); left != 0; --left) {
                // The headers are at both ends, and little of all that matters between them.
                auto const part = std::min<std::size_t>(whole.size(), 2'048);
                auto const at = below(3) == 0   ? below(whole.size())
                                : below(2) == 0 ? below(part)
                                                : whole.size() - 1 - below(part);
                damaged[at] = static_cast<char>(below(256));
            }
            file.rewrite(damaged);
            if (auto const offsets = bl::resolve_symbols(file.path(), wanted))
                CHECK(offsets->size() == wanted.size());
            else
                CHECK_FALSE(offsets.error().message().empty());
            (void)bl::matching_symbols(file.path(), "*o*");
        }
    }
}

TEST_CASE("no descriptor is left open") {
    auto const open_ones = [] {
        int count = 0;
        for (int fd = 0; fd != 256; ++fd)
            count += ::fcntl(fd, F_GETFD) >= 0;
        return count;
    };
    auto const before = open_ones();
    CHECK(bl::resolve_symbol("/proc/self/exe", "bpflink_test_static"));
    CHECK_FALSE(bl::resolve_symbol("/proc/self/exe", "bpflink_no_such"));
    CHECK_FALSE(bl::resolve_symbol("/proc/self/status", "f"));
    CHECK(bl::matching_symbols("libc.so.6", "get*"));
    CHECK(bl::matching_kernel_functions("tcp_*"));
    CHECK(open_ones() == before);
}

TEST_CASE("the running kernel has functions to probe") {
    auto const found = bl::matching_kernel_functions("vfs_rea?");
    if (!found || found->empty()) {
        MESSAGE("skipped: this kernel lists no vfs_read");
        return;
    }
    CHECK(found == names{"vfs_read"});
    auto const address = bl::kernel_symbol_address("vfs_read");
    if (address)
        CHECK(*address != 0);
    else
        CHECK(address.error() == bl::errc::permission_denied);
    refused(bl::kernel_symbol_address("bpflink_no_such"), bl::errc::not_found, {"bpflink_no_such"});
}

TEST_CASE("a place in a function has the function's name, and its distance from the begin") {
    auto const exported = offset_of(reinterpret_cast<void*>(&bpflink_test_exported));
    using place = bl::symbol_at_place;
    CHECK(bl::symbol_at("/proc/self/exe", exported) == place{"bpflink_test_exported", 0});
    CHECK(bl::symbol_at("/proc/self/exe", exported + 3) == place{"bpflink_test_exported", 3});
    CHECK(bl::symbol_at(std::filesystem::path{"/proc/self/exe"}, exported + 3) ==
          place{"bpflink_test_exported", 3});
    refused(bl::symbol_at("/proc/self/exe", ~0ULL), bl::errc::not_found,
            {"offset 0xffff", "no segment"});
}

TEST_CASE("a function without a size reaches to the next one, and one with a size to its end") {
    memory_file const file{build_elf<elf64>({{"open_one", 0x400200},
                                             {"local", 0x400300, STT_FUNC, STB_LOCAL},
                                             {"weak", 0x400300, STT_FUNC, STB_WEAK},
                                             {"sized", 0x400400, STT_FUNC, STB_GLOBAL, 1, 0x10},
                                             {"inner", 0x400408, STT_FUNC, STB_GLOBAL, 1, 0x4},
                                             {"chosen", 0x400500, STT_GNU_IFUNC}})};
    using place = bl::symbol_at_place;
    auto const at = [&](std::uint64_t offset, bl::resolve_options options = {}) {
        return bl::symbol_at(file.path(), offset, options);
    };
    CHECK(at(0x2ff) == place{"open_one", 0xff});
    CHECK(at(0x300) == place{"weak", 0});
    CHECK(at(0x400) == place{"sized", 0});
    CHECK(at(0x409) == place{"inner", 1});
    CHECK(at(0x40f) == place{"sized", 0xf});
    refused(at(0x410), bl::errc::not_found, {"offset 0x410 in ", "no function covers it"});
    refused(at(0x500), bl::errc::not_found, {"no function covers it"});
    CHECK(at(0x501, {.indirect = true}) == place{"chosen", 1});
    refused(at(0x1ff), bl::errc::not_found, {"no segment"});
}

TEST_CASE_FIXTURE(library, "a place in a hidden version is told by a name that finds it again") {
    auto const place = bl::symbol_at(VERSIONS_LIBRARY, offset("both", "ONE"));
    REQUIRE(place);
    CHECK(place->name == "both@ONE");
    CHECK(bl::resolve_symbol(VERSIONS_LIBRARY, place->name) == offset("both", "ONE"));
}

TEST_CASE("a file that is open already is looked into without its name") {
    scratch const directory;
    auto const path = directory / "library.so";
    std::ofstream{path, std::ios::binary} << contents(VERSIONS_LIBRARY);
    bl::unique_fd const file{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    auto const by_path = bl::resolve_symbol(path, "both");
    REQUIRE(by_path);
    REQUIRE(std::filesystem::remove(path));
    views const wanted{"both", "weak_one"};
    CHECK(bl::resolve_symbol(file, "both") == by_path);
    CHECK(bl::resolve_symbols(file, wanted) == bl::resolve_symbols(VERSIONS_LIBRARY, wanted));
    CHECK(bl::matching_symbols(file, "both*") == names{"both", "both@ONE"});
    CHECK(bl::symbol_at(file, *by_path) == bl::symbol_at_place{"both", 0});
    CHECK(bl::offset_of_address(file, *by_path) ==
          bl::offset_of_address(VERSIONS_LIBRARY, *by_path));
    refused(bl::resolve_symbol(file, "absent"), bl::errc::not_found, {"symbol absent in desc"});
    for (auto const number : {-1, 1'000'000}) {
        auto const closed = bl::resolve_symbol(bl::fd_view{number}, "both");
        REQUIRE_FALSE(closed);
        CHECK(closed.error().code() == std::errc::bad_file_descriptor);
    }
    bl::unique_fd const device{::open("/dev/null", O_PATH | O_CLOEXEC)};
    refused(bl::symbol_at(device, 0), bl::errc::invalid_argument, {"not a regular file"});
}

TEST_CASE("who asks for unique names is told of a static function behind a global one") {
    CHECK(bl::resolve_symbol(FIXED_PROGRAM, "settled"));
    refused(bl::resolve_symbol(FIXED_PROGRAM, "settled", {.unique = true}),
            bl::errc::invalid_argument, {"settled (2 addresses)"});
    CHECK(bl::resolve_symbol(FIXED_PROGRAM, "print_second", {.unique = true}));
    // Versions are names of their own.
    CHECK(bl::resolve_symbol(VERSIONS_LIBRARY, "both", {.unique = true}) ==
          bl::resolve_symbol(VERSIONS_LIBRARY, "both"));
}

// F19
TEST_CASE("a function that is not there is told with what is near it, and who has it") {
    refused(bl::resolve_symbol("/proc/self/exe", "bpflink_test_exportde"), bl::errc::not_found,
            {"near it: bpflink_test_exported"});
    refused(bl::resolve_symbol(VERSIONS_LIBRARY, "both@THREE"), bl::errc::not_found,
            {"there is only both@ONE, both@@TWO"});
    refused(bl::resolve_symbol(STRIPPED_PROGRAM, "getppid"), bl::errc::not_found,
            {"libc.so.6, which it needs, has it"});
    refused(bl::resolve_symbol("/proc/self/root" STRIPPED_PROGRAM, "getppid"), bl::errc::not_found,
            {"/proc/self/root/", "libc.so.6, which it needs, has it"});
    views const wanted{"getppid", "getpid", "bpflink_none", "print_secnd"};
    refused(bl::resolve_symbols(STRIPPED_PROGRAM, wanted), bl::errc::not_found,
            {"which it needs, has getpid, getppid"});
    auto const strange = bl::resolve_symbol(VERSIONS_LIBRARY, "quite_another").error().message();
    CHECK(strange.find("near") == strange.npos);
    CHECK(strange.find("needs") == strange.npos);
    CHECK(strange.find("matching_symbols() lists") != strange.npos);
}

TEST_CASE("a name that is not a function's is told to be data, or a label") {
    memory_file const file{build_elf<elf64>({{"counter", 0x400300, STT_OBJECT},
                                             {"of_thread", 0x10, STT_TLS},
                                             {"entry", 0x400400, STT_NOTYPE},
                                             {"elsewhere", 0, STT_OBJECT, STB_GLOBAL, SHN_UNDEF},
                                             {"good", 0x400500}})};
    auto const says = [&](std::string_view name, std::initializer_list<std::string_view> texts) {
        refused(bl::resolve_symbol(file.path(), name), bl::errc::not_found, texts);
    };
    says("counter", {"counter is data", "watchpoint"});
    says("of_thread", {"of_thread is data"});
    says("entry", {"entry is a label", "offset_of_address()"});
    views const both{"counter", "good", "of_thread"};
    refused(bl::resolve_symbols(file.path(), both), bl::errc::not_found,
            {"counter, of_thread are each data"});
    auto const undefined = bl::resolve_symbol(file.path(), "elsewhere").error().message();
    CHECK(undefined.find("data") == undefined.npos);
    refused(bl::resolve_symbol("libc.so.6", "environ"), bl::errc::not_found, {"environ is data"});
}

TEST_CASE("a file that cannot be read at any place is told to be so") {
    refused(bl::resolve_symbol("/proc/self/pagemap", "f"), bl::errc::invalid_argument,
            {"read", "name a program or a library"});
    auto const memory = bl::resolve_symbol("/proc/self/mem", "f");
    REQUIRE_FALSE(memory);
    CHECK(memory.error().where() == bl::operation::read);
    CHECK(memory.error().code() == std::errc::io_error);
    CHECK(memory.error() == bl::errc::invalid_argument);
    CHECK(memory.error().message().find("; nothing is mapped at this place") != std::string::npos);
    refused(bl::resolve_symbol("/proc/self/exe/f", "f"), bl::errc::invalid_argument,
            {"not a directory"});
    refused(bl::resolve_symbol("/" + std::string(300, 'x'), "f"), bl::errc::invalid_argument,
            {"longer than 255"});
}

TEST_CASE("a stub of a library names the one that its functions moved to") {
    if (!bl::matching_symbols("libpthread.so.0", "*")) {
        MESSAGE("skipped: there is no libpthread.so.0");
        return;
    }
    if (bl::resolve_symbol("libpthread.so.0", "pthread_create")) {
        MESSAGE("skipped: this C library's threads are a library of their own");
        return;
    }
    refused(bl::resolve_symbol("libpthread.so.0", "pthread_create"), bl::errc::not_found,
            {"libc.so.6, which it needs, has it"});
}

TEST_CASE("functions of C++ are found by the names that people read") {
    auto const at = [](auto* function) { return offset_of(reinterpret_cast<void*>(function)); };
    int (*const one)(int) = &bpflink_scope::overloaded;
    int (*const two)(int, char) = &bpflink_scope::overloaded;
    auto const find = [](std::string_view name) {
        return bl::resolve_symbol("/proc/self/exe", name);
    };
    CHECK(find("bpflink_scope::single") == at(&bpflink_scope::single));
    CHECK(find("bpflink_scope::single(unsigned long)") == at(&bpflink_scope::single));
    CHECK(find("bpflink_scope::overloaded(int)") == at(one));
    CHECK(find("bpflink_scope::overloaded(int,char)") == at(two));
    CHECK(find("_ZN13bpflink_scope10overloadedEic") == at(two));
    refused(find("bpflink_scope::overloaded"), bl::errc::invalid_argument, {"(2 addresses)"});
    refused(find("bpflink_scope::single(int)"), bl::errc::not_found, {"single(int)"});
    refused(find("single"), bl::errc::not_found, {"symbol single in"});
    CHECK(bl::matching_symbols("/proc/self/exe", "bpflink_scope::over*(int)") ==
          names{"_ZN13bpflink_scope10overloadedEi"});
    CHECK(bl::matching_symbols("/proc/self/exe", "bpflink_scope::*")->size() == 3);
}
