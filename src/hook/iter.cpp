// SPDX-License-Identifier: Apache-2.0
#include "hook/place.hpp"
#include "hook/row.hpp"
#include "hook/trampoline.hpp"
#include "info/refuse_info.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/hook/iter.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>
#include <variant>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

/// union bpf_iter_link_info: tells the kernel where to walk.
union parameters {
    uapi::iter_cgroup_info cgroup; // first, as the largest: an initializer leaves no byte undefined
    uapi::iter_map_info map;
    uapi::iter_task_info task;
};

std::optional<fd_view> borrowed_by(hook::iter const& where) {
    fd_view const* fd = nullptr;
    if (where.map) return where.map->fd();
    if (where.cgroup) fd = std::get_if<fd_view>(&where.cgroup->cgroup);
    if (where.task) fd = std::get_if<fd_view>(&where.task->task);
    return fd ? std::optional{*fd} : std::nullopt;
}

/// @param fd  of a borrowed object; 0 for nothing
uapi::iter_cgroup_info parameters_of(iter_cgroup const& where, std::uint32_t fd) {
    auto const* const id = std::get_if<std::uint64_t>(&where.cgroup);
    return {static_cast<std::uint32_t>(where.order), fd, id ? *id : 0};
}

uapi::iter_task_info parameters_of(iter_task const& where, std::uint32_t fd) {
    auto const* const number = std::get_if<std::uint32_t>(&where.task);
    if (!number) return {.tid = 0, .pid = 0, .pid_fd = fd};
    bool const thread = where.which == iter_task::kind::thread;
    return {.tid = thread ? *number : 0, .pid = thread ? 0 : *number, .pid_fd = 0};
}

std::string describe(hook::iter const& where) {
    return where.map      ? "iterator over a map"
           : where.cgroup ? "iterator over cgroups"
           : where.task   ? "iterator over tasks"
                          : "iterator";
}

/// The request for an iterator, and the kernel's reading of it where it took it.
struct request {
    hook::iter const& where;
    uapi::link_create_attr const& attr;
    std::string walked = {}; // by the link that it made
    bool is_made = false;
};

hook::iter const& where_of(attempt const& tried) {
    return tried.as<request>().where;
}

/// Of a cause that has others beside it.
finding may_be_if(bool is_so) {
    return {is_so ? match::unknown : match::no};
}

bool is_narrowed(hook::iter const& where) {
    return where.map || where.cgroup || where.task;
}

std::uint32_t const* number_of(hook::iter const& where) {
    return where.task ? std::get_if<std::uint32_t>(&where.task->task) : nullptr;
}

bool is_over_a_thread(hook::iter const& where) {
    return number_of(where) && where.task->which == iter_task::kind::thread;
}

// Looks at the request

finding several_parameters(attempt const& tried) {
    auto const& where = where_of(tried);
    return yes_if(where.map.has_value() + where.cgroup.has_value() + where.task.has_value() > 1);
}

/// The kernel takes a 0 for not asked: it would walk everything.
finding asks_for_nothing(attempt const& tried) {
    auto const& where = where_of(tried);
    auto const* const id =
        where.cgroup ? std::get_if<std::uint64_t>(&where.cgroup->cgroup) : nullptr;
    auto const* const task = number_of(where);
    return yes_if((id && *id == 0) || (task && *task == 0));
}

// Looks at what is there

finding descriptor_is_closed(attempt const& tried) {
    auto const fd = borrowed_by(where_of(tried));
    return fd ? is_closed(*fd) : finding{match::no};
}

// The kernel's names of what it walks from a parameter.
constexpr std::array map_walks{"bpf_map_elem", "bpf_sk_storage_map", "sockmap"};
constexpr std::array cgroup_walks{"cgroup"};
constexpr std::array task_walks{"task", "task_file", "task_vma"};

/// Whether the program was loaded to walk one of these. The kernel tells since 6.0.
match walks(attempt const& tried, std::span<char const* const> names) {
    auto const own = target_of(tried.prog->fd);
    if (!own || own->function.value_or(0) == 0) return match::unknown;
    for (char const* const name : names) {
        int const id = sys::kernel_type(name, static_cast<unsigned>(attach_type::trace_iter));
        if (id > 0 && std::cmp_equal(id, *own->function)) return match::yes;
        if (id < 0 && id != -ENOENT) return match::unknown; // nothing tells types
    }
    return match::no;
}

match walks_what_is_asked_for(attempt const& tried) {
    auto const& where = where_of(tried);
    if (where.map) return walks(tried, map_walks);
    return where.cgroup ? walks(tried, cgroup_walks) : walks(tried, task_walks);
}

finding needs_a_map(attempt const& tried) {
    return {where_of(tried).map ? match::no : walks(tried, map_walks)};
}

/// The kernel takes no order for none, and begins nowhere by itself.
finding needs_a_cgroup(attempt const& tried) {
    if (where_of(tried).cgroup || tried.as<request>().is_made) return {match::no};
    return yes_if(walks(tried, cgroup_walks) == match::yes);
}

finding may_not_be_a_cgroup(attempt const& tried) {
    auto const& where = where_of(tried);
    return may_be_if(where.cgroup && std::holds_alternative<fd_view>(where.cgroup->cgroup));
}

finding may_not_be_a_process(attempt const& tried) {
    auto const& where = where_of(tried);
    return may_be_if(where.task && !number_of(where));
}

finding is_another_map(attempt const& tried) {
    return {where_of(tried).map ? walks(tried, map_walks) : match::no};
}

finding reads_past_the_map(attempt const& tried) {
    return yes_if(where_of(tried).map.has_value());
}

finding may_walk_something_else(attempt const& tried) {
    auto const& where = where_of(tried);
    if (!is_narrowed(where) || tried.as<request>().is_made) return {match::no};
    auto const fits = walks_what_is_asked_for(tried);
    // Of a map it is the one other cause, so that it has to be known.
    return may_be_if(fits == match::no || (fits == match::unknown && !where.map));
}

finding has_an_unknown_order(attempt const& tried) {
    if (!where_of(tried).cgroup || tried.as<request>().is_made) return {match::no};
    return {walks(tried, cgroup_walks)};
}

finding may_be_no_iterator(attempt const& tried) {
    using names = std::span<char const* const>;
    for (auto const each : {names{map_walks}, names{cgroup_walks}, names{task_walks}})
        if (walks(tried, each) == match::yes) return {match::no};
    return may_be_loaded_for_another(tried);
}

finding is_narrowed_before_6_1(attempt const& tried) {
    return yes_if(is_narrowed(where_of(tried)));
}

finding may_be_no_such_cgroup(attempt const& tried) {
    return may_be_if(where_of(tried).cgroup.has_value());
}

/// Whether a program that does not sleep is taken in its place. It does nothing, and goes at once.
/// Kernels that cannot tell what it would be for let every program sleep that they load.
/// @kernel since 6.0; kernel/bpf/bpf_iter.c, bpf_iter_link_attach()
finding sleeps_where_none_may(attempt const& tried) {
    if (tried.as<request>().is_made) return {match::no};
    auto const another = load_another(tried);
    if (another.outcome() == -EOPNOTSUPP) return {match::no};
    if (!another) return {};
    auto attr = tried.as<request>().attr;
    attr.prog_fd = raw_fd(another.view());
    int const outcome = sys::link_create(attr).outcome();
    return {outcome >= 0 ? match::yes : outcome == -EINVAL ? match::no : match::unknown};
}

finding made_for_something_else(attempt const& tried) {
    auto const& asked = tried.as<request>();
    return yes_if(asked.is_made, asked.walked);
}

finding number_is_a_threads(attempt const& tried) {
    auto const& where = where_of(tried);
    auto const* const number = number_of(where);
    if (!number || is_over_a_thread(where) || !std::in_range<int>(*number)) return {match::no};
    return yes_if(sys::find_process(static_cast<int>(*number)) == -EINVAL, std::to_string(*number));
}

finding no_such_thread(attempt const& tried) {
    auto const& where = where_of(tried);
    return is_over_a_thread(where) ? yes_if(true, std::to_string(*number_of(where)))
                                   : finding{match::no};
}

finding no_such_process(attempt const& tried) {
    auto const* const number = number_of(where_of(tried));
    return number ? yes_if(true, std::to_string(*number)) : finding{match::no};
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "an iterator walks a map's elements, cgroups or tasks",
            "name one of the three at most", "bpf_iter_link_attach", several_parameters},
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "", "link_create",
            loaded_for_another},
    refusal{EINVAL, errc::invalid_argument, "0 names neither a task nor a cgroup",
            "leave it out to walk all", "bpf_iter_link_attach", asks_for_nothing},
};

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "the descriptor of what is to be walked is not open", "",
            "bpf_iter_attach_map", descriptor_is_closed},
    refusal{EBADF, errc::invalid_argument, "the program walks a map's elements", "name the map",
            "bpf_iter_attach_map", needs_a_map},
    refusal{EBADF, errc::invalid_argument, "the descriptor is not that of a cgroup's directory", "",
            "bpf_iter_attach_cgroup", may_not_be_a_cgroup},
    refusal{EBADF, errc::invalid_argument, "the descriptor is not a pidfd", "",
            "bpf_iter_attach_task", may_not_be_a_process},
    refusal{EINVAL, errc::invalid_argument, "the program walks the elements of another type of map",
            "take a map of the type that it was written for", "bpf_iter_attach_map",
            is_another_map},
    refusal{EACCES, errc::invalid_argument, "the program reads or writes past the map's elements",
            "load it for the sizes of this map's keys and values", "bpf_iter_attach_map",
            reads_past_the_map},
    refusal{EINVAL, errc::invalid_argument, "{} is a thread's number",
            "name its process, or ask for the thread", "bpf_iter_attach_task", number_is_a_threads},
    refusal{EINVAL, errc::invalid_argument,
            "the program sleeps, which this iterator does not allow", "load one that does not",
            "bpf_iter_link_attach", sleeps_where_none_may},
    refusal{EINVAL, errc::invalid_argument,
            "the program walks something else ({}), or this kernel has no such parameter (6.1)",
            "leave it out, or load a program that walks what is asked for", "bpf_iter_attach_task",
            made_for_something_else},
    refusal{EINVAL, errc::invalid_argument, "the program walks cgroups",
            "name the cgroup where it begins", "bpf_iter_attach_cgroup", needs_a_cgroup},
    refusal{EINVAL, errc::invalid_argument, "the program walks something else",
            "load one that walks what is asked for", "bpf_iter_link_attach",
            may_walk_something_else},
    refusal{EINVAL, errc::invalid_argument, "the order is not one that this kernel has",
            "name another cgroup_iter_order", "bpf_iter_attach_cgroup", has_an_unknown_order},
    refusal{EINVAL, errc::invalid_argument, "the program was not loaded as an iterator", "",
            "bpf_iter_link_attach", may_be_no_iterator},
    refusal{E2BIG, errc::not_supported, "this kernel has no such parameter (6.1)",
            "leave it out, and have the program pass over the others", "bpf_check_uarg_tail_zero",
            is_narrowed_before_6_1},
    refusal{ENOENT, errc::not_found,
            "there is no such cgroup, or it was removed, or is outside this cgroup namespace", "",
            "bpf_iter_attach_cgroup", may_be_no_such_cgroup},
    refusal{ENOENT, errc::not_found,
            "the type that the program walks is gone: its module was unloaded", "",
            "bpf_iter_link_attach"},
    refusal{ESRCH, errc::not_found, "there is no thread {}", "", "bpf_iter_attach_task",
            no_such_thread},
    refusal{ESRCH, errc::not_found, "there is no process {}, or it has ended", "",
            "bpf_iter_attach_task", no_such_process},
    refusal{ESRCH, errc::not_found, "the process has ended", "", "pidfd_get_pid"},
};

constexpr std::array update_causes{
    refusal{EINVAL, errc::invalid_argument,
            "the program walks something else than the one that runs",
            "attach it by a link of its own", "bpf_iter_link_replace", is_for_another_function},
};

/// Before 6.1 the kernel has no cgroups' and tasks' parameters, and reports none: it may have taken
/// them for nothing, and walk everything.
bool walks_what_was_asked(iter_details const& details, hook::iter const& where) {
    if (where.map) return details.map.has_value();
    if (where.cgroup) return details.cgroup_id.has_value();
    auto const* const number = std::get_if<std::uint32_t>(&where.task->task);
    if (!number) return details.pid.value_or(0) != 0;
    return where.task->which == iter_task::kind::thread ? details.tid == *number
                                                        : details.pid == *number;
}

/// Whether the task to walk is there: the kernel takes any number. If that cannot be told, it is
/// left to the walk.
/// @return 0, -ESRCH, or -EINVAL for a thread where a process is meant
int look_for(hook::iter const& where) {
    auto const* const number = number_of(where);
    int outcome = -ESRCH;
    if (!number)
        outcome = sys::find_process_of(std::get<fd_view>(where.task->task).get());
    else if (std::in_range<int>(*number))
        outcome = is_over_a_thread(where) ? sys::find_thread(static_cast<int>(*number))
                                          : sys::find_process(static_cast<int>(*number));
    return outcome == -ESRCH || (number && outcome == -EINVAL) ? outcome : 0;
}

// The parameters share their bytes: an iterator over tasks takes a map's descriptor for a thread's
// id.
result<unique_fd> checked(unique_fd link, attempt tried, request asked) {
    tried.request = &asked;
    auto const refused = [&](int outcome) {
        return refuse(outcome, operation::link_create, describe(asked.where), tried,
                      {tried.row.causes});
    };
    auto const info = detail::read_info(link);
    if (!info) return tl::unexpected{info.error()};
    auto const* const details = std::get_if<iter_details>(&info->details);
    if (!details || !walks_what_was_asked(*details, asked.where)) {
        asked.is_made = true;
        if (details) asked.walked = details->target_name;
        return refused(-EINVAL);
    }
    if (asked.where.task)
        if (int const outcome = look_for(asked.where); outcome < 0) return refused(outcome);
    return link;
}

/// Whether a link walks what the hook narrows the walk to.
result<match> is_narrowed_so(hook::iter const& where, iter_details const& on) {
    auto const none = [](std::optional<std::uint32_t> number) { return number.value_or(0) == 0; };
    auto const others = [&](bool map, bool cgroup, bool task) {
        return (!map && on.map) || (!cgroup && on.cgroup_id) ||
               (!task && !(none(on.tid) && none(on.pid)));
    };
    if (others(where.map.has_value(), where.cgroup.has_value(), where.task.has_value()))
        return match::no;
    if (where.map) {
        if (!on.map) return match::no;
        uapi::object_info_head map{};
        std::uint32_t size = sizeof map;
        int const outcome = sys::obj_get_info(where.map->fd().get(), &map, size);
        if (outcome < 0) return refuse_info(outcome, operation::map_get_info, where.map->fd());
        return yes_or_no(map_id{map.id} == *on.map);
    }
    if (where.cgroup) {
        if (!on.cgroup_id || (on.order && *on.order != where.cgroup->order)) return match::no;
        auto const* const fd = std::get_if<fd_view>(&where.cgroup->cgroup);
        std::uint64_t id = fd ? 0 : std::get<std::uint64_t>(where.cgroup->cgroup);
        int const outcome = fd ? sys::cgroup_id_of(fd->get(), id) : 0;
        if (outcome < 0)
            return fail(outcome, operation::resolve_cgroup, errc::invalid_argument, describe(where),
                        "the descriptor is not that of a cgroup's directory");
        return yes_or_no(cgroup_id{id} == *on.cgroup_id);
    }
    if (!where.task) return match::yes;
    if (auto const* const number = number_of(where))
        return yes_or_no(*number == (is_over_a_thread(where) ? on.tid : on.pid).value_or(0));
    return none(on.pid) ? match::no : match::unknown; // a pidfd tells no number
}

// Of the iterators over the elements of one map.
constexpr std::string_view which_map = "which map";

constexpr std::array sections{
    detail::section{.kind = "iter/bpf_map_elem", .lacks = which_map},
    detail::section{.kind = "iter/bpf_sk_storage_map", .lacks = which_map},
    detail::section{.kind = "iter/sockmap", .lacks = which_map},
    detail::section{.kind = "iter.s/bpf_map_elem", .lacks = which_map},
    detail::section{.kind = "iter.s/bpf_sk_storage_map", .lacks = which_map},
    detail::section{.kind = "iter.s/sockmap", .lacks = which_map},
    detail::section{.kind = "iter", .rest = "TARGET", .read = as_loaded<hook::iter>},
    detail::section{.kind = "iter.s", .rest = "TARGET", .read = as_loaded<hook::iter>},
};

} // namespace

detail::hook_row const& hook_traits<hook::iter>::row() noexcept {
    static constexpr auto facts = row_for<hook::iter>({
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_iter,
                                  .target = "task"},
        .mistakes = mistakes,
        .causes = causes,
        .update_causes = update_causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::iter>::create(detail::borrowed_program prog,
                                                  hook::iter const& where) {
    uapi::link_create_attr attr{};
    request const asked{.where = where, .attr = attr};
    attempt const tried{.row = row(), .prog = &prog, .request = &asked};
    auto const subject = [&] { return describe(where); };
    if (auto clear = check(tried, mistakes, operation::link_create, subject); !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const borrowed = borrowed_by(where);
    auto const anchor = borrowed ? nonzero_fd::of(*borrowed) : result<nonzero_fd>{};
    if (!anchor) return tl::unexpected{anchor.error()};
    auto const number = anchor->number();

    parameters narrowed{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::trace_iter);
    if (where.map) {
        narrowed.map.map_fd = number;
        attr.iter.info_len = sizeof narrowed.map;
    } else if (where.cgroup) {
        narrowed.cgroup = parameters_of(*where.cgroup, number);
        attr.iter.info_len = sizeof narrowed.cgroup;
    } else if (where.task) {
        narrowed.task = parameters_of(*where.task, number);
        attr.iter.info_len = sizeof narrowed.task;
    }
    if (is_narrowed(where)) attr.iter.info = reinterpret_cast<std::uintptr_t>(&narrowed);
    auto made = create_link(attr, tried, subject);
    if (!made || !is_narrowed(where)) return made;
    return checked(std::move(*made), tried, asked);
}

result<match> hook_traits<hook::iter>::is_at(hook::iter const& where, located_link const& l) {
    auto narrowed = is_narrowed_so(where, details_of<hook::iter>(l));
    if (!narrowed || *narrowed == match::no) return narrowed;
    return has_same_target(l).map([&](match target) { return both(*narrowed, target); });
}

} // namespace bpflink
