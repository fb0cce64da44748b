// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/duration.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/program_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bpflink {

/// The kernel's facts about a loaded program. Names and tags outlive a restart; ids do not. A
/// figure that the kernel does not count is an empty optional, never 0.
struct program_info {
    program_id id;                           ///< the kernel's number of the program
    program_type type{program_type::unspec}; ///< the type it was loaded as
    /// The whole name if the program's BTF has it and can be read (CAP_SYS_ADMIN); otherwise its
    /// first 15 characters.
    std::string name;
    std::array<std::byte, 8> tag{};    ///< of its instructions; maps and constants do not count
    std::chrono::nanoseconds loaded{}; ///< when, since boot
    unsigned uid = 0;                  ///< the user who loaded it
    /// How often it ran. Empty where both this and run_time are 0: the kernel does not say whether
    /// it counts (kernel.bpf_stats_enabled).
    std::optional<std::uint64_t> run_count;
    std::optional<std::chrono::nanoseconds> run_time; ///< how long it ran, in all
    /// How often it did not run, as it ran already on that processor; since 5.12.
    std::optional<std::uint64_t> recursion_misses;
    std::vector<map_id> maps; ///< that it uses

    /// Whether all fields are the same.
    friend bool operator==(program_info const&, program_info const&) = default;
};

namespace detail {
[[nodiscard]] result<program_info> read_program_info(fd_view program);
}

/// Returns the kernel's facts about the program with an id.
/// @errors not_found          no such id
///         permission_denied  CAP_SYS_ADMIN is missing
///         EMFILE, ENOMEM     no descriptor or memory is left to ask by
/// @kernel since 4.13; kernel/bpf/syscall.c, bpf_prog_get_info_by_fd(); read at v5.10 and v6.12
/// @cost 3 system calls, 1 more for maps, and 6 more where the kernel cut the name; allocates
[[nodiscard]] result<program_info> program_info_of(program_id id);

} // namespace bpflink
