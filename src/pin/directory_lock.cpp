// SPDX-License-Identifier: Apache-2.0
#include "pin/directory_lock.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "pin/path.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace bpflink::detail {
namespace {

/// Whether a descriptor is of what is at a path: 1, 0.
int is_at(sys::opened const& directory, std::string const& path) {
    sys::file_facts opened{}, there{};
    if (int const outcome = sys::look_at(directory.outcome(), opened); outcome < 0) return outcome;
    int const outcome = sys::facts_of_file(path.c_str(), there);
    if (outcome == -ENOENT) return 0;
    if (outcome < 0) return outcome;
    return opened.device == there.device && opened.inode == there.inode ? 1 : 0;
}

constexpr refusal is_taken{
    ETIMEDOUT, errc::timed_out,
    "others change pins there, and had the lock of the directory all the time",
    "try again, or look for one that hangs", "flock_lock_inode"};

constexpr std::array causes{
    refusal{ENOLCK, errc{}, "the kernel has no memory for another lock", "", "flock"},
    refusal{ENOSYS, errc::not_supported, "a filter of system calls refuses flock(2)", "", "flock"},
};

} // namespace

result<directory_lock> directory_lock::take(std::string const& path,
                                            std::chrono::milliseconds limit) {
    constexpr int longest_pause = 20; // a millisecond
    auto const directory = directory_of(path);
    auto const deadline = sys::deadline(limit);
    auto opened = sys::open_directory(directory.c_str());
    for (int attempt = 0;; ++attempt) {
        if (!opened) return refuse_pin_at(opened.outcome(), operation::open, path);
        int const outcome = sys::lock(opened.outcome());
        if (outcome == 0) {
            directory_lock held{std::move(opened)};
            int const same = is_at(held.directory_, directory);
            if (same < 0) return refuse_look_at(same, operation::stat, directory);
            if (same == 1) return held;
            opened = sys::open_directory(directory.c_str()); // the new one
        } else if (outcome != -EAGAIN) {
            return refuse(outcome, operation::flock, directory, {}, {causes, common_causes()});
        }
        if (sys::now() >= deadline) return refuse_by(is_taken, {}, operation::flock, directory);
        sys::back_off(std::min(attempt, longest_pause));
    }
}

directory_lock::~directory_lock() {
    // A child process may have a duplicate: closing would not do.
    if (directory_) sys::unlock(directory_.outcome());
}

} // namespace bpflink::detail
