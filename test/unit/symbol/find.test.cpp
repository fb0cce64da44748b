// SPDX-License-Identifier: Apache-2.0
// Which file is looked at: what is in it is border/symbols/symbols.test.cpp's.
#include "machine.hpp"
#include "symbol/binary.hpp"

#include <bpflink/symbols.hpp>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// The environment's PATH for as long as this lives.
struct path_variable {
    explicit path_variable(char const* value) {
        if (value)
            ::setenv("PATH", value, 1);
        else
            ::unsetenv("PATH");
    }
    ~path_variable() { ::setenv("PATH", before.c_str(), 1); }
    path_variable(path_variable const&) = delete;
    path_variable& operator=(path_variable const&) = delete;

    std::string before = ::getenv("PATH") ? ::getenv("PATH") : "";
};

struct finder : machine {
    void refused(std::string_view binary, int number, bl::operation where, bl::errc condition,
                 std::initializer_list<std::string_view> texts) {
        auto const offset = bl::resolve_symbol(binary, "f");
        REQUIRE_FALSE(offset);
        check_error(offset.error(), number, where, condition, texts);
        auto const names = bl::matching_symbols(binary, "f*");
        REQUIRE_FALSE(names);
        CHECK(names.error() == offset.error());
    }
    void is_text(std::string_view binary, std::string_view found) {
        refused(binary, ENOEXEC, bl::operation::resolve_symbol, bl::errc::invalid_argument,
                {found, "not an ELF file"});
    }
    void is_missing(std::string_view binary, std::initializer_list<std::string_view> texts) {
        refused(binary, ENOENT, bl::operation::open, bl::errc::not_found, texts);
    }
};

} // namespace

TEST_CASE_FIXTURE(finder, "a name with a slash is a path, and looked for nowhere else") {
    files["/x/program"] = "text";
    files["./program"] = "other text";
    is_text("/x/program", "/x/program");
    is_text("./program", "./program");
    is_missing("/y/program", {"/y/program"});
}

TEST_CASE_FIXTURE(finder, "libraries are looked for in the standard directories") {
    is_missing("libx.so.1", {"libx.so.1", "/usr/lib", "/lib64", "/usr/local/lib"});
    for (auto const* const directory : {"/usr/local/lib", "/usr/lib", "/lib64"}) {
        files[directory + std::string{"/libx.so.1"}] = "text";
        is_text("libx.so.1", directory + std::string{"/libx.so.1"}); // before the last one
    }
    files["/usr/lib/libx.so"] = "text";
    is_text("libx.so", "/usr/lib/libx.so");
}

TEST_CASE_FIXTURE(finder, "LD_LIBRARY_PATH is not trusted") {
    ::setenv("LD_LIBRARY_PATH", "/evil", 1);
    files["/evil/libx.so.1"] = "text";
    is_missing("libx.so.1", {});
    ::unsetenv("LD_LIBRARY_PATH");
}

TEST_CASE_FIXTURE(finder, "programs are looked for in PATH, then where they usually are") {
    path_variable const path{"/first:relative::/second"};
    files["relative/program"] = "text";
    files["/program"] = "text";
    is_missing("program", {"program", "/first", "/usr/bin"});
    for (auto const* const directory : {"/usr/sbin", "/usr/bin", "/second", "/first"}) {
        files[directory + std::string{"/program"}] = "text";
        is_text("program", directory + std::string{"/program"});
    }
}

TEST_CASE_FIXTURE(finder, "without PATH programs are where they usually are") {
    path_variable const path{nullptr};
    files["/usr/bin/program"] = "text";
    is_text("program", "/usr/bin/program");
}

TEST_CASE_FIXTURE(finder, "what may not be opened is reported when nothing better is found") {
    files["/usr/lib/libx.so"] = "text";
    fail(call::reopen, EACCES);
    auto const forbidden = bl::resolve_symbol("libx.so", "f");
    REQUIRE_FALSE(forbidden); // the first reason, and not that of the text further on
    check_error(forbidden.error(), EACCES, bl::operation::open, bl::errc::permission_denied,
                {"libx.so"});
    fail_always(call::look_up, EMFILE);
    refused("libx.so", EMFILE, bl::operation::open, no_condition, {"libx.so"});
    mend();
    fail_always(call::look_up, ENOTDIR);
    is_missing("libx.so", {"libx.so"});
}

TEST_CASE_FIXTURE(finder, "what cannot be read says why") {
    files["/x"] = "text";
    files["/empty"] = "";
    files["/short"] = "\177EL";
    is_text("/empty", "/empty");
    is_text("/short", "/short");
    refused("/../", EISDIR, bl::operation::open, bl::errc::invalid_argument,
            {"/../", "it is a directory"});
    fail_always(call::read_at, EIO);
    refused("/x", EIO, bl::operation::read, no_condition, {"/x", "; the file system failed"});
    files["/proc/41/mem"] = files["/proc/41/root/mem"] = "text";
    refused("/proc/41/mem", EIO, bl::operation::read, bl::errc::invalid_argument,
            {"; nothing is mapped at this place"});
    refused("/proc/41/root/mem", EIO, bl::operation::read, no_condition,
            {"; the file system failed"});
    mend();
    fail_always(call::reopen, ENOENT);
    refused("/x", ENOENT, bl::operation::open, bl::errc::not_supported, {"/x", "/proc"});
}

TEST_CASE_FIXTURE(finder, "what a process has mapped takes a privilege to open by its range") {
    constexpr auto range = "/proc/41/map_files/1000-2000";
    constexpr auto denied = bl::errc::permission_denied;
    constexpr auto why = "; it takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN";
    files[range] = files["/x"] = "text";
    fail_always(call::reopen, EPERM);
    refused(range, EPERM, bl::operation::open, denied, {"; a security module"});
    lacks_capabilities = {21, 40};
    refused(range, EPERM, bl::operation::open, denied, {why});
    refused("/x", EPERM, bl::operation::open, denied, {"; a security module"});
    lacks_capabilities = {21};
    refused(range, EPERM, bl::operation::open, denied, {"; a security module"});
    in_first_user_namespace = false;
    refused(range, EPERM, bl::operation::open, denied, {why});
}

// E30
TEST_CASE_FIXTURE(finder, "neither a FIFO nor a device is opened") {
    devices = {"/dev/watchdog", "/usr/lib/libx.so"};
    for (auto const* const name : {"/dev/watchdog", "/dev/../dev//watchdog"})
        refused(name, EINVAL, bl::operation::open, bl::errc::invalid_argument,
                {name, "not a regular file"});
    refused("libx.so", EINVAL, bl::operation::open, bl::errc::invalid_argument,
            {"libx.so", "not a regular file"});
    CHECK(calls(call::reopen) == 0);
    CHECK(calls(call::open_file) == 0);
}

namespace {

/// A container, process 41, whose library is an absolute link; the host has one of that name.
struct container : finder {
    container() {
        files["/lib/real.so"] = "host";
        files["/run/c/lib/real.so"] = "inside";
        files["/run/c/app/own.so"] = "inside, too";
        symlinks["/run/c/lib/x.so"] = "/lib/real.so";
        symlinks["/run/c/lib/up.so"] = "../../../lib/real.so";
        symlinks["/run/c/app/out.so"] = "/lib/real.so";
        symlinks["/proc/41/root"] = "/run/c";
        symlinks["/proc/41/task/42/root"] = "/run/c";
        symlinks["/proc/41/cwd"] = "/run/c/app";
        symlinks["/proc/41/exe"] = "/run/c/lib/real.so";
        symlinks["/proc/self"] = "41";
        symlinks["/proc/thread-self"] = "41/task/42";
        symlinks["/tmp/to-it"] = "/proc/41/root";
        symlinks["/tmp/loop"] = "/tmp/loop";
    }
    std::string opened(std::string const& path) {
        auto const file = bl::find_binary(path);
        if (!file) return file.error().message();
        std::array<std::byte, 20> text{};
        auto const size = file->read(text, 0);
        REQUIRE(size);
        return {reinterpret_cast<char const*>(text.data()), *size};
    }
};

} // namespace

// F1
TEST_CASE_FIXTURE(container, "names below a process's root stay below it, however it is spelt") {
    for (auto const* const root :
         {"/proc/41/root", "/proc/./41//root/", "/proc/self/root", "/proc/thread-self/root",
          "/proc/41/task/42/root", "/proc/41/../41/root", "/tmp/to-it", "/tmp/../tmp/to-it/."}) {
        CAPTURE(root);
        for (auto const* const rest :
             {"/lib/x.so", "/lib/up.so", "//lib/../lib/x.so", "/../lib/real.so", "/lib/real.so"})
            CHECK(opened(std::string{root} + rest) == "inside");
    }
    CHECK(opened("/proc/41/exe") == "inside");
    CHECK(opened("/lib/real.so") == "host");
}

// F1
TEST_CASE_FIXTURE(container, "names below a process's other directories do not lead out of them") {
    CHECK(opened("/proc/41/cwd/own.so") == "inside, too");
    for (auto const* const rest : {"/out.so", "/../lib/real.so"}) {
        auto const message = opened(std::string{"/proc/41/cwd"} + rest);
        CHECK_MESSAGE(message.find("leads out of /proc/41/cwd") != message.npos, message);
    }
}

// F1
TEST_CASE_FIXTURE(container, "without openat2 links below a process's root are refused") {
    for (int const number : {ENOSYS, EPERM}) {
        lacks_openat2 = number;
        for (auto const* const root : {"/proc/41/root", "/proc/self/root", "/tmp/to-it"}) {
            CHECK(opened(root + std::string{"/lib/real.so"}) == "inside");
            for (auto const* const rest : {"/lib/x.so", "/lib/up.so", "/lib/../lib/real.so"}) {
                auto const message = opened(root + std::string{rest});
                CHECK_MESSAGE(message.find("openat2(2) is missing") != message.npos, message);
            }
        }
        symlinks["/usr/lib"] = "../lib"; // of this process's own, links are links
        CHECK(opened("/usr/lib/real.so") == "host");
        auto const message = opened("/tmp/loop");
        CHECK_MESSAGE(message.find("in a circle") != message.npos, message);
    }
}

TEST_CASE_FIXTURE(finder, "names that cannot be are refused before anything is opened") {
    using namespace std::string_view_literals;
    files["/x"] = "text";
    for (auto const& [binary, symbol] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"", "f"}, {"/x", ""}, {"/x\0y"sv, "f"}, {"/x", "f\0g"sv}}) {
        auto const offset = bl::resolve_symbol(binary, symbol);
        REQUIRE_FALSE(offset);
        check_error(offset.error(), EINVAL, bl::operation::resolve_symbol,
                    bl::errc::invalid_argument);
        auto const names = bl::matching_symbols(binary, symbol);
        REQUIRE_FALSE(names);
        check_error(names.error(), EINVAL, bl::operation::resolve_symbol,
                    bl::errc::invalid_argument);
    }
    CHECK(system_calls() == 0);
}
