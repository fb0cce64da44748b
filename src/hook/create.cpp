// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"

#include <algorithm>
#include <cerrno>

namespace bpflink {

result<void> check_expected(detail::borrowed_program const& prog,
                            std::span<attach_type const> wanted, std::string const& subject) {
    if (prog.expected ? std::ranges::find(wanted, *prog.expected) != wanted.end()
                      : !prog.loaded_for_none)
        return {};
    std::string names;
    for (attach_type const each : wanted)
        names += (names.empty() ? "" : each == wanted.back() ? " or " : ", ") + to_string(each);
    return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                "the program was loaded for " +
                    (prog.expected ? "attach type " + to_string(*prog.expected)
                                   : std::string{"no attach type"}) +
                    ", and " + names + " is needed");
}

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

} // namespace bpflink
