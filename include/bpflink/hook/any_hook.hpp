// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/detail/access.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/hook/all.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/link.hpp>
#include <bpflink/program_type.hpp>

#include <concepts>
#include <utility>
#include <variant>

namespace bpflink {

namespace detail {
template <class List>
struct variant_of;
template <class... Types>
struct variant_of<type_list<Types...>> {
    using type = std::variant<Types...>;
};
} // namespace detail

/// A hook that is known at run time: a variant of all_hooks. It borrows what the hook in it does.
using any_hook = detail::variant_of<all_hooks>::type;

namespace detail {
/// The facts that libbpf knows of a loaded program of any type.
[[nodiscard]] result<borrowed_program> inspect(::bpf_program const* prog);
/// Succeeds unless the program's type is known, and not one that the hook takes.
[[nodiscard]] result<void> check_type(borrowed_program const& prog, any_hook const& where);
[[nodiscard]] result<unique_fd> create(borrowed_program const& prog, any_hook const& where);
} // namespace detail

/// The hook that the name of a program's section says: SEC("kprobe/do_unlinkat") is
/// hook::kprobe{.function = "do_unlinkat"}. All names of libbpf 1.8 are known, and listed in
/// docs/coming-from-libbpf.md. The program need not be loaded; whether it is to be attached at all
/// (bpf_program__autoattach) is not asked. Where the place is in the program, as of
/// SEC("fentry/do_unlinkat"), so it is in the hook.
/// @param prog  of a ::bpf_object, which has to outlive the hook: its texts are borrowed from it
/// @errors invalid_argument  nullptr; a name that does not say all, such as which interface
///                           (SEC("xdp")), cgroup, map or function (SEC("kprobe")): attach to the
///                           hook that the message tells; a name that is not libbpf's
///         not_supported     programs of this section are attached by no link (SEC("syscall")), or
///                           their map is (SEC("struct_ops"))
/// @cost no system call
[[nodiscard]] result<any_hook> hook_of(::bpf_program const* prog);

/// Attaches to a hook that is known at run time, as attach does to one that is known at compile
/// time.
/// @param prog   of a loaded ::bpf_object; borrowed
/// @param where  as hook_of says, or any other
/// @errors invalid_argument  nullptr, not loaded yet, or of a type that the hook does not take
///         described at each hook
/// @cost described at each hook
[[nodiscard]] result<link> attach(::bpf_program const* prog, any_hook const& where);

/// The same for a program by its descriptor. Its type is compared where it is known.
// Of this very type: a hook that does not take the program would convert, and compile.
template <any_program P, std::same_as<any_hook> Hook>
[[nodiscard]] result<link> attach(P const& prog, Hook const& where) {
    auto lent = detail::borrow(prog);
    if constexpr (requires {
                      { prog.type() } -> std::same_as<program_type>;
                  })
        lent.type = prog.type();
    return detail::create(lent, where).map([](unique_fd&& fd) {
        return detail::access::make_link(std::move(fd));
    });
}

} // namespace bpflink
