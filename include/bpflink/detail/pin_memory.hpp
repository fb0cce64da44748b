// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace bpflink::detail {

class directory_lock;

/// The owner and mode of a pin, which decide who may open it.
struct pin_permissions {
    unsigned mode;
    unsigned owner;
    unsigned group;
};

/// The path where a link handle is pinned, as far as the handle knows, and the one where it was
/// when it got the link. A failed chain goes back to the latter.
///
/// A path is resolved once, when it is taken. Before a later move or removal, the name there has to
/// be a pin of the link, and not a symbolic link. The kernel offers no way to check and act at
/// once, so another privileged writer can still come between.
class pin_memory {
public:
    /// Not pinned.
    pin_memory() noexcept = default;

    /// A link opened from a pin: `path` is where it was found, resolved.
    explicit pin_memory(std::string path) : path_{path}, origin_{std::move(path)} {}

    /// Whether a path is remembered; asks nobody.
    [[nodiscard]] bool is_pinned() const noexcept { return !path_.empty(); }
    /// The remembered path, absolute; empty where there is none.
    [[nodiscard]] std::string const& path() const& noexcept { return path_; }
    std::string const& path() const&& = delete; // it would be gone

    /// Whether the pin is where the handle found it: there is nothing to restore.
    [[nodiscard]] bool is_as_found() const noexcept { return path_ == origin_ && !origin_had_; }

    /// link::pin of the link that `link` is a descriptor of (borrowed).
    [[nodiscard]] result<void> pin(fd_view link, std::string_view path);
    /// link::replace_pin of it.
    [[nodiscard]] result<void> replace_pin(fd_view link, std::string_view path);
    /// link::replace_pin of it, by who has the lock of the directory.
    /// @param link  borrowed
    /// @param path  resolved
    /// @param held  the lock of the directory that the path is in
    [[nodiscard]] result<void> replace_pin(fd_view link, std::string const& path,
                                           directory_lock const& held);
    /// link::unpin of it.
    [[nodiscard]] result<void> unpin(fd_view link);

    /// Puts the pin back to where the handle found it: removed, moved back, or pinned again.
    [[nodiscard]] result<void> restore(fd_view link);

private:
    enum class standing { none, ours, foreign };
    struct sight;
    [[nodiscard]] result<sight> look(fd_view link) const;
    void leave(sight const& now);
    [[nodiscard]] tl::unexpected<error> forget(operation where);
    [[nodiscard]] result<void> pin_at(fd_view link, std::string const& path);

    std::string path_;   // empty: not pinned
    std::string origin_; // empty: this handle found no pin
    // The owner and mode of the pin at origin_ when it was moved or removed.
    std::optional<pin_permissions> origin_had_;
};

} // namespace bpflink::detail
