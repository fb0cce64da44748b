// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "programs.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program.hpp>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <linux/bpf.h>

/// test_programs, known as this process's own, and as references of their type.
class programs : public test_programs {
public:
    explicit programs(std::initializer_list<std::string_view> names);

    using xdp_ref = bpflink::program_ref<bpflink::program_type::xdp>;
    using skb_ref = bpflink::program_ref<bpflink::program_type::cgroup_skb>;
    using connect_ref = bpflink::program_ref<bpflink::program_type::cgroup_sock_addr>;
    using tracepoint_ref = bpflink::program_ref<bpflink::program_type::raw_tracepoint>;
    using iter_ref = bpflink::program_ref<bpflink::program_type::tracing>;

    [[nodiscard]] xdp_ref xdp(std::string_view name) const;
    [[nodiscard]] skb_ref skb(std::string_view name) const;
    [[nodiscard]] connect_ref connect(std::string_view name) const;
    [[nodiscard]] tracepoint_ref tracepoint(std::string_view name) const;
    [[nodiscard]] iter_ref iter(std::string_view name) const;

    [[nodiscard]] bpflink::program_id program_id(std::string_view name) const {
        return bpflink::program_id{id(name)};
    }

    /// How often `name` runs while `action` does.
    template <class Action>
    std::uint64_t runs_during(std::string_view name, Action action) const {
        auto const before = runs(name);
        action();
        return runs(name) - before;
    }
};

/// What this kernel says when it is to load a program: nothing where it does. A kernel can be built
/// to refuse the iterators over a map's elements, which hand out memory that can be written to.
[[nodiscard]] std::string refusal(std::string_view name);

/// A descriptor that is given as a program of this type, whatever it is.
template <bpflink::program_type Type>
struct held_as {
    static constexpr bpflink::program_type type = Type;
    bpflink::unique_fd owned;
    [[nodiscard]] bpflink::fd_view fd() const { return owned; }
};

/// Loads instructions as a program of any type and expected attach type; "tiny" is its name. Throws
/// std::system_error when the kernel refuses.
[[nodiscard]] bpflink::unique_fd
load_tiny(bpflink::program_type type, bpflink::attach_type expected_attach_type,
          std::span<bpf_insn const> code, bpflink::btf_id target = {}, bpflink::fd_view types = {});

/// Loads a program that returns a number and does nothing else.
[[nodiscard]] bpflink::unique_fd load_constant(bpflink::program_type type,
                                               bpflink::attach_type expected_attach_type, int value,
                                               bpflink::btf_id target = {});

/// What load_constant loads, with its type.
template <bpflink::program_type Type>
struct constant_program {
    static constexpr bpflink::program_type type = Type;

    explicit constant_program(int value, bpflink::attach_type expected_attach_type = {},
                              bpflink::btf_id target = {})
        : owned{load_constant(Type, expected_attach_type, value, target)} {}

    [[nodiscard]] bpflink::fd_view fd() const { return owned; }

    bpflink::unique_fd owned;
};

/// Whether the kernel loads such programs; otherwise the case is skipped.
[[nodiscard]] bool loads(bpflink::program_type type, bpflink::attach_type expected_attach_type);

/// Counts how often programs run, of whatever type, while it lives.
class run_statistics {
public:
    run_statistics();

    template <bpflink::any_program P>
    [[nodiscard]] static std::uint64_t runs(P const& prog) {
        return runs(bpflink::fd_view{prog.fd()});
    }
    [[nodiscard]] static std::uint64_t runs(bpflink::fd_view prog);

    /// How often `prog` runs while `action` does.
    template <class P, class Action>
    [[nodiscard]] static std::uint64_t runs_during(P const& prog, Action action) {
        auto const before = runs(prog);
        action();
        return runs(prog) - before;
    }

private:
    bpflink::unique_fd fd_;
};

/// The id of a program's descriptor.
[[nodiscard]] bpflink::program_id id_of_program(bpflink::fd_view program);

/// The programs that this process has open: those of its snapshots are among them.
[[nodiscard]] std::set<bpflink::program_id> open_programs();

/// Makes an empty array map.
[[nodiscard]] bpflink::unique_fd make_map();

/// Skips the case for what the kernel says it cannot do.
void skip_unsupported(bpflink::error const& why);

/// The same where something is refused as not supported.
template <class T>
bool is_unsupported(bpflink::result<T> const& made) {
    if (made || made.error() != bpflink::errc::not_supported) return false;
    skip_unsupported(made.error());
    return true;
}
