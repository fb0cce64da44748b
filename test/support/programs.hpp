// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

struct bpf_map;
struct bpf_object;
struct bpf_program;

/// Loads some of the programs of programs.bpf.c and counts how often each ran.
class test_programs {
public:
    /// @param names  as programs.bpf.c spells them, without "run_": "xdp_a", "egress_b", ...
    /// Throws std::runtime_error when the kernel refuses one.
    explicit test_programs(std::initializer_list<std::string_view> names);

    [[nodiscard]] ::bpf_program* get(std::string_view name) const;
    [[nodiscard]] ::bpf_map* map(char const* name) const;
    [[nodiscard]] int fd(std::string_view name) const;
    [[nodiscard]] std::uint32_t id(std::string_view name) const;

    /// How often the program has run since it was loaded.
    [[nodiscard]] std::uint64_t runs(std::string_view name) const;

    /// What is in the map `elements`.
    [[nodiscard]] std::uint64_t element(std::uint32_t index) const;

private:
    [[nodiscard]] std::uint64_t value_in(char const* array, std::uint32_t index) const;

    struct closer {
        void operator()(::bpf_object* object) const noexcept;
    };
    std::unique_ptr<::bpf_object, closer> object_;
};
