// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/struct_ops.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

constexpr std::uint32_t type_struct_ops = 26; // BPF_MAP_TYPE_STRUCT_OPS

finding map_is_closed(attempt const& tried) {
    return is_closed(tried.prog->fd);
}

finding is_not_a_map(attempt const& tried) {
    auto const kind = identify(tried.prog->fd);
    if (!kind) return {match::unknown, describe(tried.prog->fd)};
    return {*kind == object_kind::map ? match::no : match::yes, describe(tried.prog->fd)};
}

/// The map's info, once it is known to be a map.
std::optional<uapi::map_info_start> info_of(attempt const& tried) {
    uapi::map_info_start info{};
    std::uint32_t size = sizeof info;
    if (sys::obj_get_info(tried.prog->fd.get(), &info, size) < 0 || size < sizeof info)
        return std::nullopt;
    return info;
}

finding is_another_map(attempt const& tried) {
    auto const info = info_of(tried);
    if (!info) return {match::unknown, "another one"};
    return {info->type == type_struct_ops ? match::no : match::yes, std::to_string(info->type)};
}

finding is_made_for_no_link(attempt const& tried) {
    auto const info = info_of(tried);
    if (!info) return {};
    return {(info->flags & uapi::f_link) != 0 ? match::no : match::yes};
}

/// The kernel fills a map's value in once, and tells zeroes before.
finding has_no_value(attempt const& tried) {
    auto const info = info_of(tried);
    constexpr std::size_t state_at = 4; // struct bpf_struct_ops_common_value: refcnt, state
    std::uint32_t state = 0;
    if (!info || info->type != type_struct_ops || info->value_size < state_at + sizeof state)
        return {};
    std::string value(info->value_size, '\0');
    constexpr std::uint32_t only = 0;
    if (sys::map_look_up(tried.prog->fd.get(), &only, value.data()) < 0) return {};
    value.copy(reinterpret_cast<char*>(&state), sizeof state, state_at);
    return {state == 0 ? match::yes : match::no};
}

finding expected_is_no_map(attempt const& tried) {
    auto const& expected = tried.as<update_request>().expected;
    if (!expected) return {match::no};
    auto const kind = identify(*expected);
    if (!kind) return {match::unknown, describe(*expected)};
    return {*kind == object_kind::map ? match::no : match::yes, describe(*expected)};
}

/// Whether the next map is of another table than the one that the link holds.
finding is_of_another_table(attempt const& tried) {
    auto const own = info_of(tried);
    auto const held = detail::read_info(tried.as<update_request>().link);
    auto const* const on = held ? std::get_if<struct_ops_details>(&held->details) : nullptr;
    if (!own || !on || !on->map) return {};
    auto const opened = sys::map_get_fd_by_id(on->map->value());
    detail::borrowed_program const its{opened.view()};
    auto const other = opened ? info_of({.prog = &its}) : std::nullopt;
    if (!other) return {};
    return {other->value_type == own->value_type ? match::no : match::yes};
}

/// Of the map, whether it is the first or the next.
constexpr std::array map_causes{
    refusal{EINVAL, errc::invalid_argument, "the map is of type {}, and struct_ops (26) is needed",
            "", "bpf_struct_ops_valid_to_reg", is_another_map},
    refusal{EINVAL, errc::invalid_argument,
            "the map is not made with BPF_F_LINK, which kernels since 6.4 know",
            "put the table into \".struct_ops.link\"", "bpf_struct_ops_valid_to_reg",
            is_made_for_no_link},
    refusal{EINVAL, errc::invalid_argument, "the map has no value yet",
            "set it (bpf_map__attach_struct_ops does)", "bpf_struct_ops_valid_to_reg",
            has_no_value},
};

constexpr auto update_causes = joined(
    map_causes,
    std::array{
        refusal{EINVAL, errc::invalid_argument, "{}, which is expected, is not a BPF map", "",
                "bpf_map_get", expected_is_no_map},
        refusal{EINVAL, errc::invalid_argument, "the map is of another table than the link's",
                "attach it by a link of its own", "bpf_struct_ops_map_link_update",
                is_of_another_table},
        refusal{
            EINVAL, errc::invalid_argument,
            "the kernel's subsystem does not take the table in the place of the one that is there, "
            "as one of another name",
            "see the kernel's log (dmesg); a table of another name is attached by itself",
            "bpf_struct_ops::update"},
    });

constexpr auto causes = joined(
    std::array{
        refusal{EBADF, errc::invalid_argument, "the map's descriptor is not open", "",
                "bpf_map_get", map_is_closed},
        refusal{EINVAL, errc::invalid_argument, "{} is not a BPF map", "", "bpf_map_get",
                is_not_a_map},
    },
    map_causes,
    std::array{
        refusal{
            EINVAL, errc::invalid_argument,
            "the kernel's subsystem does not take the table: a function or a value is missing or "
            "wrong",
            "see the kernel's log (dmesg)", "bpf_struct_ops::reg"},
        refusal{EEXIST, errc::already_exists, "a table of that name is registered",
                "give it another name, or detach that one", "bpf_struct_ops::reg"},
        refusal{EBUSY, errc::hook_busy,
                "the kernel's subsystem takes one table at a time (a scheduler), and has one",
                "detach that one", "bpf_struct_ops::reg"},
        refusal{EBUSY, errc::hook_busy, "this map is attached already, or is being detached",
                "take a map of its own for each link", "bpf_struct_ops::reg"},
        refusal{ENODEV, errc::not_found, "the table's subject is not there (a device of hid-bpf)",
                "", "bpf_struct_ops::reg"},
        refusal{ENOENT, errc::not_found, "the table's subject is not there", "",
                "bpf_struct_ops::reg"},
        refusal{E2BIG, errc{}, "the kernel's subsystem has as many tables as it takes",
                "detach one", "bpf_struct_ops::reg", always},
        refusal{EOPNOTSUPP, errc::not_supported,
                "the kernel is built without struct_ops, or this table is not for links", "",
                "bpf_struct_ops_link_create"},
        refusal{uapi::enotsupp, errc::not_supported,
                "the kernel's subsystem does not have what the table asks for", "",
                "bpf_struct_ops::reg"},
    });

result<uapi::map_info_start> table_of(fd_view map) {
    uapi::map_info_start info{};
    std::uint32_t size = sizeof info;
    int const outcome = sys::obj_get_info(map.get(), &info, size);
    if (outcome < 0) return refuse_info(outcome, operation::map_get_info, map);
    return info;
}

constexpr std::array sections{
    detail::section{.kind = "struct_ops", .rest = "FUNCTION", .no_link = "its map is attached"},
    detail::section{.kind = "struct_ops.s", .rest = "FUNCTION", .no_link = "its map is attached"},
};

} // namespace

detail::hook_row const& hook_traits<hook::struct_ops>::row() noexcept {
    static constexpr auto facts = row_for<hook::struct_ops>({
        .causes = causes,
        .update_causes = update_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::struct_ops>::create(detail::borrowed_program map,
                                                        hook::struct_ops const& where) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(map.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::struct_ops);
    return create_link(attr, {.row = row(), .prog = &map, .request = &where},
                       [&] { return "struct_ops map at " + describe(map.fd); });
}

result<struct_ops_link> attach(map_ref const& map, hook::struct_ops const& where) {
    return hook_traits<hook::struct_ops>::create({.fd = map.fd()}, where).map([](unique_fd&& fd) {
        return detail::access::make_typed<hook::struct_ops>(
            detail::access::make_link(std::move(fd)));
    });
}

match has_name_of(fd_view table, map_id other) {
    auto const own = table_of(table);
    auto const opened = sys::map_get_fd_by_id(other.value());
    std::uint32_t offset = 0, length = 0;
    if (!own || !opened || sys::table_name(own->value_type, offset, length) < 0 ||
        std::uint64_t{offset} + length > own->value_size)
        return match::unknown;
    auto const name_in = [&](fd_view map) {
        std::string bytes(own->value_size, '\0');
        constexpr std::uint32_t only = 0;
        if (sys::map_look_up(map.get(), &only, bytes.data()) < 0) return std::string{};
        auto const name = bytes.substr(offset, length);
        return name.substr(0, name.find('\0'));
    };
    auto const its = table_of(opened.view());
    if (!its || its->value_size != own->value_size) return match::unknown;
    auto const a = name_in(table), b = name_in(opened.view());
    return a.empty() || b.empty() ? match::unknown : yes_or_no(a == b);
}

result<match> hook_traits<hook::struct_ops>::is_at(hook::struct_ops const&, located_link const& l) {
    if (!l.prog) return match::unknown;
    auto const& on = details_of<hook::struct_ops>(l);
    auto const own = table_of(l.prog->fd);
    if (!own) return tl::unexpected{own.error()};
    if (on.map == map_id{own->id}) return match::yes;
    auto const opened = sys::map_get_fd_by_id(on.map->value());
    int const outcome = opened.outcome();
    if (outcome == -EPERM || outcome == -EACCES || outcome == -ENOENT) return match::unknown;
    if (outcome < 0) return refuse_id(outcome, operation::map_get_info, on.map->value());
    return table_of(opened.view()).map([&](uapi::map_info_start const& its) {
        return yes_or_no(its.value_type == own->value_type);
    });
}

} // namespace bpflink
