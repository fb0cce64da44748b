// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace bpflink {

/// One pinned link: a name on a bpffs that keeps the link alive.
struct pin_entry {
    std::string path;                   ///< absolute
    link_id id;                         ///< of the pinned link
    link_type type = link_type::unspec; ///< its kind
};

/// Where a link handle is pinned as far as the handle knows, and where it was when the handle got
/// the link: a failed chain goes back to that.
///
/// Whether a pin is ours is checked just before it is moved or removed. The kernel offers no way
/// to do both at once, so another privileged writer can still come between.
class pin_memory {
public:
    /// Not pinned.
    pin_memory() noexcept = default;

    /// A link opened from a pin: `path` is where it was found.
    explicit pin_memory(std::string path) : path_{path}, origin_{std::move(path)} {}

    /// Whether a path is remembered; asks nobody.
    [[nodiscard]] bool is_pinned() const noexcept { return !path_.empty(); }
    /// The remembered path, absolute; empty where there is none.
    [[nodiscard]] std::string const& path() const& noexcept { return path_; }
    std::string const& path() const&& = delete; // it would be gone

    /// Whether the pin is where the handle found it: there is nothing to restore.
    [[nodiscard]] bool is_as_found() const noexcept { return path_ == origin_; }

    /// link::pin of the link that `link` is a descriptor of (borrowed).
    [[nodiscard]] result<void> pin(fd_view link, std::string_view path);
    /// link::replace_pin of it.
    [[nodiscard]] result<void> replace_pin(fd_view link, std::string_view path);
    /// link::unpin of it.
    [[nodiscard]] result<void> unpin(fd_view link);

    /// Puts the pin back to where the handle found it: removed, moved back, or pinned again.
    [[nodiscard]] result<void> restore(fd_view link);

private:
    /// What is at path_: nothing, this link's pin, or anything else.
    enum class standing { none, ours, foreign };
    [[nodiscard]] result<standing> look(fd_view link) const;
    [[nodiscard]] tl::unexpected<error> forget(operation where);

    [[nodiscard]] result<void> pin_anew(fd_view link, std::string path);
    [[nodiscard]] result<void> move(fd_view link, std::string path);
    [[nodiscard]] result<void> replace_from(fd_view link, std::string path, std::string const& old);

    std::string path_;   // empty: not pinned
    std::string origin_; // empty: this handle found no pin
};

} // namespace bpflink
