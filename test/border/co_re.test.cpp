// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/co_re.hpp"

#include "all_infos.bpf.hpp"
#include "all_links.bpf.hpp"
#include "link_descriptors.bpf.hpp"
#include "netns_of_link.bpf.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <bpf/libbpf.h>

namespace {

using bpflink::relocate;

std::array const objects{bpf_objects::all_infos(), bpf_objects::all_links(),
                         bpf_objects::link_descriptors(), bpf_objects::netns_of_link()};

std::span<std::byte const> bytes_of(std::string const& text) {
    return std::as_bytes(std::span{text});
}

std::string kernel_types() {
    std::ifstream file{"/sys/kernel/btf/vmlinux", std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

int quiet(::libbpf_print_level, char const*, std::va_list) {
    return 0;
}

/// As libbpf has loaded it; empty where it could not.
std::vector<std::uint64_t> by_libbpf(std::span<std::byte const> object) {
    std::unique_ptr<::bpf_object, decltype(&::bpf_object__close)> const opened{
        ::bpf_object__open_mem(object.data(), object.size(), nullptr), ::bpf_object__close};
    if (!opened || ::bpf_object__load(opened.get()) != 0) return {};
    auto const* const program = ::bpf_object__next_program(opened.get(), nullptr);
    std::vector<std::uint64_t> code(::bpf_program__insn_cnt(program));
    std::memcpy(code.data(), ::bpf_program__insns(program), code.size() * sizeof code[0]);
    return code;
}

} // namespace

TEST_CASE("the running kernel's offsets are those that libbpf puts in") {
    ::libbpf_set_print(quiet);
    auto const types = kernel_types();
    if (types.empty()) {
        MESSAGE("SKIP: the kernel has no types");
        return;
    }
    for (auto const object : objects) {
        auto const expected = by_libbpf(object);
        if (expected.empty()) {
            MESSAGE("SKIP: libbpf may not load it");
            return;
        }
        auto const made = relocate(object, [&] { return bytes_of(types); });
        REQUIRE(made.has_value());
        CHECK(made->code == expected);
        CHECK(made->name.starts_with("bpflink_"));
        CHECK(made->license == "GPL");
    }
}

TEST_CASE("an object that is not whole is left to libbpf, and the kernel is not asked") {
    for (auto const object : objects)
        for (std::size_t size = 0; size < object.size(); size += 7) {
            std::vector<std::byte> const cut{object.begin(), object.begin() + std::ptrdiff_t(size)};
            bool asked = false;
            auto const made = relocate(cut, [&] {
                asked = true;
                return std::span<std::byte const>{};
            });
            CHECK_FALSE(made);
            CHECK_FALSE(asked);
        }
}

TEST_CASE("types of the kernel that are cut or none are left to libbpf") {
    auto const types = kernel_types();
    for (std::size_t size = 0; size < types.size(); size += types.size() / 40 + 1)
        CHECK_FALSE(relocate(objects[0], [&] { return bytes_of(types).first(size); }));
    CHECK_FALSE(relocate(objects[0], [] { return std::span<std::byte const>{}; }));
}

TEST_CASE("bytes that are changed anywhere in the kernel's types are no trouble") {
    auto types = kernel_types();
    for (std::size_t at = 0; at < types.size(); at += types.size() / 60 + 1) {
        auto const before = types[at];
        types[at] = static_cast<char>(~before);
        static_cast<void>(relocate(objects[0], [&] { return bytes_of(types); }));
        types[at] = before;
    }
}
