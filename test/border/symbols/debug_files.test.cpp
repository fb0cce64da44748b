// SPDX-License-Identifier: Apache-2.0
// Symbols that were put into a file of their own, as objcopy does it.
#include "built_elf.hpp"
#include "real_files.hpp"

#include <bpflink/symbols.hpp>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <elf.h>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>

namespace {

std::string const identified = SPLIT_PROGRAMS "bpflink-symbols-identified";
std::string const nameless = SPLIT_PROGRAMS "bpflink-symbols-nameless";

std::string build_id_in(std::string const& file) {
    std::string const begin{"\4\0\0\0\24\0\0\0\3\0\0\0GNU", 16};
    auto const bytes = contents(file.c_str());
    auto const at = bytes.find(begin);
    REQUIRE(at != bytes.npos);
    std::string id;
    for (char const each : bytes.substr(at + 16, 20)) {
        unsigned const byte = static_cast<unsigned char>(each);
        std::array<char, 3> digits{};
        std::snprintf(digits.data(), digits.size(), "%02x", byte);
        id += digits.data();
    }
    return id;
}

/// A directory with a copy of one of the programs, and without its debug file.
struct stripped : scratch {
    explicit stripped(std::string const& program) : program{program} {
        std::filesystem::create_directories(*this / "bin");
        std::filesystem::copy_file(program, path_of_copy);
    }
    void put_debug_file(std::string const& name) const {
        put(name, contents((program + ".debug").c_str()));
    }
    void put(std::string const& name, std::string const& bytes) const {
        std::filesystem::path const to = *this / name.c_str();
        std::filesystem::create_directories(to.parent_path());
        std::ofstream{to, std::ios::binary} << bytes;
    }
    void remove(std::string const& name) const { std::filesystem::remove(*this / name.c_str()); }
    [[nodiscard]] std::string debug_name() const {
        return program.substr(program.rfind('/') + 1) + ".debug";
    }
    [[nodiscard]] std::string name_by_id(std::string const& tree) const {
        auto const id = build_id_in(program);
        return tree + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
    }
    void is_missing(std::string_view why, bl::resolve_options options = {}) const {
        refused(bl::resolve_symbol(path_of_copy, "first_settled_here", options),
                bl::errc::not_found, {why});
        refused(bl::resolve_symbol(path_of_copy, "print_second", options), bl::errc::not_found,
                {"symbol print_second in ", why});
    }
    void is_found(bl::resolve_options options = {}) const {
        CHECK(bl::resolve_symbol(path_of_copy, "print_second", options) ==
              offsets.at("print_second"));
        CHECK(bl::resolve_symbol(path_of_copy, "settled", options) == offsets.at("settled"));
        CHECK(bl::matching_symbols(path_of_copy, "print_secon?", options) == names{"print_second"});
        CHECK(bl::symbol_at(path_of_copy, offsets.at("settled") + 1, options) ==
              bl::symbol_at_place{"settled", 1});
    }

    std::string program;
    std::string path_of_copy = *this / "bin/program";
    std::map<std::string, std::uint64_t> offsets = offsets_in(program.c_str());
};

} // namespace

// F18
TEST_CASE("symbols are found in the debug file beside a program, at the program's own offsets") {
    for (auto const& program : {identified, nameless}) {
        CAPTURE(program);
        stripped const files{program};
        files.is_missing("no debug file of it was found");
        for (auto const& directory : {"bin/", "bin/.debug/"}) {
            auto const name = directory + files.debug_name();
            files.put_debug_file(name);
            files.is_found();
            files.remove(name);
        }
        files.is_missing("no debug file of it was found");
    }
}

TEST_CASE("symbols are found below the caller's directories, by build-id and by the path") {
    stripped const files{identified};
    auto const tree = files / "tree";
    std::array<std::string_view, 2> const trees{"/nowhere", tree};
    bl::resolve_options const options{.debug_directories = trees};
    files.put_debug_file(files.name_by_id("tree"));
    files.is_found(options);
    files.is_missing("no debug file");
    bl::unique_fd const file{::open(files.path_of_copy.c_str(), O_RDONLY | O_CLOEXEC)};
    CHECK(bl::resolve_symbol(file, "print_second", options) == files.offsets.at("print_second"));
    files.remove(files.name_by_id("tree"));
    files.put_debug_file("tree" + std::string{files.path} + "/bin/" + files.debug_name());
    files.is_found(options);
    CHECK(bl::resolve_symbol(file, "print_second", options) == files.offsets.at("print_second"));
}

TEST_CASE("below a process's root the debug files of that root count") {
    stripped const files{nameless};
    files.put_debug_file("bin/" + files.debug_name());
    auto const path = "/proc/self/root" + files.path_of_copy;
    CHECK(bl::resolve_symbol(path, "print_second") == files.offsets.at("print_second"));
}

TEST_CASE("a debug file of another build, or with another sum, is not believed") {
    stripped const files{identified};
    files.put("bin/" + files.debug_name(), contents((nameless + ".debug").c_str()));
    files.is_missing(files.debug_name() + " is of another build");
    auto changed = contents((identified + ".debug").c_str());
    changed.back() = static_cast<char>(changed.back() ^ 1);
    files.put("bin/" + files.debug_name(), changed);
    files.is_missing("does not have the sum");

    stripped const other{nameless};
    auto longer = contents((nameless + ".debug").c_str()) + '\0';
    other.put("bin/" + other.debug_name(), longer);
    other.is_missing("does not have the sum");
}

TEST_CASE("neither a FIFO nor the program itself is taken for a debug file") {
    stripped const files{nameless};
    auto const name = files / ("bin/" + files.debug_name()).c_str();
    REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    files.is_missing("no debug file");
    std::filesystem::remove(name);
    std::filesystem::create_directory(name);
    files.is_missing("no debug file");
    std::filesystem::remove(name);
    std::filesystem::create_symlink(files.path_of_copy, name);
    files.is_missing("no debug file");
    std::filesystem::remove(name);
    std::filesystem::create_symlink(name, name);
    files.is_missing("no debug file");
}

TEST_CASE("a link that is a path leads nowhere") {
    stripped const files{nameless};
    auto bytes = contents(files.path_of_copy.c_str());
    auto const at = bytes.find(files.debug_name());
    REQUIRE(at != bytes.npos);
    bytes.replace(at, 3, "../");
    files.put("bin/program", bytes);
    files.put_debug_file(files.debug_name().substr(3));
    files.is_missing("no debug file");
}

TEST_CASE("a function of the debug file alone is not unique when there are two of it") {
    stripped const files{identified};
    files.put_debug_file("bin/" + files.debug_name());
    refused(bl::resolve_symbol(files.path_of_copy, "twice"), bl::errc::invalid_argument,
            {"twice (2 addresses)"});
    refused(bl::resolve_symbol(files.path_of_copy, "settled", {.unique = true}),
            bl::errc::invalid_argument, {"settled (2 addresses)"});
    refused(bl::resolve_symbol(files.path_of_copy, "absent"), bl::errc::not_found, {"absent"});
}

TEST_CASE("a damaged debug file is an error, and no signal") {
    stripped const files{nameless};
    auto const whole = contents((nameless + ".debug").c_str());
    for (std::size_t size = 1; size < whole.size(); size += whole.size() / 50) {
        files.put("bin/" + files.debug_name(), whole.substr(0, size));
        CHECK_FALSE(bl::resolve_symbol(files.path_of_copy, "print_second"));
    }
    auto const program = contents(nameless.c_str());
    files.put_debug_file("bin/" + files.debug_name());
    // With a sanitizer, the program is a hundred times as large.
    auto const step = std::max<std::size_t>(7, program.size() / 1'000);
    for (std::size_t at = 0; at < program.size(); at += step) {
        auto damaged = program;
        damaged[at] = static_cast<char>(~damaged[at]);
        files.put("bin/program", damaged);
        auto const offset = bl::resolve_symbol(files.path_of_copy, "print_second");
        if (!offset) CHECK_FALSE(offset.error().message().empty());
    }
}

namespace {

/// A program that has compressed symbols of its own, as Fedora makes it.
struct packed : stripped {
    packed() : stripped{nameless} {
        auto const names = *this / "names";
        is_made = run("objcopy -S --remove-section .gnu_debuglink " + path_of_copy + " && cp " +
                      nameless + ".debug " + names + " && xz -zk " + names);
        if (is_made) add(contents((names + ".xz").c_str()));
    }
    static bool run(std::string const& command) {
        return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
    }
    /// Puts these bytes into the place of the symbols.
    void add(std::string const& bytes) const {
        put("section", bytes);
        run("objcopy --remove-section .gnu_debugdata " + path_of_copy);
        REQUIRE(run("objcopy --add-section .gnu_debugdata=" + (*this / "section") + ' ' +
                    path_of_copy));
    }
    [[nodiscard]] std::string section() const { return contents((*this / "names.xz").c_str()); }
    /// What xz makes of bytes.
    [[nodiscard]] std::string xz(std::string const& bytes, std::string const& options = {}) const {
        put("bytes", bytes);
        REQUIRE(run("xz -zkf " + options + ' ' + (*this / "bytes")));
        return contents((*this / "bytes.xz").c_str());
    }

    bool is_made = false;
};

} // namespace

TEST_CASE("symbols packed in the program itself are found") {
    packed const files;
    if (!files.is_made) {
        MESSAGE("skipped: xz or objcopy is not installed");
        return;
    }
    auto const found = bl::resolve_symbol(files.path_of_copy, "print_second");
    if (!found) {
        files.is_missing("its .gnu_debugdata, which may name it, cannot be read: this library was "
                         "built without liblzma");
        return;
    }
    files.is_found();
    bl::unique_fd const file{::open(files.path_of_copy.c_str(), O_RDONLY | O_CLOEXEC)};
    CHECK(bl::resolve_symbol(file, "settled") == files.offsets.at("settled"));
    refused(bl::resolve_symbol(files.path_of_copy, "print_secnd"), bl::errc::not_found,
            {"near it: print_second"});

    auto const whole = files.section();
    files.add(whole + "what follows the stream is not looked at");
    files.is_found();

    SUBCASE("a stream that is cut short") {
        for (std::size_t size = 0; size < whole.size(); size += whole.size() / 20 + 1) {
            CAPTURE(size);
            files.add(whole.substr(0, size));
            files.is_missing("its .gnu_debugdata, which may name it, is cut short");
        }
    }
    SUBCASE("damaged ones") {
        for (std::size_t at = 6; at < whole.size(); at += whole.size() / 40 + 1) {
            auto damaged = whole;
            damaged[at] = static_cast<char>(~damaged[at]);
            files.add(damaged);
            auto const offset = bl::resolve_symbol(files.path_of_copy, "print_second");
            REQUIRE_FALSE(offset);
            CHECK(offset.error().message().find("its .gnu_debugdata") != std::string::npos);
        }
        files.add(std::string(1'000, 'x'));
        files.is_missing("is not an xz stream");
    }
    SUBCASE("one that unpacks to more than anybody's symbols") {
        files.add(files.xz(std::string((std::size_t{1} << 28U) + 1, '\0'), "-0"));
        files.is_missing("unpacks to more than 256 MiB");
    }
    SUBCASE("one that takes much memory") {
        files.add(
            files.xz(contents((nameless + ".debug").c_str()), "--lzma2=preset=0,dict=192MiB"));
        files.is_missing("takes more than 128 MiB of memory to unpack");
    }
    SUBCASE("what is packed is not symbols of this program") {
        files.add(files.xz("text"));
        files.is_missing("holds no ELF file, or a damaged one");
        files.add(files.xz(contents((nameless + ".debug").c_str()).substr(0, 70)));
        files.is_missing("holds no ELF file, or a damaged one");
        auto other = contents((nameless + ".debug").c_str());
        other[offsetof(Elf64_Ehdr, e_machine)] = '\1';
        files.add(files.xz(other));
        files.is_missing("has the symbols of another machine");
    }
    SUBCASE("what is packed has its own packed symbols, which do not count") {
        auto const all = contents(files.path_of_copy.c_str());
        files.add(files.xz(all));
        CHECK_FALSE(bl::resolve_symbol(files.path_of_copy, "print_second"));
    }
}

TEST_CASE("each compiler, linker and strip leaves symbols where they are found") {
    struct tools {
        char const* compiler;
        char const* linker;
        char const* strip; // {0}: the program, which gets a debug file {0}.debug
    };
    constexpr std::string_view by_objcopy =
        "objcopy --only-keep-debug {0} {0}.debug && strip {0} && "
        "objcopy --add-gnu-debuglink={0}.debug {0}";
    std::size_t tried = 0;
    for (auto const& [compiler, linker, strip] :
         {tools{"g++", "bfd", by_objcopy.data()}, tools{"g++", "gold", by_objcopy.data()},
          tools{"g++", "lld", by_objcopy.data()}, tools{"clang++", "lld", by_objcopy.data()},
          tools{"g++", "bfd", "eu-strip -f {0}.debug {0}"},
          tools{"clang++", "lld", "eu-strip -f {0}.debug {0}"},
          tools{"clang++", "lld",
                "llvm-objcopy --only-keep-debug {0} {0}.debug && llvm-strip {0} && "
                "llvm-objcopy --add-gnu-debuglink={0}.debug {0}"}}) {
        scratch const directory;
        auto const program = directory / "program";
        std::string command = "cd " + std::string{directory.path};
        for (auto const* const part : {"1", "2"})
            command.append(" && ").append(compiler).append(" -g -std=c++20 -fpie -c -DPART=") +=
                std::string{part} + " -o " + part + ".o " PROGRAM_SOURCE;
        command.append(" && ").append(compiler).append(" -pie -Wl,--build-id=sha1 -fuse-ld=") +=
            std::string{linker} + " -o program 1.o 2.o && ";
        command += strip;
        for (auto at = command.find("{0}"); at != command.npos; at = command.find("{0}"))
            command.replace(at, 3, "program");
        if (std::system(("(" + command + ") > /dev/null 2>&1").c_str()) != 0) {
            MESSAGE("left out: " << command);
            continue;
        }
        ++tried;
        CAPTURE(command);
        stripped const files{program};
        files.is_missing("no debug file of it was found");
        files.put_debug_file("bin/" + files.debug_name());
        files.is_found();
        files.remove("bin/" + files.debug_name());
        auto const tree = files / "tree";
        std::string_view const trees[]{tree};
        files.put_debug_file(files.name_by_id("tree"));
        files.is_found({.debug_directories = trees});
    }
    if (tried == 0) MESSAGE("skipped: none of these toolchains is installed");
}

TEST_CASE("who names the debug file is told to name the program") {
    refused(bl::resolve_symbol(identified + ".debug", "print_second"), bl::errc::invalid_argument,
            {"symbol print_second in ", "name the program that it belongs to"});
}

namespace {

/// A field of a section's header.
struct field {
    std::size_t at;
    std::size_t bytes;
};
constexpr std::array section_fields{
    field{offsetof(Elf64_Shdr, sh_offset), 8},
    field{offsetof(Elf64_Shdr, sh_size), 8},
    field{offsetof(Elf64_Shdr, sh_link), 4},
};

/// What is asked of a file that somebody made to make it take long.
void ask_everything(std::string const& path) {
    auto const begin = std::clock(); // of this process: others may keep the machine busy
    auto const told = [](auto const& r) {
        if (!r) CHECK_FALSE(r.error().message().empty());
    };
    told(bl::resolve_symbol(path, "absent")); // looks for debug files, and at what is needed
    told(bl::resolve_symbol(path, "print_second", {.unique = true}));
    told(bl::symbol_at(path, 0x1234));
    told(bl::matching_symbols(path, "a::*"));
    CHECK((std::clock() - begin) / CLOCKS_PER_SEC < 20);
}

} // namespace

// E30
TEST_CASE("no number in a section's header decides how long it takes, or how much is kept") {
    auto const whole = contents(identified.c_str());
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        MESSAGE("skipped: programs have 32 bits here");
        return;
    }
    memory_file const file{whole};
    for (std::size_t section = 0; section != header.e_shnum; ++section)
        for (auto const& [at, bytes] : section_fields)
            for (std::uint64_t const value : {std::uint64_t{0xffff'ffff}, ~std::uint64_t{0} - 8}) {
                auto hostile = whole;
                std::memcpy(hostile.data() + header.e_shoff + section * sizeof(Elf64_Shdr) + at,
                            &value, bytes);
                file.rewrite(hostile);
                CAPTURE(section);
                CAPTURE(at);
                ask_everything(file.path());
            }
}

TEST_CASE("a million sections, and notes that never end, are read in bounded time") {
    auto hostile = contents(identified.c_str());
    Elf64_Ehdr header;
    std::memcpy(&header, hostile.data(), sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        MESSAGE("skipped: programs have 32 bits here");
        return;
    }
    constexpr std::uint64_t many = 1U << 20U;
    std::vector<Elf64_Shdr> sections(many);
    sections[0].sh_size = many;
    for (std::size_t i = 1; i != many; ++i) {
        sections[i].sh_type = SHT_NOTE; // all of the same zero bytes: notes of no length
        sections[i].sh_offset = hostile.size();
        sections[i].sh_size = 0x1'0000;
    }
    header.e_shoff = hostile.size();
    header.e_shnum = 0;
    header.e_shstrndx = SHN_UNDEF;
    std::memcpy(hostile.data(), &header, sizeof header);
    hostile.append(reinterpret_cast<char const*>(sections.data()), many * sizeof(Elf64_Shdr));
    memory_file const file{hostile};
    ask_everything(file.path());
    refused(bl::resolve_symbol(file.path(), "print_second"), bl::errc::not_found,
            {"print_second", "stripped"});
}

TEST_CASE("names that lie within each other do not make it take long") {
    std::string const name(std::size_t{1} << 24U, 'x');
    std::vector<built_symbol> symbols(std::size_t{1} << 17U); // 2 TiB of names in all
    symbols.back().name = name;
    auto hostile = build_elf<elf64>(symbols);
    auto const table = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + 3 * sizeof(Elf64_Shdr);
    for (std::size_t i = 1; i <= symbols.size(); ++i) {
        auto const at = static_cast<std::uint32_t>(symbols.size());
        std::memcpy(hostile.data() + table + i * sizeof(Elf64_Sym), &at, sizeof at);
    }
    memory_file const file{hostile};
    ask_everything(file.path());
    refused(bl::matching_symbols(file.path(), "*"), bl::errc::invalid_argument, {"damaged"});
    CHECK(bl::resolve_symbol(file.path(), name.substr(0, 5)).error() == bl::errc::not_found);
}
