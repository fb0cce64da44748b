// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expect.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/program.hpp>

#include <memory>

struct bpf_object;
struct bpf_program;

/// One program of replaceable.bpf.c.
class loaded_program {
public:
    /// Throws std::system_error when the kernel refuses it.
    /// @param target  in whose function it is put
    explicit loaded_program(char const* name, loaded_program const* target = nullptr,
                            char const* function = "replaceable");

    [[nodiscard]] bpflink::fd_view fd() const;
    [[nodiscard]] ::bpf_program const* get() const { return program_; }
    [[nodiscard]] auto as_ext() const {
        return must(bpflink::program_ref<bpflink::program_type::ext>::from(get()));
    }

    /// The answer of an XDP program to a packet.
    [[nodiscard]] unsigned verdict() const;

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept;
    };
    std::unique_ptr<::bpf_object, closer> object_;
    ::bpf_program* program_ = nullptr;
};

/// What takes the place of a function of the target; null, and a skipped case, where the kernel
/// takes none.
[[nodiscard]] std::unique_ptr<loaded_program> load_replacement(loaded_program const& target,
                                                               char const* name = "replacement");
