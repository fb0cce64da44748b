// SPDX-License-Identifier: Apache-2.0
#include "object/identify.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

constexpr int no_descriptor = -1; // open in no process: the kernel says EBADF

/// What bpf(2) says to the question whether a descriptor is of a kind, and its errno, negated.
struct answer {
    enum { yes, no, closed, untold } is;
    int outcome;
};

/// What a command that asks for a kind of object first, and for an impossible second one then,
/// says of the first.
answer of_first(int outcome, fd_view fd) noexcept {
    switch (outcome) {
    case -EBADF: return {sys::is_open(fd.get()) == 0 ? answer::yes : answer::closed, outcome};
    case -EINVAL: return {answer::no, outcome};
    default: return {answer::untold, outcome}; // a process without the privilege to ask, mostly
    }
}

// An invalid new program makes link_update() fail with EBADF after it has seen that the descriptor
// is a link, and before it does anything; anything that is no link is EINVAL.
answer is_link(fd_view fd) noexcept {
    return of_first(sys::link_update({.link_fd = static_cast<std::uint32_t>(fd.get()),
                                      .new_fd = static_cast<std::uint32_t>(no_descriptor),
                                      .flags = 0,
                                      .old_fd = 0}),
                    fd);
}

// Likewise bpf_prog_bind_map(), which asks for the program first (5.10).
answer is_program(fd_view fd) noexcept {
    return of_first(sys::prog_bind_map(fd.get(), no_descriptor), fd);
}

// map_lookup_elem() asks for the map first, and then there is no key to read or nowhere to write.
answer is_map(fd_view fd) noexcept {
    constexpr int enotsupp = 524; // the kernel's own
    int const outcome = sys::map_look_up_nothing(fd.get());
    switch (-outcome) {
    case EFAULT:
    case ENOENT: // an empty queue
    case EOPNOTSUPP:
    case enotsupp: return {answer::yes, outcome}; // a ring buffer
    case EINVAL: return {answer::no, outcome};
    case EBADF: return {answer::closed, outcome};
    default: return {answer::untold, outcome};
    }
}

/// @param told  what bpf(2) answered instead; 0: that it is none of these
result<object_kind> kind_by_name(fd_view fd, int told) {
    std::array<char, 64> buffer;
    int const length = sys::descriptor_name(fd.get(), buffer);
    if (length < 0 && sys::is_open(fd.get()) < 0)
        return fail(-EBADF, operation::identify, describe(fd));
    if (length < 0 && told == 0) return object_kind::other;
    if (length < 0)
        return fail(told, operation::identify, usual_condition(-told), describe(fd),
                    "bpf(2) does not tell which object it is, and neither does /proc/self/fd: " +
                        error{-length, operation::identify}.code().message());
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
    struct question {
        object_kind kind;
        answer (*ask)(fd_view) noexcept;
    };
    constexpr std::array questions{question{object_kind::link, is_link},
                                   question{object_kind::program, is_program},
                                   question{object_kind::map, is_map}};
    for (auto const& [kind, ask] : questions) {
        auto const told = ask(fd);
        if (told.is == answer::yes) return kind;
        if (told.is == answer::closed) return fail(-EBADF, operation::identify, describe(fd));
        if (told.is == answer::untold) return kind_by_name(fd, told.outcome);
    }
    return kind_by_name(fd, 0);
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
