// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/row.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/hook/iter.hpp>

#include <cerrno>
#include <utility>
#include <variant>

namespace bpflink {
namespace {

/// union bpf_iter_link_info: what the kernel is told of what to walk.
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

/// @param fd  of what is borrowed; 0 for nothing
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

/// What is asked for by 0, the kernel takes for not asked: it would walk everything.
bool asks_for_nothing(hook::iter const& where) {
    auto const* const id =
        where.cgroup ? std::get_if<std::uint64_t>(&where.cgroup->cgroup) : nullptr;
    auto const* const task = where.task ? std::get_if<std::uint32_t>(&where.task->task) : nullptr;
    return (id && *id == 0) || (task && *task == 0);
}

std::string describe(hook::iter const& where) {
    return where.map      ? "iterator over a map"
           : where.cgroup ? "iterator over cgroups"
           : where.task   ? "iterator over tasks"
                          : "iterator";
}

std::string advice_on(int outcome, hook::iter const& where) {
    switch (-outcome) {
    case EINVAL:
        if (where.map)
            return "the program does not walk the elements of a map, or not of this type";
        if (where.cgroup || where.task)
            return "the program walks something else, the order is none, or the kernel is before "
                   "6.1";
        return "the program was not loaded as an iterator";
    case EBADF:
        if (where.map) return {};
        return where.cgroup || where.task ? "the descriptor is not a cgroup's or process's"
                                          : "the program walks a map's elements: name the map";
    case E2BIG: return "this kernel has no such parameter (6.1)";
    case ENOENT: return "there is no such cgroup";
    case ESRCH: return "there is no such task";
    case EPERM: return "CAP_BPF and CAP_PERFMON are needed";
    default: return {};
    }
}

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

/// Whether the task is there that is to be walked: the kernel takes any number. What cannot be told
/// is left to the walk.
result<void> is_there(iter_task const& which, std::string const& subject) {
    auto const refused = [&](int outcome, errc condition, std::string advice) {
        return fail(outcome, operation::link_create, condition, subject, std::move(advice));
    };
    if (auto const* const process = std::get_if<fd_view>(&which.task)) {
        if (sys::find_process_of(process->get()) != -ESRCH) return {};
        return refused(-ESRCH, errc::not_found, "the process has ended");
    }
    auto const number = std::get<std::uint32_t>(which.task);
    auto const name = std::to_string(number);
    bool const is_thread = which.which == iter_task::kind::thread;
    int outcome = -ESRCH;
    if (std::in_range<int>(number))
        outcome = is_thread ? sys::find_thread(static_cast<int>(number))
                            : sys::find_process(static_cast<int>(number));
    if (outcome == -ESRCH)
        return refused(outcome, errc::not_found,
                       is_thread ? "there is no thread " + name
                                 : "there is no process " + name + ", or it has ended");
    if (outcome == -EINVAL)
        return refused(outcome, errc::invalid_argument,
                       name + " is a thread's number: name its process, or ask for the thread");
    return {};
}

// The parameters share their bytes: an iterator over tasks takes a map's descriptor for a thread's
// id.
result<unique_fd> checked(unique_fd link, hook::iter const& where, std::string const& subject) {
    auto const info = detail::read_info(link);
    if (!info) return tl::unexpected{info.error()};
    auto const* const details = std::get_if<iter_details>(&info->details);
    if (details && walks_what_was_asked(*details, where)) {
        if (where.task)
            if (auto const there = is_there(*where.task, subject); !there)
                return tl::unexpected{there.error()};
        return link;
    }
    return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject,
                "the program walks something else (" +
                    (details ? details->target_name : std::string{}) +
                    "), or this kernel has no such parameter (6.1)");
}

} // namespace

detail::hook_row const& hook_traits<hook::iter>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::tracing,
                                  .expected = attach_type::trace_iter,
                                  .target = "task"},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::iter>::create(detail::borrowed_program prog,
                                                  hook::iter const& where) {
    // Told only of what fails: the text takes longer than some of the kernel's work.
    auto const subject = [&] { return describe(where); };
    if (where.map.has_value() + where.cgroup.has_value() + where.task.has_value() > 1)
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject(),
                    "an iterator walks a map's elements, cgroups or tasks");
    if (prog.expected)
        if (auto fits = check_expected(prog, attach_type::trace_iter, subject()); !fits)
            return tl::unexpected{std::move(fits).error()};
    if (asks_for_nothing(where))
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, subject(),
                    "0 is no task and no cgroup");
    auto const borrowed = borrowed_by(where);
    auto const anchor = borrowed ? nonzero_fd::of(*borrowed) : result<nonzero_fd>{};
    if (!anchor) return tl::unexpected{anchor.error()};
    auto const number = anchor->number();

    parameters narrowed{};
    uapi::link_create_attr attr{};
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
    bool const is_narrowed = attr.iter.info_len != 0;
    if (is_narrowed) attr.iter.info = reinterpret_cast<std::uintptr_t>(&narrowed);
    auto made = sys::link_create(attr);
    if (!made)
        return created(std::move(made), operation::link_create, subject(),
                       advice_on(made.outcome(), where));
    return is_narrowed ? checked(std::move(made), where, subject())
                       : result<unique_fd>{std::move(made)};
}

} // namespace bpflink
