// SPDX-License-Identifier: Apache-2.0
#include "create.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/hook/iter.hpp>

#include <cerrno>
#include <utility>
#include <variant>

namespace bpflink {
namespace {

// The map's descriptor shares its bytes with the options of other iterators: one over tasks takes
// it for a thread's id.
result<unique_fd> checked(unique_fd link, std::string const& subject) {
    auto const info = detail::read_info(link);
    if (!info) return tl::unexpected{info.error()};
    auto const* const details = std::get_if<iter_details>(&info->details);
    if (details && details->map) return link;
    return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                "the program walks something else than a map's elements");
}

} // namespace

result<unique_fd> hook_traits<hook::iter>::create(detail::borrowed_program prog,
                                                  hook::iter const& where) {
    std::string const subject = where.map ? "iterator over a map" : "iterator";
    if (auto fits = check_expected(prog, attach_type::trace_iter, subject); !fits)
        return tl::unexpected{std::move(fits).error()};
    uapi::iter_map_info map{};
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::trace_iter);
    unique_fd copy;
    if (where.map) {
        map.map_fd = raw_fd(where.map->fd());
        if (map.map_fd == 0) { // no map, to the kernel
            int const other = sys::duplicate(0);
            if (other < 0) return fail(other, operation::duplicate, subject);
            copy = unique_fd{other};
            map.map_fd = raw_fd(copy);
        }
        attr.iter = {reinterpret_cast<std::uintptr_t>(&map), sizeof map, 0};
    }
    int const outcome = sys::link_create(attr);
    if (outcome >= 0 && where.map) return checked(unique_fd{outcome}, subject);
    std::string advice;
    if (outcome == -EINVAL)
        advice = where.map ? "the program does not walk the elements of a map, or not of this type"
                           : "the program was not loaded as an iterator";
    if (outcome == -EBADF && !where.map)
        advice = "the program walks a map's elements: name the map";
    if (outcome == -EPERM) advice = "CAP_BPF and CAP_PERFMON are needed";
    return created(outcome, operation::link_create, subject, std::move(advice));
}

} // namespace bpflink
