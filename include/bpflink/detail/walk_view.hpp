// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>

#include <range/v3/range_fwd.hpp>

namespace bpflink::detail {

/// What belongs to one walk and not to the view: a copy of the view starts anew.
template <class T>
class not_copied {
public:
    not_copied() = default;
    not_copied(not_copied const&) noexcept {}
    not_copied(not_copied&& other) noexcept { other.value.reset(); }
    not_copied& operator=(not_copied const& other) noexcept {
        if (this != &other) value.reset();
        return *this;
    }
    not_copied& operator=(not_copied&& other) noexcept {
        value.reset();
        other.value.reset();
        return *this;
    }
    ~not_copied() = default;

    std::optional<T> value;
};

/// A lazy input range, and a view both of std and of range-v3, over any source of elements.
///
/// `Source` is copyable; `source.start()` gives a walk, and `walk.next(out)` puts the next element
/// into an empty optional, or leaves it empty at the end. Nothing is asked for before it is looked
/// at, so that take(3) costs three elements. The element lives in the view, and is yielded as an
/// rvalue: name it to look, move it out to keep it.
template <class Source>
class walk_view : public std::ranges::view_interface<walk_view<Source>>, public ranges::view_base {
    using element = typename Source::element;
    using walk = decltype(std::declval<Source&>().start());

    struct progress {
        walk position;
        std::optional<element> current;
        bool pending = true; // `current` is still to be asked for
    };

public:
    class iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using iterator_category = std::input_iterator_tag; // range-v3's to<> wants it
        using value_type = element;
        using difference_type = std::ptrdiff_t;
        using reference = element&&;
        using pointer = void;

        iterator() = default;

        reference operator*() const {
            settle();
            return std::move(*progress_->current);
        }
        iterator& operator++() {
            settle();
            progress_->current.reset(); // a link closes before the next one opens
            progress_->pending = true;
            return *this;
        }
        void operator++(int) { ++*this; }

        // A member: gcc 12 lets no friend of a nested class look into the view.
        [[nodiscard]] bool at_end() const {
            settle();
            return !progress_->current;
        }
        friend bool operator==(iterator const& it, std::default_sentinel_t) { return it.at_end(); }
        friend bool operator==(iterator const&, iterator const&) = default;

    private:
        friend walk_view;
        explicit iterator(progress* p) noexcept : progress_{p} {}

        void settle() const {
            if (std::exchange(progress_->pending, false))
                progress_->position.next(progress_->current);
        }

        progress* progress_ = nullptr;
    };

    walk_view() = default;
    explicit walk_view(Source source) : source_{std::move(source)} {}

    /// Starts the walk anew; iterators of an earlier one are invalid.
    [[nodiscard]] iterator begin() {
        progress_.value.emplace(progress{source_.start(), std::nullopt});
        return iterator{&*progress_.value};
    }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

    [[nodiscard]] Source const& source() const noexcept { return source_; }

private:
    Source source_;
    not_copied<progress> progress_;
};

} // namespace bpflink::detail
