// SPDX-License-Identifier: Apache-2.0
#include "symbol/file_refusal.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <array>
#include <cerrno>
#include <string_view>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

std::string_view path_of(attempt const& tried) {
    return tried.as<std::string>();
}

/// The mode of a file below it may refuse, too.
finding may_be_of_a_process(attempt const& tried) {
    constexpr std::string_view directory = "/proc/";
    auto path = path_of(tried);
    if (!path.starts_with(directory)) return {match::no};
    path.remove_prefix(directory.size());
    bool const is_its = path.starts_with("self") || path.starts_with("thread-self") ||
                        path.find_first_of("0123456789") == 0;
    return {is_its ? match::unknown : match::no};
}

/// Not a file that the path leads to by a process's root or working directory.
finding is_the_memory_of_a_process(attempt const& tried) {
    auto const path = path_of(tried);
    bool const is_elsewhere = path.find("/root/") != path.npos || path.find("/cwd/") != path.npos;
    return yes_if(may_be_of_a_process(tried).is != match::no && path.ends_with("/mem") &&
                  !is_elsewhere);
}

/// @kernel fs/proc/base.c, proc_map_files_get_link(); read at v7.1
finding may_not_open_what_is_mapped(attempt const& tried) {
    constexpr unsigned cap_checkpoint_restore = 40;
    constexpr auto cap_sys_admin = static_cast<unsigned>(detail::capability::sys_admin);
    if (path_of(tried).find("/map_files/") == std::string_view::npos) return {match::no};
    auto elsewhere = in_other_user_namespace(tried);
    if (elsewhere.is == match::yes) return elsewhere;
    int const told =
        sys::has_capability(cap_checkpoint_restore) == 1 ? 1 : sys::has_capability(cap_sys_admin);
    return {told < 0 ? match::unknown : told == 1 ? match::no : match::yes};
}

constexpr std::array failures{
    refusal{EIO, errc::invalid_argument, "nothing is mapped at this place of the process's memory",
            "name a program or a library", "mem_rw", is_the_memory_of_a_process},
    refusal{EIO, errc{}, "the file system failed at it", "look into the kernel's log",
            "filemap_read"},
    refusal{ESTALE, errc{}, "the file was removed or replaced on its server", "try once more",
            "nfs_revalidate_inode"},
    refusal{ESRCH, errc::not_found, "the process that it tells of has ended", "", "mem_open"},
};

constexpr std::array opening_causes{
    refusal{ENOTDIR, errc::invalid_argument, "a name on the way is not a directory", "",
            "link_path_walk"},
    refusal{ELOOP, errc::invalid_argument, "symbolic links lead in a circle, or on through /proc",
            "name the file that is meant", "pick_link"},
    refusal{ENAMETOOLONG, errc::invalid_argument,
            "a name is longer than 255 bytes, or the path than 4,095", "", "getname_flags"},
    refusal{EPERM, errc::permission_denied,
            "it takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the first user namespace",
            "run with one of them", "proc_map_files_get_link", may_not_open_what_is_mapped},
    refusal{EACCES, errc::permission_denied, "it takes the right to trace that process",
            "run as its user, or with CAP_SYS_PTRACE", "proc_pid_get_link", may_be_of_a_process},
    refusal{EACCES, errc::permission_denied,
            "the mode of the file, or of a directory on the way, refuses it",
            "run as its owner, or with CAP_DAC_READ_SEARCH", "inode_permission"},
};

constexpr std::array reading_causes{
    refusal{ESPIPE, errc::invalid_argument,
            "it can be read from its begin on alone, as some files of /proc and tracefs",
            "name a program or a library", "ksys_pread64"},
    refusal{EINVAL, errc::invalid_argument,
            "it cannot be read at any place, as some files of /proc", "name a program or a library",
            "pagemap_read"},
};

} // namespace

tl::unexpected<error> refuse_open(int outcome, std::string const& path) {
    return refuse(outcome, operation::open, path, {.request = &path},
                  {opening_causes, failures, common_causes()});
}

tl::unexpected<error> refuse_read(int outcome, std::string const& path) {
    return refuse(outcome, operation::read, path, {.request = &path},
                  {reading_causes, failures, common_causes()});
}

} // namespace bpflink
