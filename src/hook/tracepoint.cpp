// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "hook/create.hpp"
#include "hook/matches.hpp"
#include "hook/perf.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/tracepoint.hpp>

#include <cerrno>

namespace bpflink {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_of(std::string_view{"/\0", 2}) == text.npos &&
           text != "." && text != "..";
}

result<std::uint32_t> tracepoint_id(hook::tracepoint const& where, std::string const& subject) {
    std::string const rest =
        "events/" + std::string{where.group} + "/" + std::string{where.name} + "/id";
    constexpr char const* mounts[]{"/sys/kernel/tracing/", "/sys/kernel/debug/tracing/"};
    for (auto const* const mount : mounts) {
        auto id = read_number(mount + rest);
        if (id || id.error() != errc::not_found) return id;
        // The newest tracefs is there, and the tracepoint is not.
        if (read_small_file(std::string{mount} + "current_tracer"))
            return fail(-ENOENT, operation::open, errc::not_found, subject,
                        "no such tracepoint in this kernel or its loaded modules");
    }
    return fail(-ENOENT, operation::open, errc{}, subject,
                "no tracefs is mounted at /sys/kernel/tracing, which tells the tracepoints");
}

} // namespace

match hook_traits<hook::tracepoint>::matches(link_info const& info) noexcept {
    return matches_event<perf_tracepoint>(info, match::no);
}

detail::hook_row const& hook_traits<hook::tracepoint>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracepoint,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tracepoint>::create(detail::borrowed_program prog,
                                                        hook::tracepoint const& where) {
    std::string const subject =
        "tracepoint '" + std::string{where.group} + ":" + std::string{where.name} + "'";
    if (!is_name(where.group) || !is_name(where.name))
        return fail(-EINVAL, operation::perf_event_open, errc::invalid_argument, subject,
                    "a tracepoint has a group and a name, without slashes");
    auto const id = tracepoint_id(where, subject);
    if (!id) return tl::unexpected{id.error()};
    uapi::perf_event_attr attr{};
    constexpr std::uint32_t perf_type_tracepoint = 2;
    attr.type = perf_type_tracepoint;
    attr.size = sizeof attr;
    attr.config = *id;
    return open_event(attr, every_process, subject).and_then([&](unique_fd const& event) {
        return attach_to_event(prog, event, where.cookie, subject);
    });
}

} // namespace bpflink
