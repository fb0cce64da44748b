// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"

#include "info/netns_of.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

constexpr std::array closed_program{
    detail::refusal{EBADF, errc::invalid_argument, "the program's descriptor is not open", "",
                    "bpf_obj_get_info_by_fd"},
};

} // namespace

result<match> is_in_this_netns(fd_view link) {
    netns_reader reader;
    auto const its = reader.of(link);
    if (!its && tells_nothing(its.error())) return match::unknown;
    if (!its) return tl::unexpected{its.error()};
    if (*its == netns_inode{}) return match::no; // it is gone
    auto const own = reader.of(fd_view{});
    if (!own && tells_nothing(own.error())) return match::unknown;
    if (!own) return tl::unexpected{own.error()};
    return yes_or_no(*its == *own);
}

result<program_target> target_of(fd_view program) {
    uapi::program_info told{};
    std::uint32_t size = sizeof told;
    int const outcome = sys::obj_get_info(program.get(), &told, size);
    if (outcome < 0)
        return refuse(outcome == -EBADFD ? -EBADF : outcome, operation::prog_get_info,
                      describe(program), {}, {closed_program, usual_causes()});
    program_target target{program_id{told.start.id}, static_cast<program_type>(told.start.type),
                          std::nullopt, told.attach_btf_obj_id};
    if (size == sizeof told) target.function = told.attach_btf_id;
    return target;
}

result<std::optional<program_target>> target_of_running(candidate const& l) {
    auto const opened = sys::prog_get_fd_by_id(l.info.program.value());
    switch (opened.outcome()) {
    case -ENOENT: // updated meanwhile
    case -EPERM:
    case -EACCES: return std::optional<program_target>{};
    default: break;
    }
    if (!opened)
        return refuse_id(opened.outcome(), operation::prog_get_fd_by_id, l.info.program.value());
    return target_of(opened.view());
}

match is_same(program_target const& a, program_target const& b) noexcept {
    if (!a.function || !b.function) return match::unknown;
    if (*a.function != *b.function) return match::no;
    if (a.types == 0 || b.types == 0) return match::unknown;
    return yes_or_no(a.types == b.types);
}

result<match> has_same_target(candidate const& l) {
    if (!l.prog) return match::unknown;
    auto const own = target_of(l.prog->fd);
    if (!own) return tl::unexpected{own.error()};
    if (own->id == l.info.program) return match::yes;
    if (!own->function) return match::unknown;
    return target_of_running(l).map(
        [&](auto const& its) { return its ? is_same(*own, *its) : match::unknown; });
}

} // namespace bpflink
