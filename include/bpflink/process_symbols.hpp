// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where functions of a process are, whatever files they are in, and whatever container it is in.

#include <bpflink/error.hpp>
#include <bpflink/resolve_options.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {

/// A function in a file that a process runs code of.
struct process_symbol {
    /// A path of the file, for hooks and resolve_symbols(): below /proc/PID/root where that leads
    /// to it, else /proc/PID/map_files. Good while the process has it mapped.
    std::string binary;
    std::string mapped;        ///< the same as the process's maps call it
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t address = 0; ///< in the process; the first, where it is mapped more than once

    /// Whether all of it is equal.
    friend bool operator==(process_symbol const&, process_symbol const&) = default;
};

/// Where a function is in each file that a process has mapped as code, in the order of its maps. A
/// file that was deleted or replaced is found all the same, where /proc/PID/map_files can be read.
/// @param pid      of this process's pid namespace; 0 is this process
/// @param symbol   as in resolve_symbols(); borrowed
/// @param options  as in resolve_symbols(); below the process's root, its debug files count first
/// @errors not_found          no such process (operation::open); or not one of its files has the
///                            function
///         invalid_argument   the number is negative; the name is empty or has a zero byte; and
///                            as resolve_symbols() for a name in one of the files: it is indirect;
///                            or it has several addresses, and no other file has the function
///         permission_denied  another user's process: CAP_SYS_PTRACE is missing. Without
///                            CAP_CHECKPOINT_RESTORE (CAP_SYS_ADMIN before 5.9), files that
///                            /proc/PID/root does not lead to are passed over
///         EMFILE, ENOMEM, EIO
/// @kernel fs/proc/task_mmu.c, show_map_vma(); fs/proc/base.c, proc_map_files_get_link() (6.12)
/// @cost reads /proc/PID/maps whole, and each file as resolve_symbols() does
[[nodiscard]] result<std::vector<process_symbol>>
resolve_in_process(int pid, std::string_view symbol, resolve_options options = {});

} // namespace bpflink
