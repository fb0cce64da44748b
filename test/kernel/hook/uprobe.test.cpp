// SPDX-License-Identifier: Apache-2.0
#include "../../border/symbols/built_elf.hpp"
#include "child.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "probed.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <signal.h>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <variant>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};

/// Attaches by one of the two hooks, which agree on much.
bl::result<bl::link> attach_to(counted_program const& p, bool is_multi, std::string_view binary,
                               std::string_view symbol, std::uint64_t offset,
                               std::optional<int> pid = {}) {
    auto const untyped = [](auto&& l) -> bl::link { return std::move(l); };
    if (!is_multi)
        return bl::attach(p.as<program_type::kprobe>(),
                          bl::hook::uprobe{
                              .binary = binary, .symbol = symbol, .offset = offset, .pid = pid})
            .map(untyped);
    std::span const symbols{&symbol, symbol.empty() ? 0U : 1U};
    return bl::attach(p.as<program_type::kprobe>(), bl::hook::uprobe_multi{.binary = binary,
                                                                           .symbols = symbols,
                                                                           .offsets = {&offset, 1},
                                                                           .pid = pid})
        .map(untyped);
}

bl::result<bl::link> attach_to_first(counted_program const& p, bool is_multi, int pid) {
    return attach_to(p, is_multi, own_binary, first_probed, 0, pid);
}

/// Whether the case is run with uprobe_multi this time.
bool subcase_of_both() {
    bool is_multi = false;
    SUBCASE("uprobe") {
    }
    SUBCASE("uprobe_multi") {
        is_multi = true;
    }
    return is_multi;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a uprobe runs with its function or its return, until closed") {
    auto const p = load_probe();
    if (!p) return;
    bl::hook::uprobe where{.binary = own_binary, .symbol = first_probed, .cookie = wanted};
    SUBCASE("function") {
    }
    SUBCASE("return") {
        where.retprobe = true;
    }
    SUBCASE("of this process") {
        where.pid = 0;
    }
    SUBCASE("offset in the file") {
        where.symbol = {};
        where.offset = must(bl::resolve_symbol(own_binary, first_probed));
    }
    SUBCASE("offset from another function") {
        constexpr std::array both{second_probed, first_probed};
        auto const places = must(bl::resolve_symbols(own_binary, both));
        where.symbol = second_probed;
        where.offset = places[1] - places[0]; // backwards, if need be: it wraps around
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    check_error(bl::link::duplicate(l.fd()).and_then([](bl::link u) { return u.detach(); }),
                bl::errc::not_supported, {"(perf_event)"});
    CHECK(p->runs_during([] { call_first(3); }) == 3);
    CHECK(p->runs_during([] { call_second(3); }) == 0);
    CHECK(p->cookie() == wanted);
    CHECK(bl::uprobe_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->runs_during([] { call_first(3); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe of another process does not run for this one") {
    auto const p = load_probe();
    if (!p) return;
    auto const child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    REQUIRE(child > 0);
    auto made =
        bl::attach(p->as<program_type::kprobe>(),
                   bl::hook::uprobe{.binary = own_binary, .symbol = first_probed, .pid = child});
    auto const runs = p->runs_during([] { call_first(3); });
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (is_unsupported(made)) return;
    CHECK(made.has_value());
    CHECK(runs == 0);
    auto const gone =
        bl::attach(p->as<program_type::kprobe>(),
                   bl::hook::uprobe{.binary = own_binary, .symbol = first_probed, .pid = child});
    check_error(gone, bl::errc::not_found, {"no process " + std::to_string(child)});
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe of a symbol that is not there names it") {
    auto const p = counted_program::load(program_type::kprobe);
    if (!p) return;
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary, .symbol = "no_such_function"}),
                bl::errc::not_found, {"no_such_function"});
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = "/no/such/file", .symbol = "f"}),
                bl::errc::not_found, {"/no/such/file"});
}

namespace {

constexpr std::uint64_t place_of_code = 0x800;
constexpr std::size_t size_of_code = 0x1200;

/// Writes a file that has the code of call_first()'s function in it, as "f".
void write_code(std::string const& path, bool is_elf = true) {
    auto bytes = is_elf ? build_elf<elf64>({{"f", 0x400800}}) : std::string{"code"};
#ifdef __aarch64__
    if (is_elf) bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_AARCH64);
#endif
    bytes.resize(size_of_code);
    constexpr std::size_t enough = 64; // for the whole of so short a function
    std::memcpy(bytes.data() + place_of_code, reinterpret_cast<void const*>(&bpflink_probed_first),
                enough);
    std::ofstream{path, std::ios::binary} << bytes;
}

/// Such a file, mapped here.
class mapped_code {
public:
    explicit mapped_code(std::string const& path) {
        bl::unique_fd const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        REQUIRE(file);
        at_ = ::mmap(nullptr, size_of_code, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.get(), 0);
        REQUIRE(at_ != MAP_FAILED);
    }
    ~mapped_code() { ::munmap(at_, size_of_code); }
    mapped_code(mapped_code const&) = delete;
    mapped_code& operator=(mapped_code const&) = delete;

    void call(int times) const {
        auto const function =
            reinterpret_cast<int (*)(int)>(static_cast<char*>(at_) + place_of_code);
        for (int i = 0; i != times; ++i)
            REQUIRE(function(i) == i + 1);
    }

private:
    void* at_ = nullptr;
};

/// A directory of this test's own.
struct scratch {
    scratch() { REQUIRE(::mkdtemp(path)); }
    ~scratch() { std::filesystem::remove_all(path); }
    scratch(scratch const&) = delete;
    scratch& operator=(scratch const&) = delete;
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return std::string{path} + "/" + std::string{name};
    }

    char path[32] = "/tmp/bpflink-uprobe-XXXXXX";
};

/// A process whose root is elsewhere, until this ends.
class container {
public:
    explicit container(std::function<bool()> const& enter) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        bl::unique_fd const reader{ends[0]}, writer{ends[1]};
        process = ::fork();
        if (process == 0) {
            char const entered = enter() ? 'y' : 'n';
            if (::write(writer.get(), &entered, 1) == 1) ::pause();
            ::_exit(0);
        }
        REQUIRE(process > 0);
        char entered = 0;
        REQUIRE(::read(reader.get(), &entered, 1) == 1);
        is_ready = entered == 'y';
    }
    ~container() {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }
    container(container const&) = delete;
    container& operator=(container const&) = delete;
    [[nodiscard]] std::string root() const { return "/proc/" + std::to_string(process) + "/root"; }

    pid_t process = -1;
    bool is_ready = false;
};

} // namespace

// F1
TEST_CASE_FIXTURE(kernel_case,
                  "a container's absolute link leads to its own file, not the host's") {
    auto const p = load_probe();
    if (!p) return;
    scratch const directory;
    auto const host = directory / "f.so"; // what the link's text means here
    write_code(host);
    auto const inside = directory / "root";
    bool is_mount = false;
    SUBCASE("by chroot") {
    }
    SUBCASE("in a mount namespace of its own") {
        is_mount = true;
    }
    std::filesystem::create_directory(inside);
    container const child{[&] {
        if (is_mount && (::unshare(CLONE_NEWNS) != 0 ||
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                         ::mount("none", inside.c_str(), "tmpfs", 0, nullptr) != 0))
            return false;
        std::filesystem::create_directories(inside + directory.path);
        write_code(inside + host);
        return ::symlink(host.c_str(), (inside + "/f.so").c_str()) == 0 &&
               ::chroot(inside.c_str()) == 0 && ::chdir("/") == 0;
    }};
    if (!child.is_ready) return skip_case("no process can have a root of its own here");
    auto const name = child.root() + "/f.so";
    mapped_code const own{host};
    mapped_code const other{child.root() + host};

    auto made =
        bl::attach(p->as<program_type::kprobe>(), bl::hook::uprobe{.binary = name, .symbol = "f"});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during([&] { own.call(3); }) == 0);
    CHECK(p->runs_during([&] { other.call(3); }) == 3);
    must(l.close());

    auto const many = load_probe(attach_type::trace_uprobe_multi);
    if (!many) return;
    constexpr std::array symbols{std::string_view{"f"}};
    auto multi = bl::attach(many->as<program_type::kprobe>(),
                            bl::hook::uprobe_multi{.binary = name, .symbols = symbols});
    if (is_unsupported(multi)) return;
    auto const kept = must(std::move(multi));
    CHECK(many->runs_during([&] { own.call(3); }) == 0);
    CHECK(many->runs_during([&] { other.call(3); }) == 3);
}

// E15
TEST_CASE_FIXTURE(kernel_case, "a link reports a real path of its file") {
    auto const p = load_probe();
    if (!p) return;
    scratch const directory;
    write_code(directory / "f.so");
    REQUIRE(::symlink("f.so", (directory / "link").c_str()) == 0);
    auto const name = directory / "link";
    auto made =
        bl::attach(p->as<program_type::kprobe>(), bl::hook::uprobe{.binary = name, .symbol = "f"});
    if (is_unsupported(made)) return;
    auto const single = must(std::move(made));
    auto const details = must(single.details());
    if (auto const* const told = std::get_if<bl::perf_uprobe>(&details.event))
        CHECK(told->binary == directory / "f.so");
    else
        skip_part("the kernel reports nothing of perf events");
    auto const many = load_probe(attach_type::trace_uprobe_multi);
    if (!many) return;
    constexpr std::array symbols{std::string_view{"f"}};
    auto multi = bl::attach(many->as<program_type::kprobe>(),
                            bl::hook::uprobe_multi{.binary = name, .symbols = symbols});
    if (is_unsupported(multi)) return;
    auto const path = must(must(std::move(multi)).details()).binary;
    if (path.empty()) return skip_part("the kernel reports nothing of uprobe_multi links");
    CHECK(path == directory / "f.so");
}

// E11
TEST_CASE_FIXTURE(kernel_case, "a uprobe of this process outlives the thread that attached it") {
    bool const is_multi = subcase_of_both();
    auto const p = load_probe(is_multi ? attach_type::trace_uprobe_multi : attach_type{});
    if (!p) return;
    std::optional<bl::result<bl::link>> made;
    std::thread{[&] { made = attach_to_first(*p, is_multi, 0); }}.join();
    if (is_unsupported(*made)) return;
    auto const l = must(*std::move(made));
    CHECK(p->runs_during([] { call_first(5); }) == 5);
    CHECK(p->runs_during([] { std::thread{[] { call_first(5); }}.join(); }) == 5);
    auto const child = ::fork(); // another process, with the same code
    if (child == 0) {
        call_first(5);
        ::_exit(0);
    }
    REQUIRE(child > 0);
    CHECK(p->runs_during([&] { ::waitpid(child, nullptr, 0); }) == 0);
}

// E11
TEST_CASE_FIXTURE(kernel_case, "a process whose first thread has ended is refused") {
    bool const is_multi = subcase_of_both();
    auto const p = load_probe(is_multi ? attach_type::trace_uprobe_multi : attach_type{});
    if (!p) return;
    auto const child = ::fork();
    if (child == 0) {
        std::thread{[] {
            for (;;)
                ::pause();
        }}.detach();
        ::syscall(SYS_exit, 0); // this thread alone
    }
    REQUIRE(child > 0);
    auto const status = "/proc/" + std::to_string(child) + "/status";
    CHECK(eventually([&] {
        std::stringstream text;
        text << std::ifstream{status}.rdbuf();
        return text.str().find("State:\tZ") != std::string::npos;
    }));
    auto const made = attach_to_first(*p, is_multi, child);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    check_error(made, bl::errc::not_found, {"no memory to probe", "first thread has ended"});
}

// E11
TEST_CASE_FIXTURE(kernel_case, "a thread's number is not a process's to a uprobe") {
    bool const is_multi = subcase_of_both();
    auto const p = load_probe(is_multi ? attach_type::trace_uprobe_multi : attach_type{});
    if (!p) return;
    std::optional<bl::result<bl::link>> made;
    std::thread{[&] {
        made = attach_to_first(*p, is_multi, static_cast<int>(::syscall(SYS_gettid)));
    }}.join();
    check_error(*made, bl::errc::invalid_argument, {"is a thread's number"});
}

// F5
TEST_CASE_FIXTURE(kernel_case, "an instruction that cannot be probed is a mistake while it runs") {
    bool const is_multi = subcase_of_both();
    auto const p = load_probe(is_multi ? attach_type::trace_uprobe_multi : attach_type{});
    if (!p) return;
#if !defined(__x86_64__)
    return skip_case("the instruction is one of x86");
#endif
    scratch const directory;
    auto const name = directory / "code"; // not ELF: the kernel alone looks at it
    write_code(name, false);
    {
        std::fstream file{name, std::ios::binary | std::ios::in | std::ios::out};
        file.seekp(place_of_code);
        file << "\xf0\x48\x0f\xb1\x0f";
    }
    mapped_code const running{name};
    auto made = attach_to(*p, is_multi, name, {}, place_of_code);
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::invalid_argument, {"this instruction cannot be probed"});
}

namespace {

// What USDT calls a semaphore: the kernel counts in it who watches. In a section of its own, for a
// place in the file.
[[gnu::section(".probes"), gnu::used]] unsigned short volatile watchers = 0;

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a uprobe's reference counter is raised while it is attached") {
    auto const p = load_probe();
    if (!p) return;
    auto const counter = file_offset_of(const_cast<unsigned short*>(&watchers));
    CHECK(watchers == 0);
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary,
                                            .symbol = first_probed,
                                            .ref_ctr_offset = static_cast<std::uint32_t>(counter)});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(watchers == 1);
    must(l.close());
    CHECK(eventually([] { return watchers == 0; }));
}

TEST_CASE_FIXTURE(kernel_case, "links of probes are pinned, and loaded as what they are") {
    auto const p = load_probe();
    if (!p) return;
    sandbox::bpffs const fs;
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe{.binary = own_binary, .symbol = first_probed}) |
                bl::pin(fs.path() + "/probe");
    if (is_unsupported(made)) return;
    auto const id = must(must(std::move(made)).info()).id; // and closes
    CHECK(p->runs_during([] { call_first(2); }) == 2);
    auto again = must(bl::uprobe_link::load_pinned(fs.path() + "/probe"));
    CHECK(must(again.info()).id == id);
    must(again.unpin());
    must(again.close());
    CHECK(p->runs_during([] { call_first(2); }) == 0);
}

// F9
TEST_CASE_FIXTURE(kernel_case, "a uprobe says which capability it takes on this kernel") {
    constexpr unsigned perfmon = 38, bpf = 39; // CAP_PERFMON, CAP_BPF
    auto const attach = [] {
        held_as<program_type::kprobe> const prog{load_constant(program_type::kprobe, {}, 0)};
        return bl::attach(prog, bl::hook::uprobe{.binary = own_binary, .symbol = first_probed});
    };
    if (is_unsupported(attach())) return;
    int const outcome = with_capabilities({perfmon, bpf}, [&](steps& step) {
        auto const made = attach();
        step(made || (made.error() == bl::errc::permission_denied &&
                      made.error().message().find("; CAP_SYS_ADMIN is missing, which newer") !=
                          std::string::npos),
             made ? "" : made.error().message().c_str());
    });
    if (outcome < 0) return skip_part("the kernel does not know these capabilities");
    CHECK(outcome == 0);
    held_as<program_type::kprobe> const prog{load_constant(program_type::kprobe, {}, 0)};
    CHECK(as_nobody([&](steps& step) {
              auto const made =
                  bl::attach(prog, bl::hook::uprobe{.binary = own_binary, .symbol = first_probed});
              step(!made && made.error().message().find(
                                "CAP_PERFMON is missing, or CAP_SYS_ADMIN") != std::string::npos,
                   made ? "it attached" : made.error().message().c_str());
          }) == 0);
}
