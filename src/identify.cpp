// SPDX-License-Identifier: Apache-2.0
#include "identify.hpp"

#include "fail.hpp"
#include "sys.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

constexpr int no_descriptor = -1; // open in no process: the kernel says EBADF

/// What a command that asks for a kind of object first, and for an impossible second one then,
/// says of the first.
enum class answer { yes, no, closed, refused };

answer interpret(int outcome, fd_view fd) noexcept {
    switch (outcome) {
    case -EBADF: return sys::is_open(fd.get()) == 0 ? answer::yes : answer::closed;
    case -EINVAL: return answer::no;
    default: return answer::refused;
    }
}

// An invalid new program makes link_update() fail with EBADF after it has seen that the descriptor
// is a link, and before it does anything; anything that is no link is EINVAL.
answer is_link(fd_view fd) noexcept {
    return interpret(sys::link_update({.link_fd = static_cast<std::uint32_t>(fd.get()),
                                       .new_fd = static_cast<std::uint32_t>(no_descriptor),
                                       .flags = 0,
                                       .old_fd = 0}),
                     fd);
}

// Likewise bpf_prog_bind_map(), which asks for the program first (5.10).
answer is_program(fd_view fd) noexcept {
    return interpret(sys::program_bind_map(fd.get(), no_descriptor), fd);
}

object_kind kind_by_name(fd_view fd) noexcept {
    std::array<char, 64> buffer;
    int const length = sys::descriptor_name(fd.get(), buffer);
    if (length < 0) return object_kind::other;
    std::string_view const name{buffer.data(), static_cast<std::size_t>(length)};
    // A new link's descriptor and one opened later are spelt differently.
    if (name == "anon_inode:bpf_link" || name == "anon_inode:bpf-link") return object_kind::link;
    if (name == "anon_inode:bpf-prog") return object_kind::program;
    if (name == "anon_inode:bpf-map") return object_kind::map;
    return object_kind::other;
}

} // namespace

result<object_kind> identify(fd_view fd) {
    if (!fd) return fail(-EBADF, operation::identify, describe(fd));
    switch (is_link(fd)) {
    case answer::yes: return object_kind::link;
    case answer::closed: return fail(-EBADF, operation::identify, describe(fd));
    case answer::no:
        if (is_program(fd) == answer::yes) return object_kind::program;
        // No command asks for a map without doing something to it.
        return kind_by_name(fd);
    case answer::refused: break; // a process without the privilege to ask
    }
    if (sys::is_open(fd.get()) < 0) return fail(-EBADF, operation::identify, describe(fd));
    return kind_by_name(fd);
}

result<void> require_kind(fd_view fd, object_kind wanted, operation where, std::string subject,
                          char const* needed) {
    return identify(fd).and_then([&](object_kind kind) -> result<void> {
        if (kind == wanted) return {};
        return fail(-EINVAL, where, errc::invalid_argument, std::move(subject), needed);
    });
}

result<void> require_link(fd_view fd, std::string subject) {
    auto const kind = identify(fd);
    if (!kind) return tl::unexpected{kind.error()};
    if (*kind == object_kind::link) return {};
    auto const* const what = *kind == object_kind::program ? "it is a BPF program"
                             : *kind == object_kind::map   ? "it is a BPF map"
                                                           : "it is not a BPF link";
    return fail(-EINVAL, operation::identify, errc::not_a_link, std::move(subject), what);
}

} // namespace bpflink
