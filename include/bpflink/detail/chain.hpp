// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/access.hpp>
#include <bpflink/typed_link.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bpflink::detail {

template <class L>
concept handle = std::same_as<L, link> || is_typed_link<L>;

template <class R>
inline constexpr bool is_link_result = false;
template <handle L>
inline constexpr bool is_link_result<result<L>> = true;

/// Undoes what the handle did to its pin, closes it, and reports why.
[[nodiscard]] error abandon(link owned, error why);

/// The same by an exception: the reason that keeps the pin from going back is lost with it.
void abandon(link owned) noexcept;

/// Abandons a handle when a step ends by an exception.
template <handle L>
class unless_thrown {
public:
    explicit unless_thrown(L& owned) noexcept : owned_{&owned} {}
    ~unless_thrown() {
        if (owned_) abandon(std::move(*owned_));
    }
    unless_thrown(unless_thrown const&) = delete;
    unless_thrown& operator=(unless_thrown const&) = delete;

    void ended() noexcept { owned_ = nullptr; }

private:
    L* owned_;
};

template <class First, class Second>
class sequence;

/// Composition: of a result with a step, and of two steps before any link exists.
struct composable {
    template <class R, std::derived_from<composable> Step>
        requires is_link_result<R> && std::invocable<Step const&, typename R::value_type>
    [[nodiscard]] friend auto operator|(R&& before, Step const& next) {
        return std::forward<R>(before).and_then(next);
    }

    template <std::derived_from<composable> First, std::derived_from<composable> Second>
    [[nodiscard]] friend auto operator|(First first, Second second) {
        return sequence<First, Second>{std::move(first), std::move(second)};
    }
};

/// Two steps as one.
template <class First, class Second>
class sequence : public composable {
public:
    sequence(First first, Second second) : first_{std::move(first)}, second_{std::move(second)} {}

    template <handle L>
        requires std::invocable<First const&, L> && std::invocable<Second const&, L>
    [[nodiscard]] auto operator()(L owned) const {
        return std::invoke(first_, std::move(owned)).and_then(second_);
    }

private:
    First first_;
    Second second_;
};

/// A step that hands the link on: `action` is called with the handle and returns result<void>.
template <class Action>
class step : public composable {
public:
    explicit step(Action action) : action_{std::move(action)} {}

    template <handle L>
        requires std::invocable<Action const&, L&>
    [[nodiscard]] result<L> operator()(L owned) const {
        unless_thrown guard{owned};
        auto done = std::invoke(action_, owned);
        guard.ended();
        if (!done) return tl::unexpected{abandon(std::move(owned), std::move(done).error())};
        return owned;
    }

private:
    Action action_;
};

template <class Sink>
concept descriptor_sink =
    std::same_as<std::remove_cvref_t<Sink>, unique_fd> || std::invocable<Sink&, unique_fd> ||
    requires(Sink& sink, unique_fd fd) { sink.push_back(std::move(fd)); };

/// The step that ends a chain.
template <descriptor_sink Sink>
class last_step : public composable {
public:
    explicit last_step(Sink&& sink) : sink_{std::forward<Sink>(sink)} {}

    template <handle L>
    [[nodiscard]] result<void> operator()(L owned) const {
        link kept{std::move(owned)};
        unless_thrown undoing{kept};
        // The sink may throw with the descriptor in its hands: a duplicate undoes the pin then.
        auto spare = access::spare(kept);
        undoing.ended();
        if (!spare) return tl::unexpected{abandon(std::move(kept), std::move(spare).error())};
        unless_thrown guard{*spare};
        if constexpr (std::same_as<std::remove_cvref_t<Sink>, unique_fd>)
            sink_ = kept.release();
        else if constexpr (std::invocable<Sink const&, unique_fd>)
            std::invoke(sink_, kept.release());
        else
            sink_.push_back(kept.release());
        guard.ended();
        return {};
    }

private:
    Sink sink_;
};

/// A step's copy of a path. Making it never throws, as the steps before it may have pinned by then,
/// which is undone by what runs: want of memory shows then.
class path_argument {
public:
    explicit path_argument(std::string_view path) noexcept;
    path_argument(path_argument const& other) noexcept;
    path_argument(path_argument&&) noexcept = default;
    path_argument& operator=(path_argument const&) = delete;
    path_argument& operator=(path_argument&&) = delete;
    ~path_argument() = default;

    /// Throws std::bad_alloc where there was no memory for the copy.
    [[nodiscard]] std::string_view get() const;

private:
    std::string path_;
    bool is_copied_;
};

template <class P>
concept updates_links = any_program<P> || std::same_as<P, map_ref>;

/// The program that an update step will use: its own, where it was given a temporary one.
template <class P>
class program_argument {
public:
    explicit program_argument(P&& prog) : program_{std::move(prog)} {}
    [[nodiscard]] P const& program() const noexcept { return program_; }

private:
    P program_;
};

/// A named one is borrowed: the descriptor, with its type where that is known.
template <class P>
class program_argument<P&> {
public:
    explicit program_argument(P const& prog) noexcept : fd_{prog.fd()} {}
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }
    [[nodiscard]] program_argument const& program() const noexcept { return *this; }

private:
    fd_view fd_;
};

/// A map, of which the reference is copied.
template <std::same_as<map_ref> P>
class program_argument<P&> {
public:
    explicit program_argument(P const& map) noexcept : map_{map} {}
    [[nodiscard]] P const& program() const noexcept { return map_; }

private:
    P map_;
};

template <bpf_program P>
class program_argument<P&> {
public:
    static constexpr program_type type = P::type;
    explicit program_argument(P const& prog) noexcept : fd_{prog.fd()} {}
    [[nodiscard]] fd_view fd() const noexcept { return fd_; }
    [[nodiscard]] program_argument const& program() const noexcept { return *this; }

private:
    fd_view fd_;
};

} // namespace bpflink::detail
