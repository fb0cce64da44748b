// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "error/refusal.hpp"
#include "hook/create.hpp"
#include "hook/row.hpp"
#include "hook/typed.hpp"
#include "object/by_id.hpp"
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

using detail::attempt;
using detail::finding;
using detail::refusal;

/// The object that updates a link; empty where the library does not know the kind.
std::optional<update_unit> unit_of(attempt const& tried) {
    auto const header = detail::read_header(tried.as<update_request>().link);
    auto const* const traits = header ? find_traits(header->type) : nullptr;
    return traits ? std::optional{traits->update} : std::nullopt;
}

finding has_no_update(attempt const& tried) {
    auto const unit = unit_of(tried);
    if (!unit) return {};
    return {*unit == update_unit::none ? match::yes : match::no};
}

finding is_updated_by_map(attempt const& tried) {
    auto const unit = unit_of(tried);
    if (!unit) return {match::no}; // as unlikely as a kind's second one
    if (*unit != update_unit::map) return {match::no};
    auto const kind = identify(tried.as<update_request>().next);
    if (!kind) return {};
    return {*kind == object_kind::map ? match::no : match::yes};
}

finding is_of_another_table(attempt const& tried) {
    return {unit_of(tried) == update_unit::map ? match::yes : match::no};
}

finding is_no_program(fd_view fd) {
    auto const kind = identify(fd);
    if (!kind) return {match::unknown, describe(fd)};
    return {*kind == object_kind::program ? match::no : match::yes, describe(fd)};
}

bool runs_programs(attempt const& tried) {
    return unit_of(tried) != update_unit::map;
}

finding next_is_no_program(attempt const& tried) {
    return runs_programs(tried) ? is_no_program(tried.as<update_request>().next)
                                : finding{match::no};
}

finding expected_is_no_program(attempt const& tried) {
    auto const& expected = tried.as<update_request>().expected;
    return expected && runs_programs(tried) ? is_no_program(*expected) : finding{match::no};
}

finding may_be_for_another_place(attempt const& tried) {
    auto const header = detail::read_header(tried.as<update_request>().link);
    bool const has_own_looks = header && header->type == link_type::xdp;
    return {runs_programs(tried) && !has_own_looks ? match::unknown : match::no};
}

finding is_of_another_type(attempt const& tried) {
    auto const& [link, next, expected] = tried.as<update_request>();
    auto const given = detail::identify_program(next, {});
    if (!given) return {match::no}; // told above
    auto what = std::to_string(given->id.value()) + " is of type " + to_string(given->type);
    auto const header = detail::read_header(link);
    auto const runs = header ? program::from_id(header->program) : result<program>{};
    if (!runs || !*runs) return {match::unknown, what + ", and the link may run another"};
    if (runs->type() == given->type) return {match::no};
    return {match::yes, what + ", and the link runs one of type " + to_string(runs->type())};
}

finding link_is_closed(attempt const& tried) {
    return is_closed(tried.as<update_request>().link);
}

finding next_is_closed(attempt const& tried) {
    return is_closed(tried.as<update_request>().next);
}

finding expected_is_closed(attempt const& tried) {
    auto const& expected = tried.as<update_request>().expected;
    return expected ? is_closed(*expected) : finding{match::no};
}

/// The id of an open object; empty where it cannot be asked.
std::optional<std::uint32_t> id_of(fd_view object) {
    uapi::object_info_head head{};
    std::uint32_t size = sizeof head;
    int const outcome = sys::obj_get_info(object.get(), &head, size);
    return outcome < 0 ? std::nullopt : std::optional{head.id};
}

/// The id of what a link runs, or holds.
std::optional<std::uint32_t> held_by(fd_view link) {
    auto const info = detail::read_info(link);
    if (!info) return std::nullopt;
    auto const* const table = std::get_if<struct_ops_details>(&info->details);
    if (!table) return info->program.value();
    return table->map ? std::optional{table->map->value()} : std::nullopt;
}

finding runs_another(attempt const& tried) {
    auto const& [link, next, expected] = tried.as<update_request>();
    if (!expected) return {match::no};
    auto const held = held_by(link);
    auto const wanted = id_of(*expected);
    auto const kind = identify(*expected);
    if (!held || !wanted || !kind)
        return {match::unknown, "may run another program than was expected"};
    if (held == wanted) return {match::no};
    bool const is_map = *kind == object_kind::map;
    std::string const what = is_map ? "map " : "program ";
    return {match::yes, (is_map ? "holds " : "runs ") + what + std::to_string(*held) + ", and " +
                            what + std::to_string(*wanted) + " was expected"};
}

constexpr std::string_view closed_behind = "the link's descriptor was closed behind its handle";

constexpr std::array update_causes{
    refusal{ENOLINK, errc::defunct,
            "the link is defunct: its device, cgroup or namespace is gone, or it was detached",
            "attach again", "bpf_link_update"},
    refusal{EOPNOTSUPP, errc::not_supported, "links of this kind cannot be updated",
            "attach the new program, then close this link", "link_update", has_no_update},
    refusal{EOPNOTSUPP, errc::not_supported, "this table takes no update", "attach the other map",
            "bpf_struct_ops_map_link_update", is_of_another_table},
    refusal{EEXIST, errc::already_exists, "the program is on the hook already", "",
            "bpf_mprog_attach"},
    refusal{EPERM, errc::program_mismatch, "it {}", "", "link_update", runs_another},
    refusal{EBADF, errc::invalid_argument, closed_behind, "", "bpf_link_get_from_fd",
            link_is_closed},
    refusal{EBADF, errc::invalid_argument, "the descriptor of the new program is not open", "",
            "link_update", next_is_closed},
    refusal{EBADF, errc::invalid_argument, "the descriptor of the expected program is not open", "",
            "link_update", expected_is_closed},
    refusal{EINVAL, errc::not_supported, "links of this kind cannot be updated",
            "attach the new program, then close this link", "link_update", has_no_update},
    refusal{EINVAL, errc::not_supported, "links of this kind are updated by map, not by program",
            "give the map of another table", "bpf_struct_ops_map_link_update", is_updated_by_map},
    refusal{EINVAL, errc::invalid_argument, "{} is not a BPF program", "", "bpf_prog_get",
            next_is_no_program},
    refusal{EINVAL, errc::invalid_argument, "{}, which is expected, is not a BPF program", "",
            "bpf_prog_get", expected_is_no_program},
    refusal{EINVAL, errc::invalid_argument, "program {}", "", "bpf_link_update",
            is_of_another_type},
    refusal{EINVAL, errc::invalid_argument,
            "the program was loaded for another expected attach type than the one that runs, or "
            "for one device",
            "", "bpf_link_update", may_be_for_another_place},
};

constexpr refusal null_pointer{EINVAL, errc::invalid_argument, "the link is a null pointer", "",
                               "bpf_link__fd"};
constexpr refusal disables_its_event{
    EOPNOTSUPP, errc::not_supported,
    "libbpf has a perf event for it, which it disables or leaks with its own link",
    "attach by hook::kprobe, hook::uprobe, hook::tracepoint or hook::perf_event",
    "bpf_link_perf_detach"};

constexpr std::array detach_causes{
    refusal{EOPNOTSUPP, errc::not_supported,
            "the kernel detaches this kind only when its last descriptor closes and its last pin "
            "goes",
            "", "link_detach"},
    refusal{EBADF, errc::invalid_argument, closed_behind, "", "bpf_link_get_from_fd"},
    refusal{EINVAL, errc::not_supported,
            "this kernel detaches a link only when its last descriptor closes and its last pin "
            "goes (before 5.9)",
            "", "__sys_bpf"},
};

/// The row of the hook of the link's kind. A kind of several hooks has nothing of its own.
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

/// A program's descriptor, for a function that takes programs.
struct lent {
    fd_view borrowed;
    [[nodiscard]] fd_view fd() const noexcept { return borrowed; }
};

constexpr refusal is_for_another_place{
    EINVAL, errc::invalid_argument, "the program was loaded for {}",
    "load it for the attach type of the link", "bpf_prog_attach_check_attach_type"};

/// The programs of a type that the kernel holds to the attach type that they were loaded for.
enum class hold { none, some, all };

hold held_on_cgroup(program_type type) {
    if (type == program_type::sk_lookup) return hold::none; // not a cgroup's
    if (attach_type_is_fixed(type)) return hold::all;
    // Those for egress that return 2 or 3, which ingress would take for "let it pass".
    return type == program_type::cgroup_skb ? hold::some : hold::none;
}

/// Attached to nothing, a program is refused for its attach type before it is for its place.
/// Without CAP_NET_ADMIN the kernel looks at neither: then one that is known to be for another is
/// refused.
bool is_refused_for_its_type(detail::borrowed_program const& next, attach_type wanted) {
    int const number = attach_to_nothing(next.fd, wanted);
    return number == EINVAL || (number == EPERM && next.expected.value_or(wanted) != wanted);
}

/// The kernel holds a cgroup's program to its attach type when it attaches it, and not when it
/// swaps it in. It would run at a place that it was not verified for.
/// @kernel kernel/bpf/cgroup.c, __cgroup_bpf_replace(); read at v7.1
finding does_not_go_with_link(fd_view link, detail::borrowed_program const& next) {
    auto const held = held_on_cgroup(next.type);
    if (held == hold::none) return {match::no};
    auto const info = detail::read_info(link);
    auto const* const on = info ? std::get_if<cgroup_details>(&info->details) : nullptr;
    if (!on) return {match::no}; // or it is the update that will say why
    auto const named = to_string(on->attach) + " is the link's";
    if (next.expected == on->attach) return {match::no};
    auto const loaded_for =
        next.expected ? "attach type " + to_string(*next.expected) : "another attach type";
    bool const is_told = next.expected && held == hold::all;
    return yes_if(is_told || is_refused_for_its_type(next, on->attach),
                  loaded_for + ", and " + named);
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

result<link> link::take_over(::bpf_link* theirs) {
    if (!theirs) return refuse_by(null_pointer, {}, operation::duplicate, {});
    return duplicate(fd_view{sys::link_fd(theirs)}).and_then([&](link&& ours) -> result<link> {
        auto const header = detail::read_header(ours.fd());
        if (!header) return tl::unexpected{header.error()};
        if (header->type == link_type::perf_event)
            return refuse_by(disables_its_event, {}, operation::duplicate, describe(*header));
        sys::destroy(theirs);
        return std::move(ours);
    });
}

result<link> link::from_id(link_id id) {
    // EAGAIN: the id is given out, and its link attaches just now. That takes microseconds, unless
    // the attaching thread waits for a lock or for a processor.
    constexpr int patience = 30; // a second
    auto opened = sys::link_get_fd_by_id(id.value());
    for (int attempt = 0; opened.outcome() == -EAGAIN && attempt != patience; ++attempt) {
        sys::back_off(attempt);
        opened = sys::link_get_fd_by_id(id.value());
    }
    if (!opened) return refuse_id(opened.outcome(), operation::link_get_fd_by_id, id.value());
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

result<void> link::update_program(detail::borrowed_program const& next,
                                  expected_program const* expected) {
    if (expected && expected->is_by_id()) {
        auto const id = expected->id();
        auto const opened = sys::prog_get_fd_by_id(id.value());
        if (opened.outcome() == -ENOENT)
            return fail(-ENOENT, operation::link_update, errc::program_mismatch, subject_of(fd_),
                        "program " + std::to_string(id.value()) +
                            " was expected, which is not there any more");
        if (!opened) return refuse_id(opened.outcome(), operation::prog_get_fd_by_id, id.value());
        lent const program{opened.view()};
        expected_program const by_descriptor = expecting(program);
        return update_program(next, &by_descriptor);
    }
    if (auto wrong = does_not_go_with_link(fd_, next); wrong.is == match::yes)
        return refuse_by(is_for_another_place, std::move(wrong), operation::link_update,
                         subject_of(fd_));
    int const outcome = sys::link_update({
        .link_fd = static_cast<std::uint32_t>(fd_.get()),
        .new_fd = static_cast<std::uint32_t>(next.fd.get()),
        .flags = expected ? uapi::f_replace : 0,
        .old_fd = expected ? static_cast<std::uint32_t>(expected->fd().get()) : 0,
    });
    if (outcome >= 0) return {};
    update_request const asked{fd_, next.fd,
                               expected ? std::optional{expected->fd()} : std::nullopt};
    auto subject = subject_of(fd_); // asked for first, by every compiler
    return refuse(outcome, operation::link_update, std::move(subject),
                  {.prog = &next, .request = &asked},
                  {update_causes, own_update_causes(fd_), command_causes()});
}

namespace {

/// Whether a link holds this very table already. The kernel must not be asked to swap it for
/// itself. tcp_update_congestion_control() adds it to the list that it is in, and takes it off: the
/// machine stops, or the table is lost. Read at v6.18 and v7.1.
bool holds_already(fd_view link, fd_view next, expected_program const* expected) {
    auto const info = detail::read_info(link);
    auto const* const table = info ? std::get_if<struct_ops_details>(&info->details) : nullptr;
    if (!table || !table->map) return false;
    auto const is_held = [&](fd_view map) { return id_of(map) == table->map->value(); };
    return is_held(next) && (!expected || is_held(expected->fd()));
}

} // namespace

result<void> link::update(map_ref const& map) {
    if (holds_already(fd_, map.fd(), nullptr)) return {};
    return update_program({.fd = map.fd()}, nullptr);
}

result<void> link::update(map_ref const& map, expected_program old) {
    if (holds_already(fd_, map.fd(), &old)) return {};
    return update_program({.fd = map.fd()}, &old);
}

result<void> link::detach() {
    int const outcome = sys::link_detach(fd_.get());
    if (outcome >= 0) return {};
    return refuse(outcome, operation::link_detach, subject_of(fd_), {},
                  {detach_causes, command_causes()});
}

} // namespace bpflink
