// SPDX-License-Identifier: Apache-2.0
#include "hook/trampoline.hpp"

#include "hook/create.hpp"

#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

constexpr int enotsupp = 524; // the kernel's own, in no header of the C library

std::string advice_on(int outcome, bool has_cookie) {
    switch (-outcome) {
    case EINVAL:
        return has_cookie ? "a cookie needs kernel 5.19, and the attach type the program was "
                            "loaded for"
                          : "the program was not loaded for a function of the kernel";
    case EBUSY: return "the function's trampoline is taken, by a freplace program or the reverse";
    case E2BIG: return "38 programs are on the function, the most the kernel takes";
    case ENOENT: return "the function is not there any more: its module or program is gone";
    case EOPNOTSUPP:
    case enotsupp: return "this kernel cannot put a trampoline there";
    case EPERM: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

} // namespace

// Without a cookie by the older command: it needs no attach type, and kernels before 5.19 know no
// other.
result<unique_fd> attach_where_loaded(detail::borrowed_program const& prog, cookie value,
                                      std::string subject) {
    if (value == cookie{}) {
        uapi::raw_tracepoint_attr const attr{
            .name = 0, .prog_fd = raw_fd(prog.fd), .padding = 0, .cookie = 0};
        auto made = sys::raw_tracepoint_open(attr);
        return created(std::move(made), operation::raw_tracepoint_open, std::move(subject),
                       advice_on(made.outcome(), false));
    }
    if (!prog.expected)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    "a cookie needs the attach type that the program was loaded for, which a "
                    "descriptor does not tell");
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(*prog.expected);
    attr.tracing.cookie = value.value();
    auto made = sys::link_create(attr);
    return created(std::move(made), operation::link_create, std::move(subject),
                   advice_on(made.outcome(), true));
}

} // namespace bpflink
