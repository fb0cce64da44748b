// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/look.hpp>

#include <cstddef>
#include <iterator>
#include <new>
#include <optional>
#include <ranges>
#include <utility>

#include <range/v3/range_fwd.hpp>

namespace bpflink::detail {

/// A lazy input range, and a view both of std and of range-v3, over any source of elements.
///
/// `Source` is copyable; `source.start()` gives a walk, and `walk.next(out)` puts the next element
/// into an empty optional, or leaves it empty at the end. Nothing is asked for before it is looked
/// at, so that take(3) costs three elements. The element lives in the view, and is yielded as an
/// rvalue: name it to look, move it out to keep it. Walk and element end with the last iterator, so
/// that a loop left early holds nothing. `walk.give_back(element)`, where there is such a function,
/// gets an element that was asked for and that nobody looked at.
template <class Source>
class walk_view : public std::ranges::view_interface<walk_view<Source>>, public ranges::view_base {
    using element = typename Source::element;
    using walk = decltype(std::declval<Source&>().start());

    struct progress {
        explicit progress(Source& source) : position(source.start()) {}
        progress(progress const&) = delete;
        progress& operator=(progress const&) = delete;
        ~progress() {
            if constexpr (requires { position.give_back(std::move(*current)); })
                if (stage == standing::unseen && current) position.give_back(std::move(*current));
        }

        // Inline: a return behind a system call costs, as in links.cpp.
        [[gnu::always_inline]] void settle() {
            if (stage != standing::pending) return;
            stage = standing::unseen;
            position.next(current);
        }

        walk position;
        std::optional<element> current;
        enum class standing { pending, unseen, seen } stage = standing::pending;
    };

    /// The state of one walk, which is not the view's: a copy of the view starts anew.
    class walking final : public looked_at {
    public:
        walking() noexcept {}
        walking(walking const&) noexcept : walking{} {}
        walking(walking&& other) noexcept : walking{} { other.stop(); }
        walking& operator=(walking const& other) noexcept {
            if (this != &other) stop();
            return *this;
        }
        walking& operator=(walking&& other) noexcept {
            stop();
            other.stop();
            return *this;
        }
        ~walking() override { stop(); }

        void start(Source& source) {
            stop();
            ::new (static_cast<void*>(&now_)) progress(source);
            started_ = true;
        }
        [[nodiscard]] progress& now() noexcept { return now_; }

    private:
        void stop() noexcept {
            if (started_) end();
        }
        // By hand, and a call: gcc 12 warns of an optional's destructor in users' code that what
        // it does not destroy is not initialized.
        [[gnu::noinline]] void end() noexcept {
            started_ = false;
            forget_looks();
            now_.~progress();
        }
        void nobody_looks() noexcept override { end(); }

        bool started_ = false; // and while it is not, nobody looks
        union {
            progress now_;
        };
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
            progress& now = settled();
            now.stage = progress::standing::seen;
            return std::move(*now.current);
        }
        iterator& operator++() {
            progress& now = settled();
            now.current.reset(); // a link closes before the next one opens
            now.stage = progress::standing::pending;
            return *this;
        }
        void operator++(int) { ++*this; }

        // A member: gcc 12 lets no friend of a nested class look into the view.
        [[nodiscard]] bool at_end() const { return !look_.at() || !settled().current; }
        friend bool operator==(iterator const& it, std::default_sentinel_t) { return it.at_end(); }
        friend bool operator==(iterator const&, iterator const&) = default;

    private:
        friend walk_view;
        explicit iterator(walking& at) noexcept : look_{at} {}

        [[nodiscard, gnu::always_inline]] progress& settled() const {
            progress& now = static_cast<walking*>(look_.at())->now();
            now.settle();
            return now;
        }

        look look_;
    };

    walk_view() = default;
    explicit walk_view(Source source) : source_{std::move(source)} {}

    /// Starts the walk anew; iterators of an earlier one are at the end.
    [[nodiscard]] iterator begin() & {
        walking_.start(source_);
        return iterator{walking_};
    }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

    [[nodiscard]] Source const& source() const noexcept { return source_; }

private:
    Source source_;
    walking walking_;
};

} // namespace bpflink::detail
