// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace bpflink {

namespace detail {

/// A thread's stay in another network namespace: the destructor goes back.
class netns_stay {
public:
    [[nodiscard]] static result<netns_stay>
    begin(std::variant<std::string_view, fd_view> const& where);

    netns_stay(netns_stay&& other) noexcept = default; // `back_` is moved, so one goes back
    netns_stay& operator=(netns_stay&&) = delete;
    ~netns_stay();

private:
    explicit netns_stay(unique_fd back) noexcept : back_{std::move(back)} {}
    unique_fd back_; // the namespace before
};

template <class T>
inline constexpr bool wraps_result = false;
template <class T>
inline constexpr bool wraps_result<result<T>> = true;

} // namespace detail

/// Calls `f` with this thread in another network namespace, and comes back in any case: an
/// exception that `f` throws passes afterwards. Where it cannot come back (`f` gave up
/// CAP_SYS_ADMIN), it writes a line to stderr and calls std::abort. Anything else would go on in
/// the wrong namespace.
///
/// Other threads stay where they are, and so do descriptors: a link that `f` attaches, or a socket,
/// is of that namespace for good.
/// @param where  "/run/netns/NAME" or "/proc/PID/ns/net", or a descriptor of one; borrowed
/// @param f      called once, without arguments; not one that suspends (a coroutine)
/// @return the value that `f` returns, as a result; a result stays as it is
/// @errors not_found          nothing is at the path; /proc is not mounted
///         invalid_argument   it is not a network namespace, or not open
///         permission_denied  CAP_SYS_ADMIN is missing, here or in the user namespace that owns it
///         not_supported      a filter of system calls refuses setns(2)
///         EMFILE, ENOMEM     no descriptor or memory is left
/// @kernel since 3.0; kernel/nsproxy.c, setns(); net/core/net_namespace.c, netns_install(); read at
///         v6.12
/// @cost 4 system calls, and 6 more by a path
template <std::invocable F>
[[nodiscard]] auto in_netns(std::variant<std::string_view, fd_view> where, F&& f) {
    using returned = std::remove_cvref_t<std::invoke_result_t<F>>;
    using answer = std::conditional_t<detail::wraps_result<returned>, std::type_identity<returned>,
                                      std::type_identity<result<returned>>>::type;
    auto const stay = detail::netns_stay::begin(where);
    if (!stay) return answer{tl::unexpected{stay.error()}};
    if constexpr (std::is_void_v<returned>) {
        std::invoke(std::forward<F>(f));
        return answer{};
    } else {
        return answer{std::invoke(std::forward<F>(f))};
    }
}
/// The same with a std::filesystem::path.
template <detail::filesystem_path P, std::invocable F>
[[nodiscard]] auto in_netns(P const& where, F&& f) {
    return in_netns(detail::text_of(where), std::forward<F>(f));
}

} // namespace bpflink
