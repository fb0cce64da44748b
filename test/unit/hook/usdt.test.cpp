// SPDX-License-Identifier: Apache-2.0
#include "../symbol/noted_elf.hpp"
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bl::errc;
using bl::operation;
using hook = bl::hook::usdt;

constexpr hook start{.binary = "/lib.so", .provider = "app", .name = "start"};

struct usdt_prober : kprobe_prober {
    usdt_prober() {
        files["/lib.so"] = noted_elf(note_of({.address = 0x401020, .semaphore = 0x502004}) +
                                     note_of({.name = "stop"}) + note_of({.address = 0x401010}));
    }
};

} // namespace

TEST_CASE_FIXTURE(usdt_prober, "usdt hands all places on, with their semaphores and one cookie") {
    auto where = start;
    where.pid = 33;
    where.cookie = bl::cookie{7};
    auto const link = bl::attach(prog, where);
    REQUIRE(succeeded(link));
    auto const& sent = newest_link()->facts;
    CHECK(last_create.attach_type == 48);
    CHECK(sent.addresses == std::vector<std::uint64_t>{0x1020, 0x1010});
    CHECK(sent.ref_ctr_offsets == std::vector<std::uint64_t>{0x2004, 0});
    CHECK(sent.cookies == std::vector<std::uint64_t>{7, 7});
    CHECK(last_create.uprobe_multi.count == 2);
    CHECK(last_create.uprobe_multi.flags == 0);
    CHECK(last_create.uprobe_multi.pid == 33);
    CHECK(link->info()->type == bl::link_type::uprobe_multi);
    auto const file = open_file("/lib.so");
    where = start;
    where.binary = bl::fd_view{file};
    where.pid = 0;
    REQUIRE(succeeded(bl::attach(prog, where)));
    CHECK(last_create.uprobe_multi.pid == static_cast<std::uint32_t>(process_id));
    CHECK(last_probed_text == files["/lib.so"]);
}

TEST_CASE_FIXTURE(usdt_prober, "what usdt cannot mean is refused before the kernel") {
    using namespace std::literals;
    for (auto const& [binary, provider, name] :
         {std::array{""sv, "app"sv, "start"sv}, std::array{"/lib.so"sv, ""sv, "start"sv},
          std::array{"/lib.so"sv, "app"sv, ""sv}, std::array{"/lib.so"sv, "app"sv, "st\0art"sv}})
        is_mistake(hook{.binary = binary, .provider = provider, .name = name},
                   "a file, a provider and a probe's name are needed");
    auto where = start;
    where.pid = -1;
    is_mistake(where, "not negative");
}

TEST_CASE_FIXTURE(usdt_prober, "a probe of usdt that is not there: those that are there are told") {
    refused(hook{.binary = "/lib.so", .provider = "app", .name = "pause"}, ENOENT,
            operation::resolve_symbol, errc::not_found,
            {"app:pause in /lib.so", "app:start, app:stop"});
    refused(hook{.binary = "/bin/x", .provider = "app", .name = "start"}, ENOEXEC,
            operation::resolve_symbol, errc::invalid_argument, {"not an ELF file"});
    refused(hook{.binary = "/none", .provider = "app", .name = "start"}, ENOENT, operation::open,
            errc::not_found, {"/none"});
    auto where = start;
    where.pid = 999;
    refused(where, ESRCH, operation::link_create, errc::not_found, {"no process 999"});
    CHECK(calls(call::link_create) == 0);
}

TEST_CASE_FIXTURE(usdt_prober, "a place of usdt where no probe can be is refused by its cause") {
    auto& bytes = files["/lib.so"];
    bytes[0x1010] = '\xcc';
    refused(start, EINVAL, operation::link_create, errc::invalid_argument,
            {"place 1, offset 0x1010", "this instruction cannot be probed"});
}

TEST_CASE_FIXTURE(usdt_prober, "before 6.6 usdt says that a set of uprobes does the same") {
    // As libbpf loads SEC("usdt") there.
    bpf_program const loaded{"p", bl::program_type::kprobe, {}, prog.fd().get()};
    fail_always(call::link_create, EINVAL);
    auto const link = bl::attach(*bl::program_ref<bl::program_type::kprobe>::from(&loaded), start);
    mend();
    REQUIRE_FALSE(link);
    check_error(link.error(), EINVAL, operation::link_create, errc::not_supported,
                {"one link cannot hold several places", "hook::uprobe (5.15) at each place",
                 "by a link_set"});
}

TEST_CASE_FIXTURE(usdt_prober, "what is wrong with places of usdt is told") {
    unprobeable(start, call::link_create);
    unlinked(start, EINVAL, errc::invalid_argument, {"another reference counter, or none"});
    unlinked(start, EBUSY, no_condition, {"the page of the reference counter"});
    unlinked(start, EOPNOTSUPP, errc::not_supported, {"CONFIG_UPROBES"});
    unlinked(start, EPERM, errc::permission_denied, {"security module"});
    auto where = start;
    where.pid = 77;
    unlinked(where, ESRCH, errc::not_found, {"process 77 has ended"});
}

TEST_CASE_FIXTURE(usdt_prober, "usdt looks at the program before it blames the kernel") {
    blames_program(start);
    blames_closed_program(start);
    forget_calls();
    bpf_program const single{"one", bl::program_type::kprobe, bl::attach_type::perf_event,
                             prog.fd().get()};
    auto const link = bl::attach(*bl::program_ref<bl::program_type::kprobe>::from(&single), start);
    check_error(link, EINVAL, operation::link_create, errc::invalid_argument,
                {"the program was loaded for attach type perf_event, and trace_uprobe_multi"});
    CHECK(calls(call::link_create) == 0);
    bpf_program const none{"none", bl::program_type::kprobe, {}, prog.fd().get()};
    fail(call::link_create, EINVAL);
    auto const refused = bl::attach(*bl::program_ref<bl::program_type::kprobe>::from(&none), start);
    check_error(refused, EINVAL, operation::link_create, errc::invalid_argument,
                {"the program was loaded for no attach type, and trace_uprobe_multi is needed"});
}

TEST_CASE_FIXTURE(usdt_prober, "a link of usdt is on its kind, and may be of uprobe_multi") {
    auto link = bl::attach(prog, start);
    REQUIRE(succeeded(link));
    auto const info = link->info();
    REQUIRE(info);
    CHECK(bl::hook_traits<hook>::matches(*info) == bl::match::unknown);
    CHECK(bl::hook_traits<bl::hook::uprobe_multi>::matches(*info) == bl::match::yes);
    CHECK(bl::hook_traits<hook>::matches({.type = bl::link_type::xdp}) == bl::match::no);
}

TEST_CASE_FIXTURE(usdt_prober, "a program with usdt.bpf.h's map runs with keys of it as cookies") {
    files["/lib.so"] = noted_elf(note_of({.address = 0x401020, .arguments = "8@%rdi"}) +
                                 note_of({.address = 0x401010, .arguments = "8@%rsi"}) +
                                 note_of({.address = 0x401030, .arguments = "8@%rdi"}));
    auto& map = add_map();
    map.name = "__bpf_usdt_specs";
    map.type = 2; // BPF_MAP_TYPE_ARRAY
    map.value_size = 208;
    map.values.assign(256, std::string(208, '\0'));
    auto& reading = add_program(bl::program_type::kprobe);
    reading.maps = {map.id};
    typed_program<bl::program_type::kprobe> const reader{{open(reading)}};
    auto const link = bl::attach(reader, start);
    REQUIRE(succeeded(link));
    CHECK(newest_link()->facts.cookies == std::vector<std::uint64_t>{255, 254, 255});
    files["/lib.so"] = noted_elf(note_of({.arguments = "8f@%xmm0"}));
    auto const refused = bl::attach(reader, start);
    check_error(refused, EOPNOTSUPP, operation::resolve_symbol, errc::not_supported,
                {"app:start in /lib.so", "argument 1 of '8f@%xmm0'"});
    CHECK(succeeded(bl::attach(prog, start))); // which reads none
}
