// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string_view>

namespace {

using bl::errc;
using bl::operation;

constexpr std::array<std::string_view, 2> names{"do_a", "do_b"};
constexpr std::array<std::uint64_t, 2> places{0x10, 0x20};
constexpr std::array cookies{bl::cookie{1}, bl::cookie{2}};
constexpr std::array one_cookie{bl::cookie{1}};
constexpr bl::hook::uprobe_multi two_places{.binary = "/bin/x", .offsets = places};

} // namespace

TEST_CASE_FIXTURE(kprobe_prober, "uprobe_multi hands its arrays on") {
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

TEST_CASE_FIXTURE(kprobe_prober, "what uprobe_multi cannot mean is refused before the kernel") {
    using hook = bl::hook::uprobe_multi;
    constexpr std::array<std::uint64_t, 1> one{1};
    is_mistake(hook{.binary = "/bin/x"}, "symbols, offsets or a pattern");
    for (auto const& mixed : {hook{.binary = "/x", .symbols = names, .pattern = "*"},
                              hook{.binary = "/x", .offsets = places, .pattern = "*"},
                              hook{.binary = "/x", .ref_ctr_offsets = places, .pattern = "*"},
                              hook{.binary = "/x", .cookies = cookies, .pattern = "*"}})
        is_mistake(mixed, "a pattern takes no symbols, offsets, counters or cookies");
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

TEST_CASE_FIXTURE(kprobe_prober, "what is wrong with places of uprobe_multi is told") {
    unprobeable(two_places, call::link_create); // F5
    unlinked(two_places, ENOEXEC, errc::invalid_argument, {"no instruction begins"});
    unlinked(two_places, EIO, no_condition, {"one of: ", "its file system takes no probes"});
    unlinked(two_places, EINVAL, errc::invalid_argument, {"another reference counter, or none"});
    unlinked(two_places, EOPNOTSUPP, errc::not_supported, {"CONFIG_UPROBES"});
    unlinked(two_places, EPERM, errc::permission_denied, {"security module"});
    constexpr std::array<std::uint64_t, 2> odd{2, 5};
    unlinked(bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places, .ref_ctr_offsets = odd},
             EINVAL, errc::invalid_argument, {"an odd offset"});
    unlinked(bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places, .pid = 77}, ESRCH,
             errc::not_found, {"process 77 has ended"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a kernel without sessions of uprobe_multi is told") {
    bpf_program const loaded{"one", bl::program_type::kprobe, bl::attach_type::trace_uprobe_session,
                             prog.fd().get()};
    auto const ref = bl::program_ref<bl::program_type::kprobe>::from(&loaded);
    fail(call::link_create, EINVAL);
    fail(call::link_create, EINVAL, 2);
    auto const link = bl::attach(
        *ref, bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places, .session = true});
    check_error(link, EINVAL, operation::link_create, errc::not_supported,
                {"no sessions of uprobe_multi"});
}

TEST_CASE_FIXTURE(kprobe_prober, "a session's program that is loaded for something else is told") {
    bl::hook::uprobe_multi const where{.binary = "/bin/x", .offsets = places, .session = true};
    static_cast<void>(bl::supports<bl::hook::uprobe_multi>()); // asked once
    fail(call::link_create, EINVAL);
    fail(call::link_create, EINVAL, 2); // the program, to nothing; but one for sessions is taken
    fail(call::link_create, EINVAL, 4);
    auto const link = bl::attach(prog, where);
    check_error(link, EINVAL, operation::link_create, errc::invalid_argument,
                {"; the program was loaded for another attach type"});
}

// E21, E22
TEST_CASE_FIXTURE(kprobe_prober, "uprobe_multi looks at the program before it blames the kernel") {
    blames_program(two_places);
    blames_closed_program(two_places);
}

// E11
TEST_CASE_FIXTURE(kprobe_prober, "the process of uprobe_multi is one that is there") {
    auto const of = [](int pid) {
        return bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places, .pid = pid};
    };
    refused(of(999), ESRCH, bl::operation::link_create, bl::errc::not_found, {"no process 999"});
    refused(of(42), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
            {"42 is a thread's number"});
    without_memory.push_back(33);
    refused(of(33), ESRCH, bl::operation::link_create, bl::errc::not_found,
            {"33 has no memory to probe"});
    CHECK(calls(call::link_create) == 0);
}

// E15
TEST_CASE_FIXTURE(kprobe_prober, "uprobe_multi names the file that was opened, not its path") {
    before(call::link_create, [&] { files["/bin/x"] = "another one, renamed over it"; });
    REQUIRE(
        succeeded(bl::attach(prog, bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = places})));
    CHECK(last_probed_text.starts_with("code of another format"));
    auto const closed = bl::fd_view{4'000};
    refused(bl::hook::uprobe_multi{.binary = closed, .offsets = places}, EBADF, bl::operation::open,
            bl::errc::invalid_argument, {"descriptor 4000"});
}
