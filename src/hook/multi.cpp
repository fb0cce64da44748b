// SPDX-License-Identifier: Apache-2.0
#include "multi.hpp"

#include "create.hpp"

#include <algorithm>
#include <cerrno>

namespace bpflink {
namespace {

/// Asks for something that a kernel with the kind refuses in its own way, and one without it by
/// EINVAL: a function, or a file with functions, that cannot be.
bool has_kind(detail::borrowed_program const& prog, attach_type attach) {
    bool const in_user_space =
        attach == attach_type::trace_uprobe_multi || attach == attach_type::trace_uprobe_session;
    char const* const impossible = in_user_space ? "/" : "no function has this name";
    std::uint64_t const offset = 0;
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.attach_type = static_cast<std::uint32_t>(attach);
    if (in_user_space) {
        attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(impossible);
        attr.uprobe_multi.offsets = reinterpret_cast<std::uintptr_t>(&offset);
        attr.uprobe_multi.count = 1;
    } else {
        attr.kprobe_multi.symbols = reinterpret_cast<std::uintptr_t>(&impossible);
        attr.kprobe_multi.count = 1;
    }
    return sys::link_create(attr) != -EINVAL;
}

} // namespace

std::string several(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string{what} + (count == 1 ? "" : "s");
}

std::string enumerated(std::span<std::string_view const> names) {
    constexpr std::size_t most = 10;
    std::string text;
    for (auto const name : names.first(std::min(names.size(), most)))
        text += (text.empty() ? "" : ", ") + std::string{name};
    if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
    return text;
}

tl::unexpected<error> refused_multi(detail::borrowed_program const& prog, attach_type attach,
                                    std::string subject) {
    if (has_kind(prog, attach))
        return fail(-EINVAL, operation::link_create, errc::invalid_argument, std::move(subject),
                    "the kernel refuses one of the places or arrays");
    return fail(-EINVAL, operation::link_create, errc::not_supported, std::move(subject),
                "this kernel has no " + to_string(attach) +
                    ", or the program was loaded for another attach type");
}

} // namespace bpflink
