// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/operation.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <tl/expected.hpp>

namespace bpflink {

/// The conditions that a caller can act on. An `error` meets at most one of them, chosen where it
/// happened. Errno alone cannot tell: EPERM is a lack of privilege, a failed compare-and-swap, or a
/// pin's bad name.
enum class errc {
    not_supported = 1, ///< this kernel, or this kind of link, cannot do it
    not_found,         ///< no such id, path, interface or symbol
    already_exists,    ///< the path is taken, or the program is on the hook already
    permission_denied, ///< a capability or a security module's consent is missing
    not_a_link,        ///< the descriptor or pin is another kind of object
    defunct,           ///< the hook's device, cgroup or namespace is gone (ENOLINK)
    program_mismatch,  ///< the link does not run the program that was expected
    stale_revision,    ///< the hook changed since its revision was read (ESTALE)
    hook_busy,         ///< somebody else occupies the hook (EBUSY)
    invalid_argument,  ///< the request can never work: wrong type, name, place or flags
    wrong_kind,        ///< a link, but of another hook
    still_held,        ///< somebody holds the link still, so that its program stays on the hook
    read_only,         ///< the bpffs is mounted so (EROFS)
    timed_out,         ///< it did not happen within the limit (ETIMEDOUT)
};

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(errc condition);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, errc condition);

/// `errc` as a std::error_condition, so that `code == errc::not_found` works.
[[nodiscard]] std::error_condition make_error_condition(errc condition) noexcept;

/// A failure: the whole errno, the operation, the condition, and the subject.
class error {
public:
    /// @param number    errno, positive
    /// @param where     the operation that failed
    /// @param subject   the thing it was about ("link 42", "/sys/fs/bpf/x"); copied
    /// The condition is the usual one for `number`; see `usual_condition`.
    error(int number, operation where, std::string subject = {});

    /// The same with the condition known where it happened, and advice for the reader.
    error(int number, operation where, errc condition, std::string subject = {},
          std::string advice = {});

    /// errno in a category that keeps the condition: equal to std::errc by number, to `errc` by
    /// condition.
    [[nodiscard]] std::error_code code() const noexcept;
    /// The one condition that it meets, for a switch; empty where none fits (E2BIG, EMFILE, ...),
    /// or where its possible causes have different ones.
    [[nodiscard]] std::optional<errc> condition() const noexcept {
        return condition_ == errc{} ? std::nullopt : std::optional{condition_};
    }
    /// The operation that failed.
    [[nodiscard]] operation where() const noexcept { return where_; }
    /// The thing it was about; valid while the error lives.
    [[nodiscard]] std::string_view subject() const& noexcept { return subject_; }
    std::string_view subject() const&& = delete; // the text would be gone

    /// One line without a full stop: operation, subject, reason, and the remedy if it is known.
    /// Bytes that are not printable UTF-8 are escaped, as \\n or \\x1b. In the subject a backslash
    /// is escaped too, so that its bytes can be told.
    [[nodiscard]] std::string message() const;

    /// Adds to the advice, as when undoing after this error failed too.
    void add_advice(std::string_view more);

    /// Whether it is of this condition.
    friend bool operator==(error const& e, errc condition) noexcept {
        return e.condition_ == condition;
    }
    /// Whether errno, operation, condition, subject and advice are the same.
    friend bool operator==(error const& a, error const& b) noexcept;
    /// Prints message().
    friend std::ostream& operator<<(std::ostream& out, error const& e) { return print(out, e); }

private:
    static std::ostream& print(std::ostream& out, error const& e);

    int number_;
    operation where_;
    errc condition_; // 0 where none fits
    std::string subject_;
    std::string advice_;
};

/// The condition that `number` stands for when nothing more is known; 0 when there is none.
[[nodiscard]] errc usual_condition(int number) noexcept;

/// A value or an error: the return type of every function that can fail.
template <class T>
using result = tl::expected<T, error>;

} // namespace bpflink

template <>
struct std::is_error_condition_enum<bpflink::errc> : std::true_type {};

// co_await on result<T> comes with the error type, always (or never: see config.hpp): opt-in, two
// translation units could disagree on what a coroutine is.
#include <bpflink/coro/await.hpp>
