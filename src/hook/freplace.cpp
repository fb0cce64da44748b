// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/hook/freplace.hpp>

#include <cerrno>

namespace bpflink {
namespace {

std::string advice_on(int outcome) {
    switch (-outcome) {
    case EINVAL: return "the function's signature differs from that of the replaced one";
    case EBUSY: return "the function is replaced already, or traced";
    case EPERM: return "CAP_BPF and CAP_SYS_ADMIN are needed";
    default: return {};
    }
}

} // namespace

match hook_traits<hook::freplace>::matches(link_info const& info) noexcept {
    // The kernel has no attach type for it.
    auto const* const details = std::get_if<tracing_details>(&info.details);
    return details && !details->attach ? match::yes : match::no;
}

detail::hook_row const& hook_traits<hook::freplace>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
    };
    return facts;
}

result<unique_fd> hook_traits<hook::freplace>::create(detail::borrowed_program prog,
                                                      hook::freplace const& where) {
    std::string subject = "freplace program";
    if (!where.target && where.function.empty())
        return attach_where_loaded(prog, cookie{}, std::move(subject));
    std::string const function{where.function};
    subject = "function '" + function + "' of program at " + describe(where.target);
    if (!where.target || function.empty() || function.find('\0') != function.npos)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    "a target is a program and the name of a function in it");
    int const id = sys::program_function(where.target.get(), function.c_str());
    if (id < 0) {
        auto why = fail(id, operation::prog_get_info, std::move(subject)).value();
        if (id == -ENOENT) why.add_advice("the program's BTF has no function of that name");
        return tl::unexpected{std::move(why)};
    }
    auto const target = nonzero_fd::of(where.target);
    if (!target) return tl::unexpected{target.error()};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = target->number();
    attr.target_btf_id = static_cast<std::uint32_t>(id);
    auto made = sys::link_create(attr);
    return created(std::move(made), operation::link_create, std::move(subject),
                   advice_on(made.outcome()));
}

} // namespace bpflink
