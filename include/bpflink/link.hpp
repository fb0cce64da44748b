// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/detail/pin_memory.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/link_info.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace bpflink {

namespace detail {
struct access; // lets attach and the chains reach what users must not

template <class T>
inline constexpr bool is_typed_link = false;
template <class Hook>
inline constexpr bool is_typed_link<typed_link<Hook>> = true;
} // namespace detail

/// Owns one descriptor of a BPF link of any kind.
///
/// Closing the last descriptor of a link that is not pinned takes the program off its hook. A link
/// that is pinned or held elsewhere stays. A moved-from link is empty, like a default-constructed
/// one. Using an empty link for anything but assignment, destruction, `close`, `release` and
/// `operator bool` is a precondition violation.
/// @threads  safe on distinct handles; one handle is not for two threads at a time
class link {
public:
    /// Empty.
    link() noexcept = default;

    /// Takes `fd` over when it is a link's. On failure `fd` is untouched and still the caller's.
    /// @errors not_a_link  a map, a program, BTF or a plain file
    ///         EBADF       not open
    /// @kernel kernel/bpf/syscall.c, link_update(): an invalid new program is EBADF on a link and
    ///         EINVAL on any other object, and changes nothing; read at v6.12
    /// @cost 2 system calls
    [[nodiscard]] static result<link> from_fd(unique_fd&& fd);

    /// Borrows `fd` and owns a duplicate (close-on-exec).
    /// @errors as from_fd; EMFILE when the process has no descriptor left
    /// @cost 3 system calls
    [[nodiscard]] static result<link> duplicate(fd_view fd);

    /// Takes over a link that libbpf made: duplicates its descriptor, and destroys libbpf's handle.
    /// On failure that handle is untouched, and still the caller's. The kernel keeps the link's
    /// pin, which this handle does not know.
    /// @param theirs  of a skeleton: set its pointer to null afterwards
    /// @errors invalid_argument  nullptr
    ///         not_supported     a link of a perf event (kprobe, uprobe, tracepoint): libbpf's
    ///                           handle, destroyed, disables the event, and what else it does with
    ///                           it leaks a descriptor
    ///         not_a_link        libbpf's handle has no link of the kernel's: USDT, or before 5.15
    ///         and as duplicate and info
    /// @libbpf libbpf.c, bpf_link__destroy(), bpf_link_perf_detach(); read at v1.7
    /// @cost 5 system calls
    [[nodiscard]] static result<link> take_over(::bpf_link* theirs);

    /// Opens a link by id. An id that the kernel has given out but whose link is not attached yet
    /// is waited for: microseconds, and a second at most.
    /// @errors not_found          no such id, or it vanished
    ///         permission_denied  CAP_SYS_ADMIN is missing, or a security module keeps this link
    ///         not_supported      a kernel before 5.8
    ///         EAGAIN             still not attached after that second
    /// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_by_id(): ENOENT, EAGAIN until settled
    /// @cost 1 system call
    [[nodiscard]] static result<link> from_id(link_id id);

    /// Opens a pin and remembers its name: the real one where symbolic links lead to it.
    /// @param path  on a bpffs; resolved once, here
    /// @errors not_found         nothing is there
    ///         not_a_link        another object's pin
    ///         invalid_argument  empty, a directory, or not on a bpffs
    ///         permission_denied the file's mode
    /// @kernel since 5.7; kernel/bpf/inode.c, bpf_obj_get_user()
    /// @cost 4 system calls; through symbolic links 1 a name more
    [[nodiscard]] static result<link> load_pinned(std::string_view path);
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] static auto load_pinned(P const& path) {
        return load_pinned(detail::text_of(path));
    }

    /// Whether it holds a link.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
    /// The link's descriptor; borrowed.
    [[nodiscard]] fd_view fd() const& noexcept { return fd_; }
    fd_view fd() const&& = delete; // it would be closed before the view is used

    /// Hands the descriptor on and is empty: the leak-free way to keep a link attached.
    [[nodiscard]] unique_fd release() noexcept;

    /// Closes, and says so when that failed; nothing for an empty link.
    result<void> close();

    /// Returns the kernel's facts about the link.
    /// @errors invalid_argument   ENAMETOOLONG: a file of uprobe_multi has a path over PATH_MAX
    ///         permission_denied  a security module refuses, or CAP_BPF is missing (before 5.19)
    /// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_get_info_by_fd()
    /// @cost 1 system call, 2 where the kind has names, arrays or cookies (raw_tracepoint, iter,
    ///       tracing, perf_event, multi kinds); repeated when a path grew in between; allocates
    ///       arrays, and names longer than 15 characters
    [[nodiscard]] result<link_info> info() const;

    /// `unknown` also when the kernel refuses to answer.
    /// @cost 1 system call
    [[nodiscard]] link_state state() const;

    /// Swaps the program atomically.
    ///
    /// The kernel holds a cgroup's program to the attach type that it was loaded for only when it
    /// attaches it. So of programs whose type is known, this looks before it swaps. Without
    /// CAP_NET_ADMIN the kernel does not tell about a program of cgroup_skb. One that is known to
    /// be for another attach type is refused then; an unknown attach type is not checked.
    /// @param prog  borrowed; the link takes its own reference
    /// @errors not_supported     this kind of link cannot be updated by program (the kind is named)
    ///         defunct           the hook's target is gone
    ///         already_exists    tcx, netkit: that program is on the hook already
    ///         invalid_argument  another program type or expected attach type (named when known)
    ///         permission_denied CAP_BPF is missing where bpf(2) asks for it, or a security module
    ///                           refuses
    /// @kernel since 5.7; kernel/bpf/syscall.c, link_update()
    /// @cost 1 system call; 2 or 3 for a program of cgroup_skb, cgroup_sock, cgroup_sock_addr,
    ///       cgroup_sockopt or lsm
    template <any_program P>
    [[nodiscard]] result<void> update(P const& prog) {
        return update_program(detail::borrow(prog), nullptr);
    }

    /// Compare-and-swap: swaps only while `old` is the program that runs.
    /// @errors program_mismatch  it is not (EPERM in the kernel), and as above
    template <any_program P>
    [[nodiscard]] result<void> update(P const& prog, expected_program old) {
        return update_program(detail::borrow(prog), &old);
    }

    /// Swaps the map of a struct_ops link: see typed_link::update.
    [[nodiscard]] result<void> update(map_ref const& map);
    /// The same, while `old` is the map in use.
    [[nodiscard]] result<void> update(map_ref const& map, expected_program old);

    /// Takes the program off the hook at once, even if others hold the link. The link stays as a
    /// defunct shell until it is closed and unpinned. A second call succeeds too.
    /// @errors not_supported  the kernel cannot detach this kind; close it instead
    /// @kernel since 5.9; kernel/bpf/syscall.c, link_detach()
    /// @cost 1 system call
    [[nodiscard]] result<void> detach();

    /// Keeps the link alive by a name on a bpffs. Again at the same path: nothing to do while the
    /// pin is ours, pinned anew when it is gone. Elsewhere: a move.
    /// @param path  resolved once, here: neither a later chdir nor a symbolic link that is switched
    ///              later changes anything. A symbolic link that leads to nothing is a taken name
    /// @errors already_exists    the path is taken; or something else is at the old path by now,
    ///                           which is then forgotten
    ///         invalid_argument  empty, a name with a dot, or not on a bpffs
    ///         not_found         the directory is missing
    ///         read_only         the bpffs is mounted so
    ///         permission_denied
    /// @kernel since 5.7; kernel/bpf/inode.c, bpf_obj_pin_user(), bpf_lookup() for the dot
    /// @cost 2 system calls for a first pin: one sees that the path has no symbolic link in it; a
    ///       path with links takes 1 more for each name. 8 where the pin is ours already, 9 to move
    ///       it, 13 and more to another bpffs
    [[nodiscard]] result<void> pin(std::string_view path);
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] auto pin(P const& path) {
        return pin(detail::text_of(path));
    }

    /// Replaces the pin of any link atomically: nobody sees the path without a link. The pin has
    /// mode and owner of the one before. The replaced link loses that pin for good, so in a chain
    /// let it be the last step.
    ///
    /// Where the name is free it pins plainly. Otherwise it pins under NAME%tmp, and renames that
    /// over the other; a leftover of a killed process there goes. Both under flock(2) of the
    /// directory, which keeps out every other replace_pin there, and waits for it two seconds.
    /// @param path  as pin's; through a symbolic link it replaces the pin that this leads to
    /// @errors not_a_link      a map's or program's pin is there; it stays
    ///         timed_out       another process had the directory's lock all the time
    ///         already_exists  something that is not a link's pin is at NAME%tmp; it is named
    ///         invalid_argument, not_found, read_only, permission_denied  as pin; also where the
    ///         pin
    ///                         cannot have the mode and owner of the one before
    /// @kernel since 5.7; kernel/bpf/inode.c, bpf_dir_iops; fs/libfs.c, simple_rename(); at v6.12
    /// @cost 10 system calls where the name is free, 18 over another link's pin; 2 more where mode
    ///       and owner are not those of a new pin, and 7 to look at an old pin of this handle
    [[nodiscard]] result<void> replace_pin(std::string_view path);
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] auto replace_pin(P const& path) {
        return replace_pin(detail::text_of(path));
    }

    /// Removes the pin if it is this link's. A link that is not pinned, or a pin that is gone, is
    /// fine.
    /// @errors already_exists  something else is at the path now: it stays and is forgotten
    ///         read_only, permission_denied  the pin stays, and is remembered
    /// @cost 8 system calls; 1 where nothing is there, and none where nothing is remembered
    [[nodiscard]] result<void> unpin();

    /// Whether the handle remembers a pin (from pin, replace_pin or load_pinned); asks nobody.
    [[nodiscard]] bool is_pinned() const noexcept { return pins_.is_pinned(); }

    /// The remembered path, resolved; valid until the handle is changed or moved.
    [[nodiscard]] std::optional<std::string_view> pinned_path() const& noexcept;
    std::optional<std::string_view> pinned_path() const&& = delete; // of a text that would be gone

    /// The same link with its kind known: `std::move(l).as<xdp_link>()`. Consumes only on success.
    /// @errors wrong_kind  another kind of link; both are named
    /// @cost as info(): 1 system call, 2 for some kinds
    template <class TypedLink>
        requires detail::is_typed_link<TypedLink>
    [[nodiscard]] result<TypedLink> as() && {
        return TypedLink::from_link(std::move(*this));
    }

private:
    friend detail::access;

    explicit link(unique_fd fd, detail::pin_memory pins = {}) noexcept
        : fd_{std::move(fd)}, pins_{std::move(pins)} {}

    result<void> update_program(detail::borrowed_program const& next,
                                expected_program const* expected);

    unique_fd fd_;
    detail::pin_memory pins_;
};

} // namespace bpflink
