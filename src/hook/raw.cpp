// SPDX-License-Identifier: Apache-2.0
#include "create.hpp"

#include <bpflink/hook/attach.hpp>

#include <cerrno>

namespace bpflink::detail {

result<unique_fd> create_raw(borrowed_program prog, hook::raw const& where) {
    struct number {
        std::uint32_t operator()(std::monostate) const noexcept { return 0; }
        std::uint32_t operator()(fd_view fd) const noexcept { return raw_fd(fd); }
        std::uint32_t operator()(ifindex index) const noexcept { return index.value(); }
    };
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = std::visit(number{}, where.target);
    attr.attach_type = static_cast<std::uint32_t>(where.attach);
    attr.flags = where.flags;
    if (where.btf) attr.target_btf_id = where.btf->value();
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    std::string advice;
    if (outcome == -EINVAL)
        advice = "the program's type or expected attach type does not go with it, or this kernel "
                 "does not have it";
    return created(std::move(made), operation::link_create,
                   "attach type " + to_string(where.attach), std::move(advice));
}

} // namespace bpflink::detail
