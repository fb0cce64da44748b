// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/borrows.hpp>
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

// The output of a BPF iterator, as ranges: see the members of iter_output.

namespace bpflink {

namespace detail {

struct output_state;

/// A share in a run of an iterator: in its descriptor, and in what was read and not looked at yet.
/// An output and its ranges each have one, so that a range outlives the output it came from.
class output_share {
public:
    output_share() noexcept = default;
    explicit output_share(unique_fd fd);
    output_share(output_share const& other) noexcept;
    output_share(output_share&& other) noexcept : state_{std::exchange(other.state_, nullptr)} {}
    output_share& operator=(output_share other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~output_share();

    /// The run's descriptor; none if the share is empty.
    [[nodiscard]] fd_view fd() const noexcept;

    /// Returns the bytes that were not looked at yet, then those that can be read; 0 at the end.
    [[nodiscard]] result<std::size_t> read(std::span<std::byte> into) const;

private:
    friend class output_walk;
    output_state* state_ = nullptr;
};

/// Steps from element to element; an error is the last.
class output_walk {
public:
    explicit output_walk(output_share from);

    void next(std::optional<result<std::string_view>>& line);
    /// Whether the next line takes no read.
    [[nodiscard]] bool has_line() const noexcept;
    void next(std::optional<result<std::span<std::byte const>>>& chunk);
    template <class T>
    void next(std::optional<result<T>>& record) {
        auto& element = record.emplace(T{});
        auto const got = next_record(std::as_writable_bytes(std::span{&*element, 1}));
        if (!got)
            record.emplace(tl::unexpect, got.error());
        else if (!*got)
            record.reset();
    }

    /// The next reader gets it.
    template <class T>
    void give_back(result<T>&& unseen) noexcept {
        give_back(unseen ? nullptr : &unseen.error());
    }

private:
    [[nodiscard]] result<std::size_t> fill();
    [[nodiscard]] result<bool> next_record(std::span<std::byte> into);
    void give_back(error* unseen) noexcept;

    output_share from_;
    bool ended_ = false;
};

template <class Element>
struct output_source {
    using element = result<Element>;
    output_share from;
    [[nodiscard]] output_walk start() const { return output_walk{from}; }
};

} // namespace detail

/// A type that can be copied out of an iterator's bytes. It refers to nothing else, since addresses
/// mean nothing here.
template <class T>
concept output_record =
    std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> && !detail::borrows<T>;

/// The input range of result<std::string_view> that iter_output::lines() returns.
using lines_view = detail::walk_view<detail::output_source<std::string_view>>;
/// The input range of spans, each in a result, that iter_output::bytes() returns.
using bytes_view = detail::walk_view<detail::output_source<std::span<std::byte const>>>;
/// The input range of result<T> that iter_output::records() returns.
template <output_record T>
using records_view = detail::walk_view<detail::output_source<T>>;

} // namespace bpflink
