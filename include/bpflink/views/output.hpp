// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/walk_view.hpp>
#include <bpflink/error.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

// What a BPF iterator writes, as ranges: see the members of iter_output.

namespace bpflink {

class iter_output;

namespace detail {

/// What was read and not used yet, in one buffer that grows only for a line longer than itself.
class output_buffer {
public:
    explicit output_buffer(iter_output& from) noexcept : from_{&from} {}

    [[nodiscard]] std::span<std::byte const> unused() const noexcept;
    void use(std::size_t count) noexcept { begin_ += count; }

    /// Reads more: how much, 0 at the end.
    [[nodiscard]] result<std::size_t> fill();

private:
    iter_output* from_;
    std::string bytes_; // compiled in every program anyway, where a vector of bytes is not
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Steps from element to element; an error is the last.
class output_walk {
public:
    explicit output_walk(iter_output& from) noexcept : buffer_{from} {}

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

private:
    [[nodiscard]] result<std::size_t> fill();
    [[nodiscard]] result<bool> next_record(std::span<std::byte> into);

    output_buffer buffer_;
    std::size_t given_ = 0; // of what is unused, to the caller: until the next step
    bool ended_ = false;
};

template <class Element>
struct output_source {
    using element = result<Element>;
    iter_output* from = nullptr;
    [[nodiscard]] output_walk start() const noexcept { return output_walk{*from}; }
};

} // namespace detail

/// What can be copied out of an iterator's bytes.
template <class T>
concept output_record =
    std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
    !std::is_pointer_v<T> && !std::is_same_v<T, std::string_view> &&
    !std::is_same_v<T, std::span<std::byte const>>; // addresses mean nothing here

/// What iter_output::lines() returns: an input range of result<std::string_view>.
using lines_view = detail::walk_view<detail::output_source<std::string_view>>;
/// What iter_output::bytes() returns: an input range of spans, each in a result.
using bytes_view = detail::walk_view<detail::output_source<std::span<std::byte const>>>;
/// What iter_output::records() returns: an input range of result<T>.
template <output_record T>
using records_view = detail::walk_view<detail::output_source<T>>;

} // namespace bpflink
