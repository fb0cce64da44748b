// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of real files share.

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

namespace bl = bpflink;

using names = std::vector<std::string>;
using views = std::vector<std::string_view>;

/// The offset in its file of what is at `address`, out of the text of a maps file.
inline std::uint64_t mapped_offset(std::string const& maps, std::uint64_t address) {
    std::istringstream lines{maps};
    for (std::string line; std::getline(lines, line);) {
        unsigned long begin = 0, end = 0, offset = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 &&
            address >= begin && address < end)
            return address - begin + offset;
    }
    FAIL("nothing is mapped there");
    return 0;
}

/// What a program of program.cpp prints.
inline std::string printed_by(char const* program) {
    std::string printed;
    std::unique_ptr<FILE, int (*)(FILE*)> const pipe{::popen(program, "r"), &::pclose};
    REQUIRE(pipe);
    for (std::array<char, 4'096> room;
         auto const count = std::fread(room.data(), 1, room.size(), pipe.get());)
        printed.append(room.data(), count);
    return printed;
}

/// The addresses of its functions, by name.
inline std::map<std::string, std::uint64_t> addresses_in(std::string const& printed) {
    std::map<std::string, std::uint64_t> addresses;
    std::istringstream lines{printed};
    std::string name, address;
    for (int i = 0; i != 5 && lines >> name >> address; ++i)
        addresses[name] = std::stoul(address, nullptr, 16);
    REQUIRE(addresses.size() == 5);
    return addresses;
}

/// What symbols/program.cpp prints of itself: offsets by name.
inline std::map<std::string, std::uint64_t> offsets_in(char const* program) {
    auto const printed = printed_by(program);
    auto places = addresses_in(printed);
    for (auto& [name, place] : places)
        place = mapped_offset(printed, place);
    return places;
}

/// A file in memory, with a path.
struct memory_file {
    explicit memory_file(std::string_view bytes) : fd{::memfd_create("test", MFD_CLOEXEC)} {
        rewrite(bytes);
    }
    void rewrite(std::string_view bytes) const {
        REQUIRE(::ftruncate(fd.get(), 0) == 0);
        REQUIRE(::pwrite(fd.get(), bytes.data(), bytes.size(), 0) ==
                static_cast<ssize_t>(bytes.size()));
    }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd.get()); }

    bl::unique_fd fd;
};

inline std::string contents(char const* path) {
    std::stringstream bytes;
    bytes << std::ifstream{path, std::ios::binary}.rdbuf();
    return bytes.str();
}

template <class T>
void refused(bl::result<T> const& r, bl::errc condition,
             std::initializer_list<std::string_view> texts) {
    REQUIRE_FALSE(r);
    CHECK(r.error() == condition);
    auto const message = r.error().message();
    for (auto const text : texts)
        CHECK_MESSAGE(message.find(text) != message.npos, message, " lacks ", text);
}

/// A directory of this test's own.
struct scratch {
    scratch() { REQUIRE(::mkdtemp(path)); }
    ~scratch() { std::filesystem::remove_all(path); }
    scratch(scratch const&) = delete;
    scratch& operator=(scratch const&) = delete;
    [[nodiscard]] std::string operator/(char const* name) const {
        return std::string{path} + "/" + name;
    }

    char path[32] = "/tmp/bpflink-symbols-XXXXXX";
};
