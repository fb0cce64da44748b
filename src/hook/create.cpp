// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"

#include <array>

namespace bpflink {

int attach_to_nothing(fd_view program, attach_type attach) {
    char const* const no_function = "no function has this name";
    char const* const no_file = "/";
    std::uint64_t const offset = 0;
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(program);
    attr.attach_type = static_cast<std::uint32_t>(attach);
    switch (attach) {
    case attach_type::trace_kprobe_multi:
    case attach_type::trace_kprobe_session:
        attr.kprobe_multi.symbols = reinterpret_cast<std::uintptr_t>(&no_function);
        attr.kprobe_multi.count = 1;
        break;
    case attach_type::trace_uprobe_multi:
    case attach_type::trace_uprobe_session:
        attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(no_file);
        attr.uprobe_multi.offsets = reinterpret_cast<std::uintptr_t>(&offset);
        attr.uprobe_multi.count = 1;
        break;
    case attach_type::netfilter: attr.netfilter.pf = 0xff; break;
    case attach_type::tcx_ingress:
    case attach_type::netkit_primary: break; // there is no interface 0
    default: attr.target = raw_fd(fd_view{}); break;
    }
    auto const made = sys::link_create(attr);
    return made ? 0 : -made.outcome(); // one that was made goes at once
}

sys::opened load_nothing(program_type type, attach_type expected, std::uint32_t target,
                         fd_view types, bool sleeps) {
    constexpr std::array<std::uint64_t, 2> code{0x00000000000000b7,
                                                0x0000000000000095}; // r0 = 0; exit
    static constexpr char license[] = "GPL";
    uapi::prog_load_attr attr{};
    attr.prog_type = static_cast<std::uint32_t>(type);
    attr.insn_cnt = code.size();
    attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
    attr.license = reinterpret_cast<std::uintptr_t>(license);
    if (sleeps) attr.prog_flags = uapi::f_sleepable;
    attr.expected_attach_type = static_cast<std::uint32_t>(expected);
    attr.attach_btf_id = target;
    if (types) attr.attach_btf_obj_fd = raw_fd(types);
    return sys::prog_load(attr);
}

} // namespace bpflink
