// SPDX-License-Identifier: Apache-2.0
#include "object/identify.hpp"

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

constexpr int no_descriptor = -1; // open in no process: the kernel says EBADF

/// The answer of bpf(2) to the question whether a descriptor is of a kind: a negated errno.
struct answer {
    enum { yes, no, closed, untold } is;
    int outcome;
};

/// The outcome of a probe: a command whose first descriptor must be of the kind and whose second is
/// deliberately invalid.
answer of_first(int outcome, fd_view fd) noexcept {
    switch (outcome) {
    case -EBADF: return {sys::is_open(fd.get()) == 0 ? answer::yes : answer::closed, outcome};
    case -EINVAL: return {answer::no, outcome};
    default: return {answer::untold, outcome}; // a process without the privilege to ask, mostly
    }
}

// An invalid new program makes link_update() fail with EBADF after it has seen that the descriptor
// is a link, and before it does anything. Anything but a link is EINVAL.
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
    int const outcome = sys::map_look_up_nothing(fd.get());
    switch (-outcome) {
    case EFAULT:
    case ENOENT: // an empty queue
    case EOPNOTSUPP:
    case uapi::enotsupp: return {answer::yes, outcome}; // a ring buffer
    case EINVAL: return {answer::no, outcome};
    case EBADF: return {answer::closed, outcome};
    default: return {answer::untold, outcome};
    }
}

using detail::refusal;

constexpr refusal not_open{EBADF, errc::invalid_argument, "the descriptor is not open", "",
                           "bpf_link_get_from_fd"};

tl::unexpected<error> refuse_closed(fd_view fd) {
    return refuse_by(not_open, {}, operation::identify, describe(fd));
}

/// @param told  the answer of bpf(2) instead; 0: it is another object
result<object_kind> kind_by_name(fd_view fd, int told) {
    std::array<char, 64> buffer;
    int const length = sys::descriptor_name(fd.get(), buffer);
    if (length < 0 && sys::is_open(fd.get()) < 0) return refuse_closed(fd);
    if (length < 0 && told == 0) return object_kind::other;
    if (length < 0) {
        auto why = refuse(told, operation::identify, describe(fd), {}, {command_causes()}).value();
        why.add_advice("/proc/self/fd does not tell which object it is either: " +
                       error{-length, operation::identify}.code().message());
        return tl::unexpected{std::move(why)};
    }
    std::string_view const name{buffer.data(), static_cast<std::size_t>(length)};
    // A new link's descriptor and one opened later are spelt differently.
    if (name == "anon_inode:bpf_link" || name == "anon_inode:bpf-link") return object_kind::link;
    if (name == "anon_inode:bpf-prog") return object_kind::program;
    if (name == "anon_inode:bpf-map") return object_kind::map;
    return object_kind::other;
}

} // namespace

result<object_kind> identify(fd_view fd) {
    if (!fd) return refuse_closed(fd);
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
        if (told.is == answer::closed) return refuse_closed(fd);
        if (told.is == answer::untold) return kind_by_name(fd, told.outcome);
    }
    return kind_by_name(fd, 0);
}

namespace {

char const* name_of(object_kind kind) {
    switch (kind) {
    case object_kind::link: return "a BPF link";
    case object_kind::program: return "a BPF program";
    case object_kind::map: return "a BPF map";
    case object_kind::other: break;
    }
    return "another object";
}

constexpr refusal not_a_program{EINVAL, errc::invalid_argument, "it is not a BPF program, but {}",
                                "", "bpf_prog_get"};
constexpr refusal not_a_map{EINVAL, errc::invalid_argument, "it is not a BPF map, but {}", "",
                            "bpf_map_get"};
constexpr refusal not_a_link{EINVAL, errc::not_a_link, "it is not a BPF link, but {}", "",
                             "bpf_link_get_from_fd"};

result<void> require(fd_view fd, object_kind wanted, refusal const& row, operation where,
                     std::string subject) {
    return identify(fd).and_then([&](object_kind kind) -> result<void> {
        if (kind == wanted) return {};
        return refuse_by(row, {match::yes, name_of(kind)}, where, std::move(subject));
    });
}

} // namespace

result<void> require_program(fd_view fd, std::string subject) {
    return require(fd, object_kind::program, not_a_program, operation::prog_get_info,
                   std::move(subject));
}

result<void> require_map(fd_view fd, std::string subject) {
    return require(fd, object_kind::map, not_a_map, operation::map_get_info, std::move(subject));
}

result<void> require_link(fd_view fd, std::string subject) {
    return require(fd, object_kind::link, not_a_link, operation::identify, std::move(subject));
}

} // namespace bpflink
