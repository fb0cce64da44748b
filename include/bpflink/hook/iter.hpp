// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/map_ref.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

namespace bpflink {

/// The cgroup that an iterator starts at.
struct iter_cgroup {
    std::variant<fd_view, std::uint64_t> cgroup; ///< its directory (borrowed), or its id (inode)
    cgroup_iter_order order =
        cgroup_iter_order::descendants_pre; ///< which ones, and in which order
};

/// The task, or the tasks, that an iterator walks.
struct iter_task {
    /// The kind of number.
    enum class kind {
        thread,  ///< one thread
        process, ///< all threads of a process
    };
    std::variant<std::uint32_t, fd_view> task; ///< a number, or a process's pidfd (borrowed)
    kind which = kind::process;                ///< the kind of number
};

/// A BPF iterator: the program prints what it sees of each object of a kind (tasks, maps, sockets),
/// which kind it was loaded for. It runs when the output is read: see typed_link::open.
///
/// A field narrows the walk. `map` (borrowed) is for iterators over the elements of one map,
/// `cgroup` for those over cgroups, `task` for those over tasks, their files or memory.
/// @errors invalid_argument   the program needs a map and has none, or the other way round; several
///                            of the three; a thread's number for a process; it reads past the
///                            map's elements, or sleeps; cgroups and tasks on a kernel before 6.1
///         not_supported      parameters on a kernel before 6.1 (E2BIG)
///         not_found          no such task or cgroup, now: one that ends later is walked without
///                            error; the type that the program walks was in a module, now unloaded
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
///         EMFILE             the map's descriptor is 0, which the kernel takes for none, and no
///                            other is left for a duplicate
/// @kernel since 5.8, with a map 5.9, cgroups and tasks 6.1;
///         kernel/bpf/bpf_iter.c, bpf_iter_link_attach(); read at v6.12
/// @cost 1 system call; 3 with a map or cgroup, as the kernel takes it for something else where
///       none is meant; 4 to 6 with a task, which is looked for
struct hook::iter {
    std::optional<map_ref> map = std::nullopt;        ///< the map to walk
    std::optional<iter_cgroup> cgroup = std::nullopt; ///< where the walk starts
    std::optional<iter_task> task = std::nullopt;     ///< the task to walk, its files or memory
};

template <>
struct hook_traits<hook::iter> : detail::of_kind<link_type::iter> {
    static constexpr std::string_view name = "iter";
    static constexpr std::array program_types{program_type::tracing};
    static constexpr std::array attach_types{attach_type::trace_iter};
    static constexpr kernel_version since{5, 8};
    using details = iter_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("map", &hook::iter::map, field_use::optional);
        visit("cgroup", &hook::iter::cgroup, field_use::optional);
        visit("task", &hook::iter::task, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::iter const& where);
    static result<match> is_at(hook::iter const& where, detail::located_link const& l);
};

/// A link of hook::iter.
using iter_link = typed_link<hook::iter>;

} // namespace bpflink
