// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/chain.hpp>
#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/typed_link.hpp>

#include <string_view>
#include <type_traits>
#include <utility>

namespace bpflink {

// Operations as values. They take a link and give it back, so they compose
//     attach(prog, where) | pin("/sys/fs/bpf/x") | update(next)       on a result,
//     auto const publish = pin("/sys/fs/bpf/x") | update(next);       with each other,
//     attach(prog, where).and_then(pin("/sys/fs/bpf/x"))              and with tl::expected.
// Each step runs at once and consumes the result before it. When a step fails, the pin goes back to
// where the handle found it, and the handle closes. A pin that the handle made is removed, one that
// it moved is moved back. A link that the chain attached is gone then. A link that it only opened
// stays as it was, but for updates that succeeded before the failure. The undo knows only the
// handle's memory of its pin, across chains too. To try something on a link that must stay, call
// the member function instead, which undoes nothing.

/// link::pin as a step.
/// @param path  copied
[[nodiscard]] inline auto pin(std::string_view path) {
    return detail::step{
        [path = detail::path_argument{path}](auto& l) { return l.pin(path.get()); }};
}
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto pin(P const& path) {
    return pin(detail::text_of(path));
}

/// link::replace_pin as a step. The replaced pin cannot be brought back: let it be the last step.
/// @param path  copied
[[nodiscard]] inline auto replace_pin(std::string_view path) {
    return detail::step{
        [path = detail::path_argument{path}](auto& l) { return l.replace_pin(path.get()); }};
}
/// The same with a std::filesystem::path.
template <detail::filesystem_path P>
[[nodiscard]] auto replace_pin(P const& path) {
    return replace_pin(detail::text_of(path));
}

/// link::unpin as a step.
[[nodiscard]] inline auto unpin() {
    return detail::step{[](auto& l) { return l.unpin(); }};
}

/// link::update as a step.
/// @param prog  a named one is borrowed until the step has run, a temporary one is the step's; for
///              struct_ops links a map_ref
template <class P>
    requires detail::updates_links<std::remove_cvref_t<P>>
[[nodiscard]] auto update(P&& prog) {
    using argument = detail::program_argument<P>;
    return detail::step{[next = argument{std::forward<P>(prog)}](auto& l)
                            requires requires(argument const& a) { l.update(a.program()); }
                        { return l.update(next.program()); }};
}

/// The compare-and-swap update as a step.
/// @param prog  as above
/// @param old   borrowed until the step has run
template <class P>
    requires detail::updates_links<std::remove_cvref_t<P>>
[[nodiscard]] auto update(P&& prog, expected_program old) {
    using argument = detail::program_argument<P>;
    return detail::step{[next = argument{std::forward<P>(prog)}, old](auto& l)
                            requires requires(argument const& a) { l.update(a.program(), old); }
                        { return l.update(next.program(), old); }};
}

/// link::detach as a step.
[[nodiscard]] inline auto detach() {
    return detail::step{[](auto& l)
                            requires requires { l.detach(); }
                        { return l.detach(); }};
}

/// Ends a chain by releasing the descriptor: the link stays attached as long as the sink holds it.
/// An exception of the sink's passes, and the pin goes back as when a step fails.
/// @param sink  called with the unique_fd; or a unique_fd that is assigned; or a container to push
///              it to. An lvalue is borrowed until the step has run
/// @errors EMFILE, where the chain changed the pin and no descriptor is left to undo that by
/// @cost no system call; 2 where the chain changed the pin
template <detail::descriptor_sink Sink>
[[nodiscard]] auto keep(Sink&& sink) {
    return detail::last_step<Sink>{std::forward<Sink>(sink)};
}

} // namespace bpflink
