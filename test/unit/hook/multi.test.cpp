// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <string_view>
#include <tuple>

// kprobe_multi and uprobe_multi: arrays, and one errno for what is wrong with any of them.

namespace {

using bl::program_type;

struct with_program : machine {
    typed_program<program_type::kprobe> prog{{open(add_program(program_type::kprobe))}};

    with_program() {
        files["/bin/x"] = std::string(0x10000, 'c'); // code of another format than ELF
        files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"
                                  "ffffffff81000030 t do_twice\nffffffff81000040 t do_twice\n";
    }

    template <class Hook>
    void refused(Hook const& where, int number, bl::operation at, bl::errc condition,
                 std::string_view text) {
        auto const link = bl::attach(prog, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), number, at, condition, {text});
        CHECK(newest_link() == nullptr);
    }
    template <class Hook>
    void is_mistake(Hook const& where, std::string_view text) {
        forget_calls();
        refused(where, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, text);
        CHECK(system_calls() == 0);
    }
};

constexpr std::array<std::string_view, 2> names{"do_a", "do_b"};
constexpr std::array<std::uint64_t, 2> places{0x10, 0x20};
constexpr std::array cookies{bl::cookie{1}, bl::cookie{2}};
constexpr std::array one_cookie{bl::cookie{1}};

} // namespace

TEST_CASE_FIXTURE(with_program, "kprobe_multi hands symbols or addresses on") {
    before(call::link_create, [&] {});
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

TEST_CASE_FIXTURE(with_program, "what kprobe_multi cannot mean is refused before the kernel") {
    using hook = bl::hook::kprobe_multi;
    is_mistake(hook{}, "one of them only");
    is_mistake(hook{.symbols = names, .addresses = places}, "one of them only");
    is_mistake(hook{.symbols = names, .pattern = "do_*"}, "one of them only");
    is_mistake(hook{.symbols = names, .cookies = one_cookie}, "1 cookie for 2 functions");
    is_mistake(hook{.pattern = "do_*", .cookies = one_cookie}, "no pattern");
    is_mistake(hook{.symbols = names, .retprobe = true, .session = true}, "session");
    bpf_program const loaded{"one", program_type::kprobe, bl::attach_type{}, prog.fd().get()};
    auto const ref = bl::program_ref<program_type::kprobe>::from(&loaded);
    auto const link = bl::attach(*ref, hook{.symbols = names});
    REQUIRE_FALSE(link);
    check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"loaded for no attach type, and trace_kprobe_multi is needed"}); // E10
}

TEST_CASE_FIXTURE(with_program, "kprobe_multi names the functions that are missing") {
    files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_c\n";
    for (int const number : {ESRCH, EADDRNOTAVAIL}) {
        fail(call::link_create, number);
        auto const link = bl::attach(prog, bl::hook::kprobe_multi{.symbols = names});
        REQUIRE_FALSE(link);
        check_error(link.error(), number, bl::operation::link_create,
                    number == ESRCH ? bl::errc::not_found : no_condition, {": do_b"});
    }
    fail(call::link_create, ESRCH);
    refused(bl::hook::kprobe_multi{.addresses = places}, ESRCH, bl::operation::link_create,
            bl::errc::not_found, "no function's beginning");
    fail(call::link_create, ESRCH);
    fail(call::open_file, EMFILE, 2); // the second look
    refused(bl::hook::kprobe_multi{.symbols = names}, ESRCH, bl::operation::link_create,
            bl::errc::not_found, "cannot be told");
}

// F3
TEST_CASE_FIXTURE(with_program, "kprobe_multi takes no name that stands for several functions") {
    constexpr std::array<std::string_view, 2> some{"do_a", "do_twice"};
    bl::hook::kprobe_multi const where{.symbols = some};
    refused(where, EADDRNOTAVAIL, bl::operation::resolve_symbol, bl::errc::invalid_argument,
            "do_twice (2)");
    CHECK(calls(call::link_create) == 0);
    CHECK(calls(call::open_file) == 1);
    fail(call::open_file, EACCES); // and none where that cannot be told
    refused(where, EACCES, bl::operation::open, bl::errc::permission_denied, "/proc/kallsyms");
    files.clear();
    refused(where, ENOENT, bl::operation::open, bl::errc::not_supported, "by address");
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.addresses = places})));
}

TEST_CASE_FIXTURE(with_program, "a pattern stands for the functions that can be probed") {
    files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_c\n"
                              "ffffffff81000030 t other\n";
    REQUIRE(succeeded(bl::attach(prog, bl::hook::kprobe_multi{.pattern = "do_?"})));
    CHECK(last_create.kprobe_multi.count == 2);
    refused(bl::hook::kprobe_multi{.pattern = "x*"}, ENOENT, bl::operation::resolve_symbol,
            bl::errc::not_found, "'x*'");
}

TEST_CASE_FIXTURE(with_program, "a kernel without the kind is told from another mistake") {
    bl::hook::kprobe_multi const where{.addresses = places};
    fail(call::link_create, EINVAL);
    fail(call::link_create, ESRCH, 2);
    refused(where, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, "places");
    fail_always(call::link_create, EINVAL);
    refused(where, EINVAL, bl::operation::link_create, bl::errc::not_supported,
            "no trace_kprobe_multi");
    mend();
    fail(call::link_create, EOPNOTSUPP);
    refused(where, EOPNOTSUPP, bl::operation::link_create, bl::errc::not_supported,
            "CONFIG_FPROBE");
    fail(call::link_create, EPERM);
    refused(where, EPERM, bl::operation::link_create, bl::errc::permission_denied, "CAP_PERFMON");
}

TEST_CASE_FIXTURE(with_program, "uprobe_multi hands its arrays on") {
    using hook = bl::hook::uprobe_multi;
    auto const link = bl::attach(prog, hook{.binary = "/bin/x",
                                            .offsets = places,
                                            .ref_ctr_offsets = places,
                                            .cookies = cookies,
                                            .pid = 33,
                                            .retprobe = true});
    REQUIRE(succeeded(link));
    auto const& sent = last_create.uprobe_multi;
    CHECK(last_create.attach_type == 48);
    CHECK(sent.count == 2);
    CHECK(sent.flags == 1);
    CHECK(sent.pid == 33);
    CHECK(sent.path_fd == 0);
    CHECK(sent.ref_ctr_offsets == reinterpret_cast<std::uintptr_t>(places.data()));
    CHECK(sent.cookies == reinterpret_cast<std::uintptr_t>(cookies.data()));
    CHECK(link->info()->type == bl::link_type::uprobe_multi);

    auto const file = open_file("/bin/x");
    REQUIRE(succeeded(bl::attach(
        prog, hook{.binary = bl::fd_view{file}, .offsets = places, .pid = 0, .session = true})));
    CHECK(last_create.attach_type == 57);
    CHECK(sent.pid == static_cast<std::uint32_t>(process_id)); // 0 is everybody, to the kernel
    CHECK(sent.flags == 0);
    CHECK(sent.cookies == 0);
    REQUIRE(succeeded(bl::attach(prog, hook{.binary = "/bin/x", .offsets = places})));
    CHECK(sent.pid == 0);
}

TEST_CASE_FIXTURE(with_program, "what uprobe_multi cannot mean is refused before the kernel") {
    using hook = bl::hook::uprobe_multi;
    constexpr std::array<std::uint64_t, 1> one{1};
    is_mistake(hook{.binary = "/bin/x"}, "symbols or offsets");
    is_mistake(hook{.binary = "", .offsets = places}, "a file is needed");
    is_mistake(hook{.binary = "/x", .symbols = names, .offsets = one}, "1 offset for 2 symbols");
    is_mistake(hook{.binary = "/x", .offsets = places, .ref_ctr_offsets = one},
               "1 reference counter for 2 places");
    is_mistake(hook{.binary = "/x", .offsets = places, .cookies = one_cookie},
               "1 cookie for 2 places");
    is_mistake(hook{.binary = "/x", .offsets = places, .pid = -1}, "not negative");
    is_mistake(hook{.binary = "/x", .offsets = places, .retprobe = true, .session = true},
               "session");
}

TEST_CASE_FIXTURE(with_program, "each refusal of uprobe_multi has its condition and advice") {
    bl::hook::uprobe_multi const where{.binary = "/bin/x", .offsets = places};
    for (auto const& [number, condition, advice] :
         {std::tuple{ENOENT, bl::errc::not_found, "/bin/x"},
          std::tuple{EBADF, bl::errc::invalid_argument, "program's descriptor"},
          std::tuple{ESRCH, bl::errc::not_found, "/bin/x"},
          std::tuple{ENOEXEC, bl::errc::invalid_argument, "no instruction"},
          std::tuple{EPERM, bl::errc::permission_denied, "CAP_PERFMON"},
          std::tuple{E2BIG, no_condition, "2 places in /bin/x"}}) {
        fail(call::link_create, number);
        refused(where, number, bl::operation::link_create, condition, advice);
    }
    fail(call::link_create, EINVAL);
    fail(call::link_create, EBADF, 2);
    refused(where, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, "places");
    fail_always(call::link_create, EINVAL);
    refused(where, EINVAL, bl::operation::link_create, bl::errc::not_supported,
            "no trace_uprobe_multi");
    mend();
    fail(call::link_create, 524); // F5
    auto const link = bl::attach(prog, where);
    REQUIRE_FALSE(link);
    CHECK(link.error() == bl::errc::invalid_argument);
    CHECK(link.error().code().value() == 524);
    CHECK(link.error().message().find("cannot be probed") != std::string::npos);
}

// E11
TEST_CASE_FIXTURE(with_program, "the process of uprobe_multi is one that is there") {
    auto const of = [](int pid) {
        return bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places, .pid = pid};
    };
    refused(of(999), ESRCH, bl::operation::link_create, bl::errc::not_found, "no process 999");
    refused(of(42), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
            "42 is a thread's number");
    without_memory.push_back(33);
    refused(of(33), ESRCH, bl::operation::link_create, bl::errc::not_found,
            "33 has no memory to probe");
    CHECK(calls(call::link_create) == 0);
}

// E15
TEST_CASE_FIXTURE(with_program, "uprobe_multi names the file that was opened, not its path") {
    before(call::link_create, [&] { files["/bin/x"] = "another one, renamed over it"; });
    REQUIRE(
        succeeded(bl::attach(prog, bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places})));
    CHECK(last_probed_text == std::string(0x10000, 'c'));
    auto const closed = bl::fd_view{4'000};
    refused(bl::hook::uprobe_multi{.binary = closed, .offsets = places}, EBADF, bl::operation::open,
            bl::errc::invalid_argument, "descriptor 4000");
}
