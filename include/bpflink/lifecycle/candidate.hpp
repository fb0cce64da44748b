// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/detail/borrows.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/any_hook.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/order.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/hook/uprobe.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/lifecycle/ensure.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/supports.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace bpflink {

namespace detail {

class set_work;

/// Copies of what a hook borrows, each at an address that stays.
class keepsakes {
public:
    keepsakes() noexcept = default;
    keepsakes(keepsakes const&) = delete;
    keepsakes& operator=(keepsakes const&) = delete;
    ~keepsakes();

    template <class T>
    T& keep(T what) {
        all_.push_back({nullptr, [](void* of) { delete static_cast<T*>(of); }});
        auto* const kept = new T(std::move(what));
        all_.back().what = kept;
        return *kept;
    }

    // Each puts a copy in the place of what a field borrows.
    // @errors of duplicating a descriptor

    [[nodiscard]] result<void> own(std::string_view& text);
    [[nodiscard]] result<void> own(fd_view& fd);
    [[nodiscard]] result<void> own(map_ref& map);
    [[nodiscard]] result<void> own(order& place);
    [[nodiscard]] result<void> own(iter_cgroup& start);
    [[nodiscard]] result<void> own(iter_task& of);
    template <class T>
    [[nodiscard]] result<void> own(std::span<T const>& all) {
        auto& copies = keep(std::vector<T>(all.begin(), all.end()));
        all = copies;
        for (auto& each : copies)
            if (auto done = own(each); !done) return done;
        return {};
    }
    template <class T>
    [[nodiscard]] result<void> own(std::optional<T>& perhaps) {
        return perhaps ? own(*perhaps) : result<void>{};
    }
    template <class... T>
    [[nodiscard]] result<void> own(std::variant<T...>& any) {
        return std::visit([&](auto& its) { return own(its); }, any);
    }
    template <class T>
    [[nodiscard]] result<void> own(T& /*value*/) {
        static_assert(!borrows<T>, "a set cannot copy what this field borrows");
        return {};
    }

private:
    struct copy {
        void* what;
        void (*end)(void*);
    };
    std::vector<copy> all_;
};

/// A program and a hook that are kept, and what a set asks of the hook.
struct kept_candidate {
    template <has_place H>
    kept_candidate(borrowed_program const& prog, H const& where)
        : place{door_to<H>, prog, nullptr} {
        if constexpr (requires { hook_traits<H>::row(); })
            is_supported = [] { return cached_support(hook_traits<H>::row()); };
        auto& its = kept.keep(where);
        place.where = &its;
        auto const own = [&](auto& field) {
            if (failed) return;
            if (auto owned = kept.own(field); !owned) failed = std::move(owned).error();
        };
        own(place.what.fd);
        hook_traits<H>::each_field(
            [&](std::string_view, auto member, field_use) { own(its.*member); });
        if constexpr (std::same_as<H, hook::uprobe>) probed = its.binary;
        if constexpr (requires { device = its.ifindex; }) device = its.ifindex;
    }

    /// The error that kept it from being made. It has any hook.
    explicit kept_candidate(error why);

    wanted_link place;
    support (*is_supported)() = nullptr; // null: a hook that the library does not know
    std::string_view probed;             // by a single uprobe: its file
    std::optional<ifindex> device;       // of a hook on an interface
    std::optional<error> failed;
    keepsakes kept;
    unsigned users = 0;
};

[[nodiscard]] kept_candidate* keep(result<borrowed_program> const& prog, any_hook const& where);

/// Makes the public class of it.
struct make_candidate;

} // namespace detail

/// A program at a hook, as one of those that link_set::want_one_of chooses from; made by
/// `candidate`. Copies are the same one.
/// @threads copies are for one thread at a time
class set_candidate {
public:
    /// The same candidate.
    set_candidate(set_candidate const& other) noexcept : its_{other.its_} { ++its_->users; }
    /// The same candidate, in the place of this one.
    set_candidate& operator=(set_candidate const& other) noexcept {
        set_candidate copy{other};
        std::swap(its_, copy.its_);
        return *this;
    }
    ~set_candidate() {
        if (--its_->users == 0) delete its_;
    }

private:
    friend class link_set;
    friend class detail::set_work;
    friend struct detail::make_candidate;
    explicit set_candidate(detail::kept_candidate* its) noexcept : its_{its} { ++its_->users; }

    detail::kept_candidate* its_;
};

struct detail::make_candidate {
    static set_candidate of(kept_candidate* its) noexcept { return set_candidate{its}; }
};

/// A program at a hook, for link_set::want_one_of. It owns all that it was given: a duplicate of
/// the program's descriptor, copies of the hook's texts and arrays, and duplicates of its
/// descriptors. If copying fails, the set tells so in plan and apply.
/// @param prog   borrowed
/// @param where  as for attach; borrowed
/// @cost 1 system call for each descriptor
template <class P, has_place H>
    requires program_for<P, H>
[[nodiscard]] set_candidate candidate(P const& prog, H const& where) {
    return detail::make_candidate::of(new detail::kept_candidate(detail::borrow(prog), where));
}
/// The same for a table of struct_ops.
[[nodiscard]] set_candidate candidate(map_ref const& map, hook::struct_ops const& where);
/// The same for a program of a loaded ::bpf_object, and a hook that is known at run time, as
/// hook_of says. If the hook does not take the program's type, plan and apply fail.
[[nodiscard]] set_candidate candidate(::bpf_program const* prog, any_hook const& where);
/// The same for a program by its descriptor.
template <any_program P, std::same_as<any_hook> H>
[[nodiscard]] set_candidate candidate(P const& prog, H const& where) {
    return detail::make_candidate::of(detail::keep(detail::borrow(prog), where));
}

} // namespace bpflink
