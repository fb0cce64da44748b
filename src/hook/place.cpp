// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"

#include "info/netns_of.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"
#include "symbol/kallsyms.hpp"

#include <bpflink/detail/read_info.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

using detail::finding;

/// Empty where it cannot be opened, or is not there any more.
result<std::optional<unique_fd>> opened_program(program_id id) {
    auto opened = sys::prog_get_fd_by_id(id.value());
    if (opened) return std::optional<unique_fd>{std::move(opened)};
    int const outcome = opened.outcome();
    if (outcome == -ENOENT || outcome == -EPERM || outcome == -EACCES)
        return std::optional<unique_fd>{};
    return refuse_id(outcome, operation::prog_get_fd_by_id, id.value());
}

/// Whether both programs were loaded for the same function.
match is_same(program_target const& a, program_target const& b) noexcept {
    if (!a.function || !b.function) return match::unknown;
    if (*a.function != *b.function) return match::no;
    if (a.types == 0 || b.types == 0) return match::unknown;
    return yes_or_no(a.types == b.types);
}

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
    if (outcome < 0) return refuse_info(outcome, operation::prog_get_info, program);
    program_target target{program_id{told.start.id}, static_cast<program_type>(told.start.type),
                          std::nullopt, told.attach_btf_obj_id};
    if (size == sizeof told) target.function = told.attach_btf_id;
    return target;
}

result<std::optional<program_target>> target_of_running(located_link const& l) {
    return opened_program(l.info.program)
        .and_then(
            [](std::optional<unique_fd> const& opened) -> result<std::optional<program_target>> {
                if (!opened) return std::nullopt;
                return target_of(*opened);
            });
}

result<std::optional<std::uint32_t>> types_of_program(program_id id) {
    return opened_program(id).and_then(
        [](std::optional<unique_fd> const& opened) -> result<std::optional<std::uint32_t>> {
            if (!opened) return std::nullopt;
            uapi::program_info told{};
            std::uint32_t size = sizeof told;
            int const outcome = sys::obj_get_info(opened->get(), &told, size);
            if (outcome < 0) return refuse_info(outcome, operation::prog_get_info, *opened);
            return told.btf_id == 0 ? std::nullopt : std::optional{told.btf_id};
        });
}

result<match> is_at_function(located_link const& l, std::span<attach_type const> all) {
    auto const& on = std::get<tracing_details>(l.info.details);
    if (!l.prog) return match::unknown;
    auto const expected = all.size() == 1 ? all.front() : l.prog->expected;
    if (expected && on.attach != expected) return match::no;
    auto const own = target_of(l.prog->fd);
    if (!own) return tl::unexpected{own.error()};
    // It can be attached to this function alone.
    if (own->id == l.info.program) return match::yes;
    match const type = expected ? match::yes : match::unknown;
    if (!own->function) return match::unknown;
    if (on.target && on.target->value() != *own->function) return match::no;
    if (on.target && own->types != 0 && on.target_object == own->types) return type;
    // The link may be on a function of a program, by whose id the kernel tells it.
    return target_of_running(l).map(
        [&](auto const& its) { return both(type, its ? is_same(*own, *its) : match::unknown); });
}

result<std::vector<std::vector<std::uint64_t>>>
function_addresses(std::span<std::string_view const> names) {
    auto const places = places_of(names);
    if (!places) {
        auto why = places.error();
        if (why == errc::not_found)
            return fail(-why.code().value(), why.where(), errc::not_supported, "/proc/kallsyms");
        return tl::unexpected{std::move(why)};
    }
    std::vector<std::vector<std::uint64_t>> addresses;
    for (auto const& each : *places) {
        auto& some = addresses.emplace_back();
        for (auto const& found : each)
            if (found.is_function) some.push_back(found.address);
    }
    return addresses;
}

match is_among(std::uint64_t address, std::span<std::uint64_t const> all,
               std::uint64_t offset) noexcept {
    // Where calls are checked (ENDBR), the kernel moves a probe of a function's start behind that.
    constexpr std::uint64_t landing = 4;
    match found = match::no;
    for (auto const each : all) {
        if (each == 0 && offset == 0) return match::unknown; // hidden
        auto const wanted = each + offset;
        if (address == wanted) return all.size() == 1 ? match::yes : match::unknown;
        if (address == wanted + landing) found = match::unknown;
    }
    return found;
}

finding is_for_another_function(detail::attempt const& tried) {
    auto const& asked = tried.as<update_request>();
    auto const own = target_of(asked.next);
    if (!own || !own->function) return {};
    if (*own->function == 0) return {match::no};
    auto const header = detail::read_header(asked.link);
    if (!header) return {};
    auto const runs = opened_program(header->program);
    if (!runs || !*runs) return {};
    auto const its = target_of(**runs);
    if (!its) return {};
    switch (is_same(*own, *its)) {
    case match::yes: return {match::no};
    case match::no: return {match::yes};
    case match::unknown: break;
    }
    return {};
}

result<match> has_same_target(located_link const& l) {
    if (!l.prog) return match::unknown;
    auto const own = target_of(l.prog->fd);
    if (!own) return tl::unexpected{own.error()};
    if (own->id == l.info.program) return match::yes;
    if (!own->function) return match::unknown;
    return target_of_running(l).map(
        [&](auto const& its) { return its ? is_same(*own, *its) : match::unknown; });
}

} // namespace bpflink
