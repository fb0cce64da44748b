// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace bpflink {
namespace {

constexpr std::size_t header_size = offsetof(uapi::link_info, padding);

// A kernel that does not report a field leaves the caller's bytes in it, and a field that it does
// report may well be 0. So optional fields go in with a value that no kernel gives, but only where
// the kernel's struct reaches: bytes behind it must be zero (E2BIG).
constexpr std::uint32_t untouched_id = 0xfedc'ba98U;
constexpr std::uint64_t untouched_cookie = 0xfedc'ba98'7654'3210U;

void mark(uapi::link_info& raw, link_type type, std::size_t known) noexcept {
    auto const reaches = [&](auto const& field) {
        auto const offset = reinterpret_cast<char const*>(&field) - reinterpret_cast<char*>(&raw);
        return static_cast<std::size_t>(offset) + sizeof field <= known;
    };
    if (type == link_type::raw_tracepoint && reaches(raw.raw_tracepoint.cookie))
        raw.raw_tracepoint.cookie = untouched_cookie;
    if (type == link_type::tracing) {
        if (reaches(raw.tracing.target_btf_id))
            raw.tracing.target_obj_id = raw.tracing.target_btf_id = untouched_id;
        if (reaches(raw.tracing.cookie)) raw.tracing.cookie = untouched_cookie;
    }
}

/// What the kernel wrote into a field that was marked when `marked`.
template <class To, class From>
std::optional<To> reported(bool marked, From value, From untouched) {
    if (!marked || value == untouched) return std::nullopt;
    return To{value};
}

/// Whether a kind has a name: an address and a length, both in and out, at the same place in all.
bool has_name(link_type type) noexcept {
    return type == link_type::raw_tracepoint || type == link_type::iter;
}
static_assert(offsetof(uapi::link_info, iter.name) ==
              offsetof(uapi::link_info, raw_tracepoint.name));
static_assert(offsetof(uapi::link_info, iter.name_len) ==
              offsetof(uapi::link_info, raw_tracepoint.name_len));

int ask(fd_view link, uapi::link_info& raw, std::uint32_t& size) noexcept {
    size = sizeof raw;
    return sys::obj_get_info(link.get(), &raw, size);
}

std::optional<map_id> nonzero_map(std::uint32_t id) {
    if (id == 0) return std::nullopt;
    return map_id{id};
}

/// @param marked_size  how far the optional fields were marked
link_details decode(uapi::link_info const& raw, std::string name, std::size_t marked_size) {
    auto const marked = [&](std::size_t end) { return end <= marked_size; };
    switch (static_cast<link_type>(raw.type)) {
    case link_type::raw_tracepoint:
        return raw_tracepoint_details{
            std::move(name),
            reported<cookie>(
                marked(offsetof(uapi::link_info, raw_tracepoint.cookie) + sizeof(cookie)),
                raw.raw_tracepoint.cookie, untouched_cookie)};
    case link_type::tracing: {
        bool const ids =
            marked(offsetof(uapi::link_info, tracing.target_btf_id) + sizeof(std::uint32_t));
        return tracing_details{
            static_cast<attach_type>(raw.tracing.attach_type),
            reported<std::uint32_t>(ids, raw.tracing.target_obj_id, untouched_id),
            reported<btf_id>(ids, raw.tracing.target_btf_id, untouched_id),
            reported<cookie>(marked(offsetof(uapi::link_info, tracing.cookie) + sizeof(cookie)),
                             raw.tracing.cookie, untouched_cookie)};
    }
    case link_type::cgroup:
        return cgroup_details{raw.cgroup.cgroup_id,
                              static_cast<attach_type>(raw.cgroup.attach_type)};
    case link_type::iter: return iter_details{std::move(name), nonzero_map(raw.iter.map_id)};
    case link_type::netns:
        return netns_details{raw.netns.netns_ino, static_cast<attach_type>(raw.netns.attach_type)};
    case link_type::xdp: return xdp_details{ifindex{raw.device.ifindex}};
    case link_type::struct_ops: return struct_ops_details{nonzero_map(raw.map.map_id)};
    case link_type::netfilter:
        return netfilter_details{raw.netfilter.pf, raw.netfilter.hooknum, raw.netfilter.priority,
                                 raw.netfilter.flags};
    case link_type::tcx:
        return tcx_details{ifindex{raw.device.ifindex},
                           static_cast<attach_type>(raw.device.attach_type)};
    case link_type::netkit:
        return netkit_details{ifindex{raw.device.ifindex},
                              static_cast<attach_type>(raw.device.attach_type)};
    case link_type::sockmap:
        return sockmap_details{nonzero_map(raw.map.map_id),
                               static_cast<attach_type>(raw.map.attach_type)};
    default: {
        unknown_details details;
        std::memcpy(details.bytes.data(), raw.bytes, sizeof raw.bytes);
        return details;
    }
    }
}

} // namespace

namespace detail {

result<link_header> read_header(fd_view link) {
    uapi::link_info raw{};
    std::uint32_t size = header_size;
    if (int const outcome = sys::obj_get_info(link.get(), &raw, size); outcome < 0)
        return fail(outcome, operation::link_get_info, describe(link));
    return link_header{static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id}};
}

link_state read_state(fd_view link) noexcept {
    uapi::link_info raw{};
    std::uint32_t size;
    if (ask(link, raw, size) < 0) return link_state::unknown;
    return state_of({static_cast<link_type>(raw.type), link_id{raw.id}, program_id{raw.prog_id},
                     decode(raw, {}, 0)});
}

result<link_info> read_info(fd_view link) {
    // The first question has no address and no mark in it: the kinds overlay each other's fields,
    // and the kernel would write to an address that was meant for another kind's.
    uapi::link_info raw{};
    std::uint32_t known;
    if (int const outcome = ask(link, raw, known); outcome < 0)
        return fail(outcome, operation::link_get_info, describe(link));
    auto const type = static_cast<link_type>(raw.type);

    std::string name;
    std::size_t marked_size = 0;
    if (has_name(type) || type == link_type::tracing) {
        if (has_name(type)) name.resize(raw.raw_tracepoint.name_len);
        raw = {};
        mark(raw, type, known);
        marked_size = known;
        if (!name.empty()) {
            raw.raw_tracepoint.name = reinterpret_cast<std::uintptr_t>(name.data());
            raw.raw_tracepoint.name_len = static_cast<std::uint32_t>(name.size());
        }
        if (int const outcome = ask(link, raw, known); outcome < 0)
            return fail(outcome, operation::link_get_info, describe(link));
        name.resize(std::strlen(name.c_str())); // the kernel counts the zero byte
    }
    return link_info{type, link_id{raw.id}, program_id{raw.prog_id},
                     decode(raw, std::move(name), marked_size)};
}

} // namespace detail

link_state state_of(link_info const& info) noexcept {
    struct visitor {
        link_type type;

        static link_state alive(bool yes) noexcept {
            return yes ? link_state::attached : link_state::defunct;
        }
        link_state operator()(cgroup_details const& d) const { return alive(d.cgroup_id != 0); }
        link_state operator()(netns_details const& d) const { return alive(d.netns_inode != 0); }
        link_state operator()(xdp_details const& d) const { return alive(d.ifindex.value() != 0); }
        link_state operator()(tcx_details const& d) const { return alive(d.ifindex.value() != 0); }
        link_state operator()(netkit_details const& d) const {
            return alive(d.ifindex.value() != 0);
        }
        link_state operator()(struct_ops_details const& d) const {
            return alive(d.map.has_value());
        }
        link_state operator()(sockmap_details const& d) const { return alive(d.map.has_value()); }
        link_state operator()(netfilter_details const&) const { return link_state::unknown; }
        // The others cannot be detached while the link exists.
        link_state operator()(raw_tracepoint_details const&) const { return link_state::attached; }
        link_state operator()(tracing_details const&) const { return link_state::attached; }
        link_state operator()(iter_details const&) const { return link_state::attached; }
        link_state operator()(unknown_details const&) const {
            auto const* const traits = find_traits(type);
            return traits && !traits->detachable ? link_state::attached : link_state::unknown;
        }
    };
    return std::visit(visitor{info.type}, info.details);
}

} // namespace bpflink
