// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <bpf/bpf.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

/// A module that has BTF and a function that ftrace can trace.
struct traced_module {
    std::string function; // "module:function"
    bl::unique_fd types;
};

std::optional<traced_module> find_module() {
    std::ifstream traceable{"/sys/kernel/tracing/available_filter_functions"};
    for (std::string line; std::getline(traceable, line);) {
        auto const bracket = line.find(" [");
        if (bracket == line.npos) continue;
        auto const module = line.substr(bracket + 2, line.size() - bracket - 3);
        auto const name = module + ":" + line.substr(0, bracket);
        auto const found = bl::matching_kernel_functions(name);
        if (!found || found->empty()) continue;
        std::uint32_t id = 0;
        while (::bpf_btf_get_next_id(id, &id) == 0) {
            bl::unique_fd types{::bpf_btf_get_fd_by_id(id)};
            std::array<char, 64> text{};
            ::bpf_btf_info info{};
            info.name = reinterpret_cast<std::uintptr_t>(text.data());
            info.name_len = text.size();
            std::uint32_t size = sizeof info;
            if (types && ::bpf_btf_get_info_by_fd(types.get(), &info, &size) == 0 &&
                module == text.data())
                return traced_module{name, std::move(types)};
        }
    }
    skip_case("no module has BTF and a function that can be traced");
    return std::nullopt;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case,
                  "tracing_multi takes names and patterns, and knows its place by them") {
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi,
                                         {.reads_cookie = true});
    if (!p) return;
    auto const prog = p->as<program_type::tracing>();
    constexpr std::array<std::string_view, 2> names{"bpf_fentry_test1", "vmlinux:bpf_fentry_test2"};
    constexpr std::array cookies{bl::cookie{11}, bl::cookie{22}};
    bl::hook::tracing_multi const by_name{.cookies = cookies, .symbols = names};
    {
        auto const l = must(bl::attach(prog, by_name));
        CHECK(p->runs_during(call_traced_functions) == 2);
        CHECK(p->cookie() == bl::cookie{22});
        CHECK(must(bl::is_at(prog, by_name, l)) != bl::match::no);
    }
    auto const l = must(bl::attach(prog, bl::hook::tracing_multi{.pattern = "bpf_fentry_test*"}));
    CHECK(p->runs_during(call_traced_functions) > 5);
    constexpr std::array<std::string_view, 2> some{"bpf_fentry_test1", "bpf_fentry_test_1"};
    check_error(bl::attach(prog, bl::hook::tracing_multi{.symbols = some}), bl::errc::not_found,
                {"bpf_fentry_test_1 (near it: bpf_fentry_test1"});
    constexpr std::array<std::string_view, 1> elsewhere{"no_module:f"};
    check_error(bl::attach(prog, bl::hook::tracing_multi{.symbols = elsewhere}),
                bl::errc::invalid_argument, {"loaded for functions of the kernel itself"});
}

TEST_CASE_FIXTURE(kernel_case,
                  "tracing_multi takes a name that several functions have never by chance") {
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi);
    if (!p) return;
    auto const prog = p->as<program_type::tracing>();
    std::ifstream symbols{"/proc/kallsyms"};
    std::set<std::string> seen;
    std::string twice;
    for (std::string line; twice.empty() && std::getline(symbols, line);)
        if (auto const at = line.find(" t "); at != line.npos && line.find('\t') == line.npos)
            if (!seen.insert(line.substr(at + 3)).second) twice = line.substr(at + 3);
    if (twice.empty()) return skip_case("no functions of one name are there");
    CAPTURE(twice);
    std::array<std::string_view, 1> const one{twice};
    check_error(bl::attach(prog, bl::hook::tracing_multi{.symbols = one}),
                bl::errc::invalid_argument, {"several functions", twice});
    check_error(bl::attach(prog, bl::hook::tracing_multi{.pattern = twice}), bl::errc::not_found,
                {twice});
}

TEST_CASE_FIXTURE(kernel_case, "tracing_multi takes names of the module that it was loaded for") {
    if (!counted_program::load(program_type::tracing, attach_type::trace_fentry_multi)) return;
    auto const module = find_module();
    if (!module) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi,
                                         {.types = module->types});
    if (!p) return;
    auto const prog = p->as<program_type::tracing>();
    std::array<std::string_view, 1> const names{module->function};
    auto const by_name = bl::hook::tracing_multi{.symbols = names};
    auto const l = must(bl::attach(prog, by_name));
    CHECK(must(bl::is_at(prog, by_name, l)) != bl::match::no);
    check_error(bl::attach(prog, bl::hook::tracing_multi{.pattern = "bpf_fentry_test1"}),
                bl::errc::invalid_argument, {"loaded for functions of module"});
}

TEST_CASE_FIXTURE(kernel_case, "tracing_multi runs with each of its functions") {
    auto const first = kernel_function("bpf_fentry_test1");
    auto const second = kernel_function("bpf_fentry_test2");
    if (!first || !second) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi,
                                         {.reads_cookie = true});
    if (!p) return;
    std::array const functions{*first, *second};
    std::array const cookies{bl::cookie{11}, bl::cookie{22}};
    auto made = bl::attach(p->as<program_type::tracing>(),
                           bl::hook::tracing_multi{.functions = functions, .cookies = cookies});
    auto l = must(std::move(made));
    CHECK(p->runs_during(call_traced_functions) == 2);
    CHECK(p->cookie() == bl::cookie{22});
    CHECK(must(l.info()).type == bl::link_type::tracing_multi);
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);

    std::array const twice{*first, *first};
    check_error(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing_multi{twice}),
                bl::errc::invalid_argument, {"twice"});
}

TEST_CASE_FIXTURE(kernel_case, "tracing_multi tells that a program sleeps where none may") {
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry_multi,
                                         {.sleeps = true});
    if (!p) return;
    constexpr std::array<std::string_view, 1> name{"bpf_fentry_test2"};
    check_error(
        bl::attach(p->as<program_type::tracing>(), bl::hook::tracing_multi{.symbols = name}),
        bl::errc::invalid_argument, {"the program sleeps"});
}
