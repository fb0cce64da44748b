// SPDX-License-Identifier: Apache-2.0
// Functions of running processes.
#include "built_elf.hpp"
#include "real_files.hpp"

#include <bpflink/process_symbols.hpp>
#include <bpflink/symbols.hpp>

#include <algorithm>
#include <csignal>
#include <dlfcn.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace {

/// A child of this process that does nothing until it is ended.
struct child {
    child() : pid{::fork()} {
        REQUIRE(pid >= 0);
        if (pid == 0)
            for (;;)
                ::pause();
    }
    ~child() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    child(child const&) = delete;
    child& operator=(child const&) = delete;

    int pid;
};

/// A copy of the library, loaded.
struct loaded_copy : scratch {
    loaded_copy() {
        std::filesystem::copy_file(VERSIONS_LIBRARY, path);
        handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(handle);
    }
    ~loaded_copy() { ::dlclose(handle); }
    loaded_copy(loaded_copy const&) = delete;
    loaded_copy& operator=(loaded_copy const&) = delete;
    [[nodiscard]] std::uint64_t address() const {
        return reinterpret_cast<std::uintptr_t>(::dlvsym(handle, "weak_one", "ONE"));
    }

    std::string path = *this / "copy.so";
    void* handle = nullptr;
};

} // namespace

TEST_CASE_FIXTURE(loaded_copy, "a function is found in the file that a process has mapped") {
    child const other;
    for (int const pid : {0, ::getpid(), other.pid}) {
        auto const found = bl::resolve_in_process(pid, "weak_one");
        REQUIRE(found);
        REQUIRE(found->size() == 1);
        auto const& place = found->front();
        CHECK(place.mapped == path);
        CHECK(place.address == address()); // a child has what its parent has
        CHECK(place.offset == bl::resolve_symbol(path, "weak_one"));
        CHECK(place.binary.ends_with("/root" + path));
        CHECK(bl::resolve_symbol(place.binary, "weak_one") == place.offset);
    }
}

TEST_CASE("every file that has a function of that name is told") {
    loaded_copy const one, two;
    auto const found = bl::resolve_in_process(0, "weak_one");
    REQUIRE(found);
    names paths;
    for (auto const& place : *found)
        paths.push_back(place.mapped);
    CHECK(paths.size() == 2);
    for (auto const& copy : {one.path, two.path})
        CHECK(std::ranges::count(paths, copy) == 1);
}

TEST_CASE_FIXTURE(loaded_copy, "a file that was deleted or replaced is the one that is mapped") {
    auto const before = bl::resolve_in_process(0, "weak_one");
    REQUIRE(before);
    std::filesystem::remove(path);
    std::ofstream{path} << "another file";
    auto const after = bl::resolve_in_process(0, "weak_one");
    if (!after && ::geteuid() != 0) {
        MESSAGE("skipped: map_files takes privilege");
        return;
    }
    REQUIRE(after);
    REQUIRE(after->size() == 1);
    CHECK(after->front().offset == before->front().offset);
    CHECK(after->front().address == before->front().address);
    CHECK(after->front().binary.find("/map_files/") != std::string::npos);
    CHECK(bl::resolve_symbol(after->front().binary, "weak_one") == before->front().offset);
}

TEST_CASE("a deleted file that is mapped at an address of few digits is found") {
    scratch const directory;
    auto const path = directory / "low";
    std::ofstream{path, std::ios::binary} << build_elf<elf64>({{"low_one", 0x400300}});
    bl::unique_fd const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    auto* const low = reinterpret_cast<void*>(0x100'0000); // programs that are no PIE are as low
    void* const mapped = ::mmap(low, 0x1000, PROT_READ | PROT_EXEC,
                                MAP_PRIVATE | MAP_FIXED_NOREPLACE, file.get(), 0);
    std::filesystem::remove(path);
    if (mapped != low || ::geteuid() != 0) {
        MESSAGE("skipped: the address is taken, or map_files takes privilege");
        return;
    }
    auto const found = bl::resolve_in_process(0, "low_one");
    ::munmap(mapped, 0x1000);
    REQUIRE(found);
    CHECK(found->front().offset == 0x300);
    CHECK(found->front().address == 0x100'0300);
}

TEST_CASE_FIXTURE(loaded_copy, "a file that has a name twice does not hide where others have it") {
    scratch const directory;
    auto const path_of_other = directory / "other";
    std::ofstream{path_of_other, std::ios::binary}
        << build_elf<elf64>({{"weak_one", 0x400300, STT_FUNC, STB_LOCAL},
                             {"weak_one", 0x400400, STT_FUNC, STB_LOCAL},
                             {"only_twice", 0x400300, STT_FUNC, STB_LOCAL},
                             {"only_twice", 0x400400, STT_FUNC, STB_LOCAL}});
    bl::unique_fd const other{::open(path_of_other.c_str(), O_RDONLY | O_CLOEXEC)};
    void* const mapped =
        ::mmap(nullptr, 0x1000, PROT_READ | PROT_EXEC, MAP_PRIVATE, other.get(), 0);
    REQUIRE(mapped != MAP_FAILED);
    auto const found = bl::resolve_in_process(0, "weak_one");
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().mapped == path);
    refused(bl::resolve_in_process(0, "only_twice"), bl::errc::invalid_argument,
            {"only_twice (2 addresses)"});
    ::munmap(mapped, 0x1000);
}

TEST_CASE("a function or a process that is not there is said to be so") {
    refused(bl::resolve_in_process(0, "bpflink_no_such"), bl::errc::not_found,
            {"symbol bpflink_no_such in process 0", "not in the ", " files"});
    refused(bl::resolve_in_process(-1, "f"), bl::errc::invalid_argument, {"process -1"});
    refused(bl::resolve_in_process(0, ""), bl::errc::invalid_argument, {"empty"});
    refused(bl::resolve_in_process(2'000'000'000, "f"), bl::errc::not_found,
            {"/proc/2000000000/maps"});
    int ended = 0;
    {
        child const other;
        ended = other.pid;
    }
    refused(bl::resolve_in_process(ended, "f"), bl::errc::not_found, {std::to_string(ended)});
}

#ifdef __x86_64__
TEST_CASE("what a name in a process cannot be resolved to is refused as in a file") {
    refused(bl::resolve_in_process(0, "memcpy"), bl::errc::invalid_argument,
            {"memcpy", "calls go to a variant"});
    auto const indirect = bl::resolve_in_process(0, "memcpy", {.indirect = true});
    REQUIRE(indirect);
    CHECK(indirect->front().address != 0);
}
#endif
