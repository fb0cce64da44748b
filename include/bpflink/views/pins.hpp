// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {

/// One pinned link: a name on a bpffs that keeps the link alive.
struct pin_entry {
    std::string path;                   ///< absolute
    link_id id;                         ///< of the pinned link
    link_type type = link_type::unspec; ///< its kind
    bool temporary = false; ///< NAME%tmp: replace_pin of NAME is under way, or was killed
};

namespace detail {

/// Walks a tree of directories, or all that is mounted, depth first, and opens every file in it.
class pin_walk {
public:
    /// @param root  empty: every bpffs that is mounted where the calling thread is
    explicit pin_walk(std::optional<std::string> root);
    pin_walk(pin_walk&& other) noexcept : state_{std::exchange(other.state_, nullptr)} {}
    pin_walk& operator=(pin_walk&& other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~pin_walk();

    void next(std::optional<result<pin_entry>>& out);

    /// Has it walk on through what is mounted where another process is, but for the directories
    /// that it has been in.
    /// @param process  "/proc/PID"
    /// @param root     in front of what the process has for "/"
    /// @errors as its table of mounts cannot be read
    [[nodiscard]] result<void> walk_on(std::string const& process, std::string const& root);

private:
    class state;
    state* state_;
};

struct pins_source {
    using element = result<pin_entry>;
    std::optional<std::string> root;
    [[nodiscard]] pin_walk start() const { return pin_walk{root}; }
};

} // namespace detail

/// The input range of result<pin_entry> that pins() returns.
using pins_view = detail::walk_view<detail::pins_source>;

/// The pinned links below a directory of a bpffs, in the order of the file system. Pins of maps and
/// programs are left out, and so are symbolic links, and names that vanish meanwhile. A temporary
/// name of replace_pin (NAME%tmp) is an element too, and marked. If no replace_pin is under way
/// there, a killed process left it, and it holds its link. Another file
/// system that is mounted below is left out, and so is all that is in it.
///
/// Elements: result<pin_entry>. An entry that cannot be read is an error, and the walk goes on.
/// @param root  copied
/// @errors not_found          `root` does not exist (the only element)
///         invalid_argument   `root` is not a directory, or not on a bpffs (the only element)
///         permission_denied  a directory or pin that cannot be opened
/// @kernel since 5.7; kernel/bpf/inode.c, bpf_obj_get_user()
/// @cost 1 system call a directory, and 5 a pin; allocates the path
[[nodiscard]] pins_view pins(std::string_view root);
/// The same for every bpffs that is mounted where the calling thread is, by /proc. Each directory
/// is walked once, whatever number of places it is mounted at, and what is mounted over is left
/// out.
/// @errors not_found          /proc is not mounted (the only element)
///         permission_denied  a directory or pin that cannot be opened
/// @cost 4 system calls in the beginning, 2 a place, 1 a directory, and 5 a pin
[[nodiscard]] pins_view pins();
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto pins(P const& root) {
    return pins(detail::text_of(root));
}

} // namespace bpflink
