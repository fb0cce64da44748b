// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/program_type.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

template <bl::program_type Type>
struct closed_program {
    static constexpr bl::program_type type = Type;
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{4'000}; }
};

/// A machine with what hooks of probes and events read of it, and a program for them.
template <bl::program_type Type>
struct prober : machine {
    typed_program<Type> prog{{open(add_program(Type))}};

    prober() {
        files["/sys/bus/event_source/devices/kprobe/type"] = "6\n";
        files["/sys/bus/event_source/devices/kprobe/format/retprobe"] = "config:0\n";
        files["/sys/bus/event_source/devices/uprobe/type"] = "7\n";
        files["/sys/bus/event_source/devices/uprobe/format/retprobe"] = "config:0\n";
        files["/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset"] = "config:32-63\n";
        files["/sys/kernel/tracing/current_tracer"] = "nop\n";
        files["/sys/kernel/tracing/events/sched/sched_switch/id"] = "314\n";
        files["/sys/kernel/security/lsm"] = "lockdown,capability\n";
        files["/sys/kernel/security/lockdown"] = "[none] integrity confidentiality\n";
        files["/bin/x"] = padded("code of another format than ELF");
        files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"
                                  "ffffffff81000030 t do_twice\nffffffff81000040 t do_twice\n";
    }

    /// A file that is long enough for the probes here.
    static std::string padded(std::string text) {
        text.resize(0x10000, ' ');
        return text;
    }

    template <class Hook>
    void refused(Hook const& where, int number, bl::operation at, bl::errc condition,
                 std::initializer_list<std::string_view> texts) {
        auto const link = bl::attach(prog, where);
        check_error(link, number, at, condition, texts);
        CHECK(newest_link() == nullptr);
    }
    /// What a perf event, and what its link, is refused by.
    template <class Hook>
    void unopened(Hook const& where, int number, bl::errc condition,
                  std::initializer_list<std::string_view> texts) {
        fail(call::perf_event_open, number);
        refused(where, number, bl::operation::perf_event_open, condition, texts);
    }
    template <class Hook>
    void unlinked(Hook const& where, int number, bl::errc condition,
                  std::initializer_list<std::string_view> texts) {
        fail(call::link_create, number);
        refused(where, number, bl::operation::link_create, condition, texts);
    }
    template <class Hook>
    void is_mistake(Hook const& where, std::string_view text) {
        forget_calls();
        refused(where, EINVAL, bl::operation::link_create, bl::errc::invalid_argument, {text});
        CHECK(system_calls() == 0);
    }
    /// The kernel's own ENOTSUPP, which the C library has no name for. F5
    template <class Hook>
    void unprobeable(Hook const& where, any_call step) {
        fail(step, 524);
        auto const link = bl::attach(prog, where);
        REQUIRE_FALSE(link);
        CHECK(link.error() == bl::errc::invalid_argument); // and not not_supported
        CHECK(link.error().code().value() == 524);
        CHECK(link.error().message().find("this instruction cannot be probed") !=
              std::string::npos);
    }
    /// What the kernel's EINVAL means of a program that is not for the hook.
    template <class Hook>
    void blames_program(Hook const& where) {
        auto& other = add_program(bl::program_type::xdp);
        typed_program<Type> const stranger{{open(other)}};
        fail(call::link_create, EINVAL);
        auto const link = bl::attach(stranger, where);
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"of type xdp, and", "is needed"});
        // Loaded for another attach type: only an attach to nothing tells.
        fail(call::link_create, EINVAL);
        fail(call::link_create, EINVAL, 2);
        refused(where, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"loaded for another attach type"});
    }
    /// What EBADF means of a program that was closed.
    template <class Hook>
    void blames_closed_program(Hook const& where) {
        fail(call::link_create, EBADF);
        auto const link = bl::attach(closed_program<Type>{}, where);
        check_error(link, EBADF, bl::operation::link_create, bl::errc::invalid_argument,
                    {"the program's descriptor is not open"});
    }
};

using event_prober = prober<bl::program_type::perf_event>;
using tracepoint_prober = prober<bl::program_type::tracepoint>;
using kprobe_prober = prober<bl::program_type::kprobe>;

inline constexpr std::uint32_t perf_event_attach = 41;
