// SPDX-License-Identifier: Apache-2.0
#include "symbol/file_refusal.hpp"

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

/// The mode of a file below it may refuse, too.
finding may_be_of_a_process(attempt const& tried) {
    constexpr std::string_view directory = "/proc/";
    std::string_view path = tried.as<std::string>();
    if (!path.starts_with(directory)) return {match::no};
    path.remove_prefix(directory.size());
    bool const is_its = path.starts_with("self") || path.starts_with("thread-self") ||
                        path.find_first_of("0123456789") == 0;
    return {is_its ? match::unknown : match::no};
}

constexpr std::array failures{
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
            "ksys_pread64"},
};

} // namespace

tl::unexpected<error> refuse_open(int outcome, std::string const& path) {
    return refuse(outcome, operation::open, path, {.request = &path},
                  {opening_causes, failures, common_causes()});
}

tl::unexpected<error> refuse_read(int outcome, std::string const& path) {
    return refuse(outcome, operation::read, path, {}, {reading_causes, failures, common_causes()});
}

} // namespace bpflink
