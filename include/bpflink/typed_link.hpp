// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/access.hpp>
#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/iter_output.hpp>
#include <bpflink/link.hpp>
#include <bpflink/map_ref.hpp>

#include <concepts>
#include <utility>

namespace bpflink {

/// A link whose hook is known: an operation that its kind lacks does not compile. Converts to
/// `link` when moved; every operation is described there.
template <class Hook>
class typed_link {
    static_assert(hook_like<Hook>);

public:
    /// The hook.
    using hook_type = Hook;
    /// The type that details() returns: xdp_details for hook::xdp.
    using details_type = typename hook_traits<Hook>::details;

    /// Empty.
    typed_link() noexcept = default;

    /// Takes `untyped` over when it is of this hook. Some hooks share a kind of link, and the
    /// kernel's answer does not tell them apart. They are taken for each other, since they can do
    /// the same.
    /// @errors wrong_kind  another kind; both are named, and `untyped` keeps the link
    /// @cost as link::info: 1 system call, 2 for some kinds
    [[nodiscard]] static result<typed_link> from_link(bpflink::link&& untyped) {
        return detail::check_hook<Hook>(untyped).map(
            [&] { return typed_link{std::move(untyped)}; });
    }

    /// As link::from_fd; `fd` stays the caller's on any failure.
    /// @cost 2 system calls, and those of link::info
    [[nodiscard]] static result<typed_link> from_fd(unique_fd&& fd) {
        auto opened = bpflink::link::from_fd(std::move(fd));
        if (!opened) return tl::unexpected{std::move(opened).error()};
        struct giving_back { // a link that was not taken goes back, by an exception too
            unique_fd& to;
            bpflink::link& from;
            ~giving_back() {
                if (from) to = from.release();
            }
        } const unless_taken{fd, *opened};
        return from_link(*std::move(opened));
    }

    /// As link::duplicate.
    /// @cost 3 system calls, and those of link::info
    [[nodiscard]] static result<typed_link> duplicate(fd_view fd) {
        return bpflink::link::duplicate(fd).and_then(from_link);
    }

    /// As link::from_id.
    /// @cost 1 system call, and those of link::info
    [[nodiscard]] static result<typed_link> from_id(link_id id) {
        return bpflink::link::from_id(id).and_then(from_link);
    }

    /// As link::load_pinned.
    /// @cost 3 system calls, and those of link::info
    [[nodiscard]] static result<typed_link> load_pinned(std::string_view path) {
        return bpflink::link::load_pinned(path).and_then(from_link);
    }
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] static auto load_pinned(P const& path) {
        return load_pinned(detail::text_of(path));
    }

    /// Gives up the compile-time knowledge.
    operator bpflink::link() && noexcept { return std::move(link_); }

    /// Whether it holds a link.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(link_); }
    /// The link's descriptor; borrowed.
    [[nodiscard]] fd_view fd() const& noexcept { return link_.fd(); }
    fd_view fd() const&& = delete; // it would be closed before the view is used
    /// As link::release.
    [[nodiscard]] unique_fd release() noexcept { return link_.release(); }
    /// As link::close.
    result<void> close() { return link_.close(); }

    /// As link::info.
    [[nodiscard]] result<link_info> info() const { return link_.info(); }
    /// As link::state.
    [[nodiscard]] link_state state() const { return link_.state(); }

    /// The fields of this hook's kind.
    /// @errors as link::info
    ///         not_supported  a kind of event that is newer than this library
    ///         wrong_kind     the kernel made a link of another kind of the program, as of one that
    ///                        was loaded for fentry and attached as tp_btf
    /// @cost as link::info
    [[nodiscard]] result<details_type> details() const {
        return link_.info().and_then([](link_info&& all) -> result<details_type> {
            if (auto* const own = std::get_if<details_type>(&all.details)) return std::move(*own);
            return tl::unexpected{detail::without_details(all, hook_traits<Hook>::name)};
        });
    }

    /// As link::update, by a program of a type that the hook takes.
    template <program_for<Hook> P>
        requires(updatable<Hook>)
    [[nodiscard]] result<void> update(P const& prog) {
        return link_.update(prog);
    }
    /// As link::update, while `old` is the program that runs.
    template <program_for<Hook> P>
        requires(updatable<Hook>)
    [[nodiscard]] result<void> update(P const& prog, expected_program old) {
        return link_.update(prog, old);
    }

    /// Swaps the table of a struct_ops link. Does nothing if the link holds this map already: the
    /// kernel, which does not look, would break its own list of tables.
    /// @param map  of the same table; borrowed
    /// @errors invalid_argument  another table's map (EINVAL); one without value
    ///         not_supported     a table that takes no update (EOPNOTSUPP)
    ///         defunct           the link was detached (ENOLINK)
    /// @kernel since 6.4; kernel/bpf/bpf_struct_ops.c, bpf_struct_ops_map_link_update(), and
    ///         net/ipv4/tcp_cong.c, tcp_update_congestion_control()
    /// @cost 3 system calls
    [[nodiscard]] result<void> update(map_ref const& map)
        requires(updatable_by_map<Hook>)
    {
        return link_.update(map);
    }
    /// The same, while `old` is the map whose table is in use: `expecting(map)`.
    /// @errors program_mismatch  it is not
    [[nodiscard]] result<void> update(map_ref const& map, expected_program old)
        requires(updatable_by_map<Hook>)
    {
        return link_.update(map, old);
    }

    /// As link::detach; does not compile if the kernel cannot detach this kind.
    [[nodiscard]] result<void> detach()
        requires(detachable<Hook>)
    {
        return link_.detach();
    }

    /// As link::pin.
    [[nodiscard]] result<void> pin(std::string_view path) { return link_.pin(path); }
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] auto pin(P const& path) {
        return pin(detail::text_of(path));
    }
    /// As link::replace_pin.
    [[nodiscard]] result<void> replace_pin(std::string_view path) {
        return link_.replace_pin(path);
    }
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path P>
    [[nodiscard]] auto replace_pin(P const& path) {
        return replace_pin(detail::text_of(path));
    }
    /// As link::unpin.
    [[nodiscard]] result<void> unpin() { return link_.unpin(); }
    /// As link::is_pinned.
    [[nodiscard]] bool is_pinned() const noexcept { return link_.is_pinned(); }
    /// As link::pinned_path.
    [[nodiscard]] std::optional<std::string_view> pinned_path() const& noexcept {
        return link_.pinned_path();
    }
    std::optional<std::string_view> pinned_path() const&& = delete; // of a text that would be gone

    /// Opens what an iterator link prints: reading it runs the program.
    /// @errors EMFILE, ENOMEM
    /// @kernel since 5.8; kernel/bpf/bpf_iter.c, bpf_iter_new_fd()
    /// @cost 1 system call
    [[nodiscard]] result<iter_output> open() const
        requires(std::same_as<Hook, hook::iter>)
    {
        return iter_output::open(link_.fd());
    }

private:
    friend detail::access;
    explicit typed_link(bpflink::link l) noexcept : link_{std::move(l)} {}

    bpflink::link link_;
};

} // namespace bpflink
