// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/opened.hpp"

#include <bpflink/error.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace detail {

/// The lock of a directory of pins, by flock(2). It belongs to one opening of the directory, so it
/// keeps out other threads too. It is free again at the latest when the process dies.
///
/// A call that others can call from outside takes it once, and hands it inwards: its holder cannot
/// take it again. It keeps out those that take it, and nobody else who may write there. A child
/// process that is forked meanwhile has it as well, until this is destroyed.
class [[gnu::visibility("hidden")]] directory_lock {
public:
    /// Locks the directory that a path is in, as it is when the lock is had. A directory that was
    /// put in its place meanwhile is the one that counts.
    /// @param path   absolute
    /// @param limit  how long it waits for others
    /// @errors timed_out  another had it all the time; and as the directory cannot be opened
    /// @cost 4 system calls, and 2 in the end
    [[nodiscard]] static result<directory_lock> take(std::string const& path,
                                                     std::chrono::milliseconds limit);

    directory_lock(directory_lock&&) noexcept = default;
    directory_lock& operator=(directory_lock&&) = delete;
    ~directory_lock();

private:
    explicit directory_lock(sys::opened directory) noexcept : directory_{std::move(directory)} {}

    sys::opened directory_;
};

} // namespace detail
} // namespace bpflink
