// SPDX-License-Identifier: Apache-2.0
#include "programs.hpp"

#include "programs.bpf.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

// In the order of the enum in programs.bpf.c.
constexpr std::array<std::string_view, 18> counters{
    "xdp_a",        "xdp_b",      "egress_a",   "egress_b",     "connect4_a", "sys_enter_a",
    "iter_tasks",   "iter_maps",  "connect4_b", "iter_tasks_b", "xdp_devmap", "sys_enter_cookie",
    "iter_records", "iter_stuck", "classify_a", "classify_b",   "classify_c", "probe_cookie",
};

std::string symbol(std::string_view name) {
    return "run_" + std::string{name};
}

/// traced_process of programs.bpf.c.
struct traced_process {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint32_t id;
};

traced_process this_process() {
    struct stat name_space;
    if (::stat("/proc/self/ns/pid", &name_space) < 0)
        throw std::system_error{errno, std::generic_category(), "/proc/self/ns/pid"};
    return {name_space.st_dev, name_space.st_ino, static_cast<std::uint32_t>(::getpid())};
}

} // namespace

void test_programs::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

test_programs::test_programs(std::initializer_list<std::string_view> names) {
    rlimit const no_limit{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_MEMLOCK, &no_limit); // kernels before 5.11 account BPF memory to it
    ::libbpf_set_print(nullptr);

    auto const file = bpf_objects::programs();
    object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
    if (!object_) throw std::system_error{errno, std::generic_category(), "opening the programs"};
    ::bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        auto const wanted = [&](std::string_view name) {
            return symbol(name) == ::bpf_program__name(program);
        };
        ::bpf_program__set_autoload(program, std::ranges::any_of(names, wanted));
    }
    if (auto* const data = ::bpf_object__find_map_by_name(object_.get(), ".bss")) {
        auto const self = this_process();
        ::bpf_map__set_initial_value(data, &self, sizeof self);
    }
    if (int const outcome = ::bpf_object__load(object_.get()); outcome < 0)
        throw std::system_error{-outcome, std::generic_category(), "loading the programs"};
}

::bpf_program* test_programs::get(std::string_view name) const {
    auto* const program = ::bpf_object__find_program_by_name(object_.get(), symbol(name).c_str());
    if (!program) throw std::runtime_error{"no test program " + std::string{name}};
    return program;
}

::bpf_map* test_programs::map(char const* name) const {
    return ::bpf_object__find_map_by_name(object_.get(), name);
}

int test_programs::fd(std::string_view name) const {
    return ::bpf_program__fd(get(name));
}

std::uint32_t test_programs::id(std::string_view name) const {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_prog_get_info_by_fd(fd(name), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), "asking for a program's id"};
    return info.id;
}

std::uint64_t test_programs::runs(std::string_view name) const {
    auto const* const found = std::ranges::find(counters, name);
    if (found == counters.end()) throw std::runtime_error{"no counter " + std::string{name}};
    return value_in("runs", static_cast<std::uint32_t>(found - counters.begin()));
}

std::uint64_t test_programs::element(std::uint32_t index) const {
    return value_in("elements", index);
}

std::uint64_t test_programs::value_in(char const* array, std::uint32_t index) const {
    std::uint64_t value = 0;
    if (::bpf_map_lookup_elem(::bpf_map__fd(map(array)), &index, &value) < 0)
        throw std::system_error{errno, std::generic_category(), "reading a counter"};
    return value;
}
