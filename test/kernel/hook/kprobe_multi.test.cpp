// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "kprobe_multi runs with each of its functions, by any naming") {
    auto const p = load_probe(attach_type::trace_kprobe_multi);
    if (!p) return;
    constexpr std::array<std::string_view, 2> names{"bpf_fentry_test1", "bpf_fentry_test2"};
    constexpr std::array cookies{bl::cookie{11}, bl::cookie{22}};
    std::array<std::uint64_t, 2> addresses{};
    bl::hook::kprobe_multi where{};
    std::uint64_t expected = 2;
    SUBCASE("symbols") {
        where.symbols = names;
        where.cookies = cookies;
    }
    SUBCASE("returns") {
        where.symbols = names;
        where.cookies = cookies;
        where.retprobe = true;
    }
    SUBCASE("addresses") {
        for (std::size_t i = 0; i != names.size(); ++i) {
            auto const address = bl::kernel_symbol_address(names[i]);
            if (!address) return skip_unsupported(address.error());
            addresses[i] = *address;
        }
        where.addresses = addresses;
        where.cookies = cookies;
    }
    SUBCASE("pattern") {
        where.pattern = "bpf_fentry_tes?1";
        expected = 1;
    }
    auto made = bl::attach(p->as<program_type::kprobe>(), where);
    if (is_unsupported(made)) return;
    if (!where.pattern.empty() && !made && made.error() == bl::errc::not_found)
        return skip_unsupported(made.error());
    auto l = must(std::move(made));
    CHECK(p->runs_during(call_traced_functions) == expected);
    if (!where.cookies.empty()) CHECK(p->cookie() == bl::cookie{22});
    CHECK(must(l.info()).type == bl::link_type::kprobe_multi);
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "kprobe_multi names every function that is missing") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_kprobe_multi);
    if (!p) return;
    constexpr std::array<std::string_view, 3> names{"no_function_a", "bpf_fentry_test1",
                                                    "no_function_b"};
    auto const made =
        bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe_multi{.symbols = names});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::not_found, {"no_function_a, no_function_b"});
}

TEST_CASE_FIXTURE(kernel_case, "a kprobe session runs before and after each of its functions") {
    auto const p = load_probe(attach_type::trace_kprobe_session);
    if (!p) return;
    constexpr std::array<std::string_view, 1> names{"bpf_fentry_test1"};
    auto made = bl::attach(p->as<program_type::kprobe>(),
                           bl::hook::kprobe_multi{.symbols = names, .session = true});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during(call_traced_functions) == 2);
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);
}

// F3
TEST_CASE_FIXTURE(kernel_case, "a name that several functions have is refused, by kprobes too") {
    std::map<std::string, int> places;
    std::ifstream symbols{"/proc/kallsyms"};
    for (std::string address, type, name, rest; symbols >> address >> type >> name;
         std::getline(symbols, rest))
        if ((type == "t" || type == "T") && rest.find("[bpf]") == rest.npos) ++places[name];
    std::vector<std::string> twice;
    for (auto const& [name, count] : places)
        if (count > 1 && twice.size() < 3) twice.push_back(name);
    if (twice.empty()) return skip_case("no functions of one name are there");
    auto const single = counted_program::load(program_type::kprobe);
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_kprobe_multi);
    if (!single || !p) return;
    for (auto const& name : twice) {
        std::array<std::string_view, 2> const names{"bpf_fentry_test1", name};
        check_error(
            bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe_multi{.symbols = names}),
            bl::errc::invalid_argument, {name, "several functions"});
        auto const made = bl::attach(single->as<program_type::kprobe>(), bl::hook::kprobe{name});
        if (is_unsupported(made)) return;
        check_error(made, bl::errc::invalid_argument, {name});
    }
}

// F16
TEST_CASE_FIXTURE(kernel_case, "kprobe_multi takes a module's function by its prefix") {
    auto const p = counted_program::load(program_type::kprobe, attach_type::trace_kprobe_multi);
    if (!p) return;
    std::ifstream traceable{"/sys/kernel/tracing/available_filter_functions"};
    std::string of_module;
    for (std::string line; of_module.empty() && std::getline(traceable, line);)
        if (auto const bracket = line.find(" ["); bracket != line.npos && line.back() == ']')
            of_module =
                line.substr(bracket + 2, line.size() - bracket - 3) + ":" + line.substr(0, bracket);
    if (of_module.empty()) return skip_case("no module has a function that can be traced");
    std::array<std::string_view, 2> const names{of_module, "bpf_fentry_test1"};
    auto const made =
        bl::attach(p->as<program_type::kprobe>(), bl::hook::kprobe_multi{.symbols = names});
    if (is_unsupported(made)) return;
    must(made.map([](auto const&) {}));
}
