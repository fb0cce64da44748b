// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/config.hpp>
#include <bpflink/error.hpp>

#ifndef BPFLINK_NO_COROUTINES

#include <cassert>
#include <coroutine>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

// clang 15 and 16 convert the return object before the body has run, so that there is no result
// yet: there the feature is absent. Every other compiler tried converts after it (CWG 2563).
#if !defined(__clang__) || (__clang_major__ != 15 && __clang_major__ != 16)

namespace bpflink::detail {

template <class T>
class result_promise;

/// The object that the compiler converts to the function's result<T>. By then the body has ended,
/// or has stopped for good at a failed co_await. Nothing else knows of the frame, so it is
/// destroyed here, and with it the locals, innermost first.
template <class T>
class result_return {
public:
    explicit result_return(std::coroutine_handle<result_promise<T>> frame) noexcept
        : frame_{frame} {}
    // A value that can be made of anything that copies, such as a std::any, cannot be made of this.
    result_return(result_return const&) = delete;
    result_return& operator=(result_return const&) = delete;

    operator tl::expected<T, error>() const {
        struct destroyer {
            std::coroutine_handle<> frame;
            ~destroyer() { frame.destroy(); }
        } const at_exit{frame_};
        return frame_.promise().take();
    }

private:
    std::coroutine_handle<result_promise<T>> frame_;
};

/// Awaits a result that outlives the full expression: yields a reference into it, to const where
/// the result is.
template <class Result>
struct lvalue_awaiter {
    Result& source;

    [[nodiscard]] bool await_ready() const noexcept { return source.has_value(); }
    decltype(auto) await_resume() const noexcept {
        if constexpr (!std::is_void_v<typename Result::value_type>) return *source;
    }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) const {
        frame.promise().fail(source.error());
    }
};

/// Awaits a temporary result: yields the value itself, so that `auto&& x = co_await f()` is safe.
template <class U>
struct rvalue_awaiter {
    tl::expected<U, error>& source;

    [[nodiscard]] bool await_ready() const noexcept { return source.has_value(); }
    U await_resume() const {
        if constexpr (!std::is_void_v<U>) return *std::move(source);
    }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) const {
        frame.promise().fail(std::move(source.error()));
    }
};

/// Awaits a failure: how a coroutine that returns result<void> ends with an error.
struct failure_awaiter {
    error& source;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_resume() const noexcept {}
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) const {
        frame.promise().fail(std::move(source));
    }
};

template <class T>
class result_promise_base {
public:
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
    // Out of the ramp, which then frees the frame. Stored and rethrown by the conversion instead,
    // it is a double free on gcc 12, gcc 13 and clang 22.
    [[noreturn]] void unhandled_exception() const {
#ifdef __cpp_exceptions
        throw;
#else
        std::abort(); // nobody throws
#endif
    }

    template <class E>
    void fail(E&& e) {
        outcome_.emplace(tl::unexpect, std::forward<E>(e));
    }

    [[nodiscard]] tl::expected<T, error> take() {
        assert(outcome_ && "the compiler converted the result before the body ran");
        return *std::move(outcome_);
    }

    // Only these can be awaited: an Asio operation, std::suspend_always or a result with another
    // error type finds no overload.
    template <class U>
    lvalue_awaiter<tl::expected<U, error>>
    await_transform(tl::expected<U, error>& awaited) const noexcept {
        return {awaited};
    }
    template <class U>
    lvalue_awaiter<tl::expected<U, error> const>
    await_transform(tl::expected<U, error> const& awaited) const noexcept {
        return {awaited};
    }
    template <class U>
    void await_transform(tl::expected<U, error> const&& awaited) const = delete; // it would dangle
    template <class U>
    rvalue_awaiter<U> await_transform(tl::expected<U, error>&& awaited) const noexcept {
        return {awaited};
    }
    failure_awaiter await_transform(tl::unexpected<error>&& awaited) const noexcept {
        return {awaited.value()};
    }

protected:
    std::optional<tl::expected<T, error>> outcome_;
};

/// The compiler's conversion has to yield the function's result, and never the value in it.
template <class T>
concept told_from_its_coroutine =
    !std::is_constructible_v<T, result_return<T>> && !std::is_constructible_v<T, result_return<T>&>;

template <class T>
class result_promise : public result_promise_base<T> {
public:
    // A value that takes the coroutine for its own is refused: BPFLINK_TRY works with it.
    result_return<T> get_return_object() noexcept
        requires told_from_its_coroutine<T>
    {
        return result_return<T>{std::coroutine_handle<result_promise>::from_promise(*this)};
    }
    // By value: co_return takes the same expressions as return.
    void return_value(tl::expected<T, error> outcome) {
        this->outcome_.emplace(std::move(outcome));
    }
};

template <class T>
    requires std::is_void_v<T>
class result_promise<T> : public result_promise_base<T> {
public:
    result_return<T> get_return_object() noexcept {
        return result_return<T>{std::coroutine_handle<result_promise>::from_promise(*this)};
    }
    void return_void() { this->outcome_.emplace(); }
};

} // namespace bpflink::detail

/// Makes any function that returns result<T> a coroutine where it says co_await or co_return.
/// In result<void>, end with nothing and fail with `co_await tl::unexpected(e)`: a promise cannot
/// have both kinds of return.
template <class T, class... Args>
struct std::coroutine_traits<tl::expected<T, bpflink::error>, Args...> {
    using promise_type = bpflink::detail::result_promise<T>;
};

#else

namespace bpflink::detail {
template <class T>
inline constexpr bool converted_after_the_body = false;
} // namespace bpflink::detail

template <class T, class... Args>
struct std::coroutine_traits<tl::expected<T, bpflink::error>, Args...> {
    static_assert(bpflink::detail::converted_after_the_body<T>,
                  "clang 15 and 16 want a function's result before it has run: no co_await there");
};

#endif

#endif // BPFLINK_NO_COROUTINES
