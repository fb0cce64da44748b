// SPDX-License-Identifier: Apache-2.0
#include "hook/multi.hpp"

#include "hook/create.hpp"

#include <cerrno>

namespace bpflink {
std::string several(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

tl::unexpected<error> refused_multi(detail::borrowed_program const& prog, attach_type attach,
                                    std::string subject) {
    if (attach_to_nothing(prog.fd, attach) != EINVAL)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    "the kernel refuses one of the places or arrays");
    return fail(-EINVAL, operation::link_create, errc::not_supported, std::move(subject),
                "this kernel has no " + to_string(attach) +
                    ", or the program was loaded for another attach type");
}

} // namespace bpflink
