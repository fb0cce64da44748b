// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expect.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdint>
#include <optional>
#include <string>

struct counted_options {
    bool reads_cookie = false;
    int reads_at = 0; // an offset in the context
    int returns = 0;
    bool sleeps = false; // may sleep
    bpflink::btf_id target = {};
    bpflink::fd_view types = {}; // the BTF object of a module that the functions are of
};

/// A program as libbpf would lend it: with the attach type that it was loaded for.
template <bpflink::program_type Type>
struct lent_program {
    static constexpr bpflink::program_type type = Type;
    bpflink::fd_view descriptor;
    std::optional<bpflink::attach_type> expected;
    [[nodiscard]] bpflink::fd_view fd() const { return descriptor; }
    [[nodiscard]] std::optional<bpflink::attach_type> expected_attach_type() const {
        return expected;
    }
};

/// A program of any type that counts its runs and, if asked to, keeps the cookie of the link that
/// ran it last.
class counted_program {
public:
    using options = counted_options;
    /// Throws std::system_error when the kernel refuses it.
    counted_program(bpflink::program_type type, bpflink::attach_type expected, options wanted);

    /// Nothing, and a skipped case, where the kernel refuses it.
    static std::optional<counted_program>
    load(bpflink::program_type type, bpflink::attach_type expected = {}, options wanted = {});

    [[nodiscard]] bpflink::fd_view fd() const { return program_; }
    [[nodiscard]] std::uint64_t runs() const { return read().runs; }
    [[nodiscard]] bpflink::cookie cookie() const { return bpflink::cookie{read().cookie}; }

    template <bpflink::program_type Type>
    [[nodiscard]] lent_program<Type> as() const {
        return {program_, expected_};
    }

    /// How often it runs while `action` does.
    template <class Action>
    [[nodiscard]] std::uint64_t runs_during(Action action) const {
        auto const before = runs();
        action();
        return runs() - before;
    }

    /// Whether it runs no more, soon, while `action` does: what another processor has begun may
    /// be on its way yet.
    template <class Action>
    [[nodiscard]] bool rests_during(Action action) const {
        return eventually([&] { return runs_during(action) == 0; });
    }

private:
    struct kept {
        std::uint64_t runs = 0;
        std::uint64_t cookie = 0;
    };
    [[nodiscard]] kept read() const;

    bpflink::attach_type expected_;
    bpflink::unique_fd map_;
    bpflink::unique_fd program_;
};

/// The BTF id of a function of the kernel, or of what else programs of an attach type are for: a
/// tracepoint, an iterator. Nothing, and a skipped case, where it is not there.
std::optional<bpflink::btf_id>
kernel_function(char const* name, bpflink::attach_type attach = bpflink::attach_type::trace_fentry);

/// Calls the kernel's functions that are there to be traced, bpf_fentry_test1() among them, once
/// each. False, and a skipped case, where this kernel loads no program that does.
bool call_traced_functions();
