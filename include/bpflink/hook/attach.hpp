// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/access.hpp>
#include <bpflink/hook/raw.hpp>
#include <bpflink/hook/struct_ops.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/typed_link.hpp>

namespace bpflink {

namespace detail {
[[nodiscard]] result<unique_fd> create_raw(borrowed_program prog, hook::raw const& where);
}

/// Attaches a program to a hook. Everything that `where` borrows is used before this returns; the
/// link keeps its own reference to the program.
///
/// A program of a type that the hook does not take does not compile. The attach type that the
/// program was loaded for is compared with the hook where it is known (program_ref::from), and by
/// the kernel otherwise.
/// @errors described at each hook
template <class P, hook_like H>
    requires program_for<P, H>
[[nodiscard]] result<typed_link<H>> attach(P const& prog, H const& where) {
    return hook_traits<H>::create(detail::borrow(prog), where).map([](unique_fd&& fd) {
        return detail::access::make_typed<H>(detail::access::make_link(std::move(fd)));
    });
}

/// A struct_ops table is attached by its map.
[[nodiscard]] result<typed_link<hook::struct_ops>> attach(map_ref const& map,
                                                          hook::struct_ops const& where);

// clang-format off
/// Not by libbpf's pointer: its type is known at run time only.
template <class Hook> result<typed_link<Hook>> attach(::bpf_program const*, Hook const&) = delete; // pass program_ref<...>::from(prog)
// clang-format on

/// The untyped door: see hook::raw.
template <any_program P>
[[nodiscard]] result<link> attach(P const& prog, hook::raw const& where) {
    return detail::create_raw(detail::borrow(prog), where).map([](unique_fd&& fd) {
        return detail::access::make_link(std::move(fd));
    });
}

} // namespace bpflink
