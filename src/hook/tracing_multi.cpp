// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/tracing_multi.hpp>

#include <cerrno>

namespace bpflink {
namespace {

std::string mistake(detail::borrowed_program const& prog, hook::tracing_multi const& where) {
    if (where.functions.empty()) return "no functions are named";
    if (!where.cookies.empty() && where.cookies.size() != where.functions.size())
        return std::to_string(where.cookies.size()) + " cookies for " +
               std::to_string(where.functions.size()) + " functions";
    if (!where.attach && !prog.expected)
        return "the attach type is needed where only the program's descriptor is known";
    return {};
}

} // namespace

detail::hook_row const& hook_traits<hook::tracing_multi>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_fentry_multi},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tracing_multi>::create(detail::borrowed_program prog,
                                                           hook::tracing_multi const& where) {
    std::string const subject = std::to_string(where.functions.size()) + " functions";
    if (auto what = mistake(prog, where); !what.empty())
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                    std::move(what));
    if (!prog.expected) prog.expected = where.attach;
    if (auto fits = check_expected(prog, attach_types, subject); !fits)
        return tl::unexpected{std::move(fits).error()};
    if (where.attach)
        if (auto fits = check_expected(prog, *where.attach, subject); !fits)
            return tl::unexpected{std::move(fits).error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(*prog.expected);
    attr.tracing_multi.ids = address_of(where.functions);
    attr.tracing_multi.cookies = address_of(where.cookies);
    attr.tracing_multi.count = static_cast<std::uint32_t>(where.functions.size());
    auto made = sys::link_create(attr);
    int const outcome = made.outcome();
    std::string advice;
    if (outcome == -EINVAL)
        advice = "a BTF id that is there twice or is no function's, or a kernel before 7.2";
    if (outcome == -EPERM) advice = "CAP_BPF and CAP_PERFMON are needed";
    return created(std::move(made), operation::link_create, subject, std::move(advice));
}

} // namespace bpflink
