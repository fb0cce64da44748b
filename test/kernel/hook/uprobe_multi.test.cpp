// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <fcntl.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "uprobe_multi runs at each of its places, by any naming") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    constexpr std::array names{first_probed, second_probed};
    constexpr std::array cookies{bl::cookie{11}, bl::cookie{22}};
    auto const offsets = must(bl::resolve_symbols(own_binary, names));
    constexpr std::array<std::uint64_t, 2> nothing_further{0, 0};
    bl::unique_fd const file{::open(own_binary.data(), O_RDONLY | O_CLOEXEC)};
    bl::hook::uprobe_multi where{.binary = own_binary, .cookies = cookies};
    SUBCASE("symbols") {
        where.symbols = names;
    }
    SUBCASE("symbols and offsets") {
        where.symbols = names;
        where.offsets = nothing_further;
    }
    SUBCASE("each by an offset from the other") {
        static constexpr std::array turned{second_probed, first_probed};
        static std::array<std::uint64_t, 2> distances;
        distances = {offsets[0] - offsets[1], offsets[1] - offsets[0]}; // one of them wraps around
        where.symbols = turned;
        where.offsets = distances;
    }
    SUBCASE("offsets in the file") {
        where.offsets = offsets;
    }
    SUBCASE("returns") {
        where.symbols = names;
        where.retprobe = true;
    }
    SUBCASE("by descriptor, of this process") {
        where.binary = bl::fd_view{file};
        where.symbols = names;
        where.pid = 0;
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during([] { call_first(2); }) == 2);
    CHECK(p->cookie() == bl::cookie{11});
    CHECK(p->runs_during([] { call_second(3); }) == 3);
    CHECK(p->cookie() == bl::cookie{22});
    CHECK(must(l.info()).type == bl::link_type::uprobe_multi);
    must(l.close());
    CHECK(p->runs_during([] { call_first(3); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe session runs before and after its function") {
    auto const p = load_probe(attach_type::trace_uprobe_session);
    if (!p) return;
    constexpr std::array names{first_probed};
    auto made =
        bl::attach(p->as<program_type::kprobe>(),
                   bl::hook::uprobe_multi{.binary = own_binary, .symbols = names, .session = true});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during([] { call_first(2); }) == 4);
    must(l.close());
    CHECK(p->runs_during([] { call_first(2); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "uprobe_multi names every symbol that is missing") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_uprobe_multi);
    if (!p) return;
    constexpr std::array<std::string_view, 3> names{"no_function_a", first_probed, "no_function_b"};
    check_error(bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe_multi{.binary = own_binary, .symbols = names}),
                bl::errc::not_found, {"no_function_a, no_function_b"});
}

TEST_CASE_FIXTURE(kernel_case, "uprobe_multi of a process that is not there finds none") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_uprobe_multi);
    if (!p) return;
    constexpr std::array names{first_probed};
    auto const made = bl::attach(
        p->as<program_type::kprobe>(),
        bl::hook::uprobe_multi{.binary = own_binary, .symbols = names, .pid = 0x7fff'fffe});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::not_found, {"no process 2147483646"});
}

TEST_CASE_FIXTURE(kernel_case, "a link on many places is pinned, and loaded as what it is") {
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p) return;
    sandbox::bpffs const fs;
    constexpr std::array names{first_probed};
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::uprobe_multi{.binary = own_binary, .symbols = names}) |
                bl::pin(fs.path() + "/probes");
    if (is_unsupported(made)) return;
    must(must(std::move(made)).close());
    CHECK(p->runs_during([] { call_first(2); }) == 2);
    auto again = must(bl::uprobe_multi_link::load_pinned(fs.path() + "/probes"));
    CHECK_FALSE(bl::uprobe_link::load_pinned(fs.path() + "/probes"));
    must(again.unpin());
    must(again.close());
    CHECK(p->runs_during([] { call_first(2); }) == 0);
}

// E21, E22
TEST_CASE_FIXTURE(kernel_case, "uprobe_multi tells a wrong program from a kernel without it") {
    constexpr std::array names{first_probed};
    bl::hook::uprobe_multi const where{.binary = own_binary, .symbols = names};
    auto const attach = [&](bl::fd_view program) {
        return bl::attach(lent_program<program_type::kprobe>{program, {}}, where);
    };
    auto const other = counted_program::load(program_type::xdp);
    auto const single = counted_program::load(program_type::kprobe);
    if (!other || !single) return;
    check_error(attach(other->fd()), bl::errc::invalid_argument, {"of type xdp, and kprobe"});
    if (!bl::supports<bl::hook::uprobe_multi>()) return skip_case("the kernel has no uprobe_multi");
    check_error(attach(bl::fd_view{4'000}), bl::errc::invalid_argument,
                {"the program's descriptor is not open"});
    check_error(attach(single->fd()), bl::errc::invalid_argument,
                {"loaded for another attach type"});
}

TEST_CASE_FIXTURE(kernel_case, "a reference counter at an odd offset is refused by its cause") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_uprobe_multi);
    if (!p) return;
    constexpr std::array names{first_probed};
    constexpr std::array<std::uint64_t, 1> odd{5};
    auto const made = bl::attach(
        p->as<program_type::kprobe>(),
        bl::hook::uprobe_multi{.binary = own_binary, .symbols = names, .ref_ctr_offsets = odd});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::invalid_argument, {"an odd offset"});
}

TEST_CASE_FIXTURE(kernel_case, "a uprobe session of a program that is loaded for none is told") {
    auto const in_session = load_probe(attach_type::trace_uprobe_session);
    auto const p = load_probe(attach_type::trace_uprobe_multi);
    if (!p || !in_session) return;
    bl::hook::uprobe_multi const where{
        .binary = own_binary, .session = true, .pattern = "bpflink_probed_*"};
    if (is_unsupported(bl::attach(in_session->as<program_type::kprobe>(), where))) return;
    held_as<program_type::kprobe> const other{must(bl::duplicate_for_exec(p->fd()))};
    check_error(bl::attach(other, where), bl::errc::invalid_argument,
                {"; the program was loaded for another attach type"});
}
