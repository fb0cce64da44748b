// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/access.hpp>
#include <bpflink/detail/read_info.hpp>
#include <bpflink/detail/wait.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/program.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

std::string describe(detail::link_header const& header) {
    return "link " + std::to_string(header.id.value()) + " (" + to_string(header.type) + ")";
}

/// The link's name in messages; asked for only when there is something to report.
std::string subject_of(fd_view link) {
    auto const header = detail::read_header(link);
    return header ? describe(*header) : describe(link);
}

result<detail::program_id_and_type> program_facts(fd_view program) {
    return detail::identify_program(program, describe(program));
}

/// The same for a link that is updated by map.
tl::unexpected<error> denied_map(fd_view link, fd_view expected) {
    auto const info = detail::read_info(link);
    auto const* const held = info ? std::get_if<struct_ops_details>(&info->details) : nullptr;
    uapi::object_info_head wanted{};
    std::uint32_t size = sizeof wanted;
    int const outcome = sys::obj_get_info(expected.get(), &wanted, size);
    if (held && held->map && outcome >= 0 && held->map->value() != wanted.id)
        return fail(-EPERM, operation::link_update, errc::program_mismatch, subject_of(link),
                    "it holds map " + std::to_string(held->map->value()) + ", and map " +
                        std::to_string(wanted.id) + " was expected");
    return fail(-EPERM, operation::link_update, subject_of(link));
}

/// Why the kernel answered EPERM to a compare-and-swap: it has one number for a program that was
/// not expected and for a lack of privilege.
tl::unexpected<error> denied_update(fd_view link, fd_view expected) {
    auto const header = detail::read_header(link);
    if (header && header->type == link_type::struct_ops) return denied_map(link, expected);
    auto const wanted = program_facts(expected);
    if (header && wanted && header->program != wanted->id)
        return fail(-EPERM, operation::link_update, errc::program_mismatch, describe(*header),
                    "it runs program " + std::to_string(header->program.value()) +
                        ", and program " + std::to_string(wanted->id.value()) + " was expected");
    return fail(-EPERM, operation::link_update, subject_of(link));
}

/// Why the kernel answered EINVAL to an update.
tl::unexpected<error> invalid_update(int outcome, fd_view link, fd_view next) {
    auto const header = detail::read_header(link);
    if (!header) return fail(outcome, operation::link_update, describe(link));
    auto const* const traits = find_traits(header->type);
    if (traits && traits->update == update_unit::none)
        return fail(outcome, operation::link_update, errc::not_supported, describe(*header),
                    "links of this kind cannot be updated: attach the new program, then close "
                    "this link");
    auto const kind = identify(next);
    if (traits && traits->update == update_unit::map && kind && *kind == object_kind::map)
        return fail(outcome, operation::link_update, errc::invalid_argument, describe(*header),
                    "the map is no struct_ops map of the same table, or not made with BPF_F_LINK");
    if (traits && traits->update == update_unit::map)
        return fail(outcome, operation::link_update, errc::not_supported, describe(*header),
                    "links of this kind are updated by map, not by program");
    auto const given = program_facts(next);
    if (!given)
        return fail(outcome, operation::link_update, errc::invalid_argument, describe(*header),
                    given.error().message());
    std::string advice =
        "program " + std::to_string(given->id.value()) + " is of type " + to_string(given->type);
    auto const runs = program::from_id(header->program);
    if (runs && runs->type() != given->type)
        advice += ", and the link runs one of type " + to_string(runs->type());
    else
        advice += "; it must also be loaded with the expected attach type of the one that runs";
    return fail(outcome, operation::link_update, errc::invalid_argument, describe(*header),
                std::move(advice));
}

detail::finding kind_without_update(detail::attempt const& tried) {
    auto const header = detail::read_header(tried.as<fd_view>());
    if (!header) return {};
    auto const* const traits = find_traits(header->type);
    if (!traits) return {};
    return {traits->update == update_unit::program ? match::no : match::yes};
}

constexpr std::array update_causes{
    detail::refusal{ENOLINK, errc::defunct,
                    "the link is defunct: its device, cgroup or namespace is gone, or it was "
                    "detached",
                    "attach again", "bpf_link_update"},
    detail::refusal{EOPNOTSUPP, errc::not_supported, "links of this kind cannot be updated",
                    "attach the new program, then close this link", "link_update",
                    kind_without_update},
};

/// What the hook of the link's kind knows. A kind of several hooks has nothing of its own.
refusals own_update_causes(fd_view link) {
    refusals found;
    if (auto const header = detail::read_header(link))
        [&]<class... Hooks>(type_list<Hooks...>) {
            ((hook_traits<Hooks>::kind == header->type
                  ? static_cast<void>(found = hook_traits<Hooks>::row().update_causes)
                  : void()),
             ...);
        }(all_hooks{});
    return found;
}

} // namespace

result<link> link::from_fd(unique_fd&& fd) {
    return require_link(fd, describe(fd_view{fd})).map([&] { return link{std::move(fd)}; });
}

result<link> link::duplicate(fd_view fd) {
    return require_link(fd, describe(fd))
        .and_then([&] { return detail::duplicated(fd); })
        .map([](unique_fd&& copy) { return link{std::move(copy)}; });
}

result<link> link::from_id(link_id id) {
    // EAGAIN: the id is given out, and its link attaches just now; that takes microseconds, unless
    // the attaching thread waits for a lock or for a processor.
    constexpr int patience = 30; // a second
    auto opened = sys::link_get_fd_by_id(id.value());
    for (int attempt = 0; opened.outcome() == -EAGAIN && attempt != patience; ++attempt) {
        sys::back_off(attempt);
        opened = sys::link_get_fd_by_id(id.value());
    }
    if (!opened)
        return fail(opened.outcome(), operation::link_get_fd_by_id,
                    "link " + std::to_string(id.value()));
    return link{std::move(opened)};
}

result<link> link::load_pinned(std::string_view path) {
    auto where = resolve(path, operation::obj_get);
    if (!where) return tl::unexpected{std::move(where).error()};
    auto fd = open_pin(*where);
    if (!fd) return tl::unexpected{std::move(fd).error()};
    return require_link(*fd, *where).map([&] {
        return link{*std::move(fd), detail::pin_memory{*std::move(where)}};
    });
}

unique_fd link::release() noexcept {
    pins_ = {};
    return std::move(fd_);
}

result<void> link::close() {
    pins_ = {};
    return fd_.close();
}

result<link_info> link::info() const {
    return detail::read_info(fd_);
}

link_state link::state() const {
    return detail::read_state(fd_);
}

result<void> link::pin(std::string_view path) {
    return pins_.pin(fd_, path);
}

result<void> link::replace_pin(std::string_view path) {
    return pins_.replace_pin(fd_, path);
}

result<void> link::unpin() {
    return pins_.unpin(fd_);
}

std::optional<std::string_view> link::pinned_path() const& noexcept {
    if (!pins_.is_pinned()) return std::nullopt;
    return pins_.path();
}

result<void> detail::access::restore_pin(link& l) {
    return l.pins_.restore(l.fd_);
}

result<link> detail::access::spare(link const& l) {
    if (l.pins_.is_as_found()) return link{};
    auto pins = l.pins_;
    return duplicated(l.fd_).map(
        [&](unique_fd&& copy) { return link{std::move(copy), std::move(pins)}; });
}

result<void> link::update_program(fd_view next, expected_program const* expected) {
    int const outcome = sys::link_update({
        .link_fd = static_cast<std::uint32_t>(fd_.get()),
        .new_fd = static_cast<std::uint32_t>(next.get()),
        .flags = expected ? uapi::f_replace : 0,
        .old_fd = expected ? static_cast<std::uint32_t>(expected->fd().get()) : 0,
    });
    if (outcome >= 0) return {};
    if (outcome == -EPERM && expected) return denied_update(fd_, expected->fd());
    if (outcome == -EINVAL) return invalid_update(outcome, fd_, next);
    fd_view const self = fd_;
    return refuse(outcome, operation::link_update, subject_of(fd_), {.request = &self},
                  {own_update_causes(fd_), update_causes});
}

result<void> link::update(map_ref const& map) {
    return update_program(map.fd(), nullptr);
}

result<void> link::update(map_ref const& map, expected_program old) {
    return update_program(map.fd(), &old);
}

result<void> link::detach() {
    int const outcome = sys::link_detach(fd_.get());
    if (outcome >= 0) return {};
    // EINVAL: a kernel before 5.9, which does not know the command.
    if (outcome == -EOPNOTSUPP || outcome == -EINVAL)
        return fail(outcome, operation::link_detach, errc::not_supported, subject_of(fd_),
                    "the kernel detaches this kind only when its last descriptor closes and its "
                    "last pin goes");
    return fail(outcome, operation::link_detach, subject_of(fd_));
}

} // namespace bpflink
