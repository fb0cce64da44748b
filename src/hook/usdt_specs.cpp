// SPDX-License-Identifier: Apache-2.0
#include "hook/usdt_specs.hpp"

#include "border/sys.hpp"
#include "error/fail.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"

#include <bpflink/program_info.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t most_arguments = 12; // BPF_USDT_MAX_ARG_CNT

/// Where the members of a spec are.
struct layout {
    std::size_t argument; // the size of one
    std::size_t base, is_signed, bits_above;
    bool has_index;

    [[nodiscard]] constexpr std::size_t own_cookie() const { return most_arguments * argument; }
    [[nodiscard]] constexpr std::size_t count() const { return own_cookie() + 8; }
    // Padding. libbpf writes zeros there.
    [[nodiscard]] constexpr std::size_t mark() const { return count() + 2; }
    [[nodiscard]] constexpr std::size_t size() const { return count() + 8; }
};
constexpr layout old_layout{
    .argument = 16, .base = 12, .is_signed = 14, .bits_above = 15, .has_index = false};
constexpr layout new_layout{
    .argument = 24, .base = 14, .is_signed = 16, .bits_above = 17, .has_index = true};
constexpr std::size_t kind_at = 8, index_at = 10; // in an argument

template <class Number>
void put(std::span<std::byte> into, std::size_t at, Number number) {
    std::memcpy(into.subspan(at, sizeof number).data(), &number, sizeof number);
}

/// One thread of this process at a time. A child that was forked meanwhile has not inherited that
/// thread: a turn of its parent's is nobody's.
class turn {
public:
    turn() noexcept {
        int const own = sys::process_id();
        for (int attempt = 0;; ++attempt) {
            int found = owner_.load();
            if (found != own && owner_.compare_exchange_strong(found, own)) return;
            sys::back_off(attempt);
        }
    }
    ~turn() { owner_.store(0); }
    turn(turn const&) = delete;
    turn& operator=(turn const&) = delete;

private:
    static constinit std::atomic<int> owner_;
};
constinit std::atomic<int> turn::owner_{0};

/// The map of a program's specs.
class spec_map {
public:
    /// Nothing where the program has no such map.
    static result<std::optional<spec_map>> of(spec_reader reader, std::string const& subject) {
        auto const info = detail::read_program_info(reader.program);
        // The attach says so in its own words.
        if (!info && info.error() == errc::invalid_argument) return std::nullopt;
        if (!info) return tl::unexpected{info.error()};
        if (reader.specs) return lent(reader.specs, *info, subject);
        for (auto const id : info->maps) {
            auto opened = sys::map_get_fd_by_id(id.value());
            if (opened.outcome() == -EPERM) return may_not_look(subject);
            if (!opened) return refuse_id(opened.outcome(), operation::map_get_info, id.value());
            auto const its = facts_of(opened.view());
            if (!its) return tl::unexpected{its.error()};
            if (is_of_specs(*its)) return checked(unique_fd{std::move(opened)}, *its, subject);
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t value_size() const noexcept { return value_size_; }

    /// The key of a spec: one that has it, or the highest one that is free.
    result<std::uint32_t> key_of(bytes const& spec, std::string const& subject) {
        for (std::uint32_t behind = 0; behind != entries_; ++behind) {
            auto const key = entries_ - 1 - behind;
            if (behind == seen_.size()) {
                bytes value(value_size_);
                if (int const outcome = sys::map_look_up(map_.get(), &key, value.data());
                    outcome < 0)
                    return refused(outcome, operation::map_lookup_elem, subject);
                seen_.push_back(std::move(value));
            }
            if (seen_[behind] == spec) return key;
            if (std::ranges::count(seen_[behind], std::byte{0}) !=
                static_cast<std::ptrdiff_t>(value_size_))
                continue;
            if (int const outcome = sys::map_update(map_.get(), &key, spec.data()); outcome < 0)
                return refused(outcome, operation::map_update_elem, subject);
            seen_[behind] = spec;
            return key;
        }
        return fail(-ENOSPC, operation::map_update_elem, errc{}, subject,
                    "the program's map of USDT specs is full, with " + std::to_string(entries_) +
                        ": build it with a larger BPF_USDT_MAX_SPEC_CNT");
    }

private:
    spec_map(unique_fd&& map, std::size_t value_size, std::uint32_t entries) noexcept
        : map_{std::move(map)}, value_size_{value_size}, entries_{entries} {}

    static result<std::optional<spec_map>> lent(fd_view map, program_info const& program,
                                                std::string const& subject) {
        auto const its = facts_of(map);
        if (!its) return tl::unexpected{its.error()};
        if (!is_of_specs(*its) || std::ranges::count(program.maps, map_id{its->id}) == 0)
            return fail(-EINVAL, operation::map_get_info, errc::invalid_argument, subject,
                        "the map that is lent is not the program's __bpf_usdt_specs");
        auto own = sys::duplicate(map.get());
        if (!own) return refused(own.outcome(), operation::duplicate, subject);
        return checked(unique_fd{std::move(own)}, *its, subject);
    }

    static result<uapi::map_info_start> facts_of(fd_view map) {
        uapi::map_info_start its{};
        std::uint32_t size = sizeof its;
        if (int const outcome = sys::obj_get_info(map.get(), &its, size); outcome < 0)
            return refuse_info(outcome, operation::map_get_info, map);
        return its;
    }

    static bool is_of_specs(uapi::map_info_start const& its) {
        // The kernel's names have 15 characters.
        return std::string_view{its.name, ::strnlen(its.name, sizeof its.name)} ==
               "__bpf_usdt_spec";
    }

    static result<std::optional<spec_map>> checked(unique_fd&& map, uapi::map_info_start const& its,
                                                   std::string const& subject) {
        constexpr std::uint32_t array = 2; // BPF_MAP_TYPE_ARRAY
        bool const is_known =
            its.type == array && its.key_size == sizeof(std::uint32_t) &&
            (its.value_size == spec_size || its.value_size == spec_size_with_index);
        if (is_known) return spec_map{std::move(map), its.value_size, its.max_entries};
        return fail(-EOPNOTSUPP, operation::map_get_info, errc::not_supported, subject,
                    "the program's map of USDT specs has a layout that is not known here");
    }

    static tl::unexpected<error> may_not_look(std::string const& subject) {
        return fail(-EPERM, operation::map_get_info, errc::permission_denied, subject,
                    "the program has maps, and to look for one of USDT specs among them needs "
                    "CAP_SYS_ADMIN: lend __bpf_usdt_specs as .specs; or, where the program has "
                    "none, attach hook::uprobe_multi at the places of resolve_usdt()");
    }

    static tl::unexpected<error> refused(int outcome, operation what, std::string const& subject) {
        return refuse(outcome, what, "the program's map of USDT specs, for " + subject, {},
                      {command_causes(), common_causes()});
    }

    unique_fd map_;
    std::size_t value_size_;
    std::uint32_t entries_;
    std::vector<bytes> seen_; // the values, from the highest key on
};

} // namespace

result<bytes> spec_of(std::span<usdt_argument const> arguments, cookie own, std::size_t size,
                      std::string const& subject) {
    static_assert(old_layout.size() == spec_size && new_layout.size() == spec_size_with_index);
    auto const is = size == spec_size ? old_layout : new_layout;
    auto const refused = [&](std::string advice) {
        return fail(-EOPNOTSUPP, operation::resolve_symbol, errc::not_supported, subject,
                    std::move(advice));
    };
    if (std::endian::native != std::endian::little)
        return refused("arguments can be read on x86-64 and arm64");
    if (arguments.size() > most_arguments)
        return refused(std::to_string(arguments.size()) +
                       " arguments are more than the 12 of usdt.bpf.h");
    bytes spec(size);
    for (std::size_t i = 0; i != arguments.size(); ++i) {
        auto const& one = arguments[i];
        bool const is_indexed = one.is == usdt_argument::place::indexed;
        if (is_indexed && !is.has_index)
            return refused("argument " + std::to_string(i + 1) +
                           " is found by an index register: build the program with the usdt.bpf.h "
                           "of libbpf 1.7 or later");
        auto const into = std::span{spec}.subspan(i * is.argument, is.argument);
        put(into, 0, one.number);
        put(into, kind_at, static_cast<std::uint8_t>(one.is));
        if (is_indexed)
            put(into, index_at, static_cast<std::uint16_t>(one.index | one.shift << 12U));
        put(into, is.base, one.base);
        put(into, is.is_signed, std::uint8_t{one.is_signed});
        put(into, is.bits_above, static_cast<std::uint8_t>(64 - 8 * one.size));
    }
    put(spec, is.own_cookie(), own.value());
    put(spec, is.count(), static_cast<std::uint16_t>(arguments.size()));
    put(spec, is.mark(), std::uint16_t{1}); // it is taken, even where all else is 0
    return spec;
}

result<std::vector<cookie>> cookies_of(spec_reader reader, std::span<usdt_place const> places,
                                       std::uint16_t machine, cookie own,
                                       std::string const& subject) {
    auto map = spec_map::of(reader, subject);
    if (!map) return tl::unexpected{std::move(map).error()};
    if (!*map) return std::vector<cookie>(places.size(), own);
    std::map<std::string_view, bytes> specs; // by the arguments: many places have the same
    for (auto const& each : places) {
        if (specs.contains(each.arguments)) continue;
        auto spec = read_arguments(each.arguments, machine, subject)
                        .and_then([&](std::vector<usdt_argument> const& arguments) {
                            return spec_of(arguments, own, (*map)->value_size(), subject);
                        });
        if (!spec) return tl::unexpected{std::move(spec).error()};
        specs.emplace(each.arguments, *std::move(spec));
    }
    turn const mine;
    std::vector<cookie> keys;
    keys.reserve(places.size());
    for (auto const& each : places) {
        auto const key = (*map)->key_of(specs.find(each.arguments)->second, subject);
        if (!key) return tl::unexpected{key.error()};
        keys.emplace_back(*key);
    }
    return keys;
}

} // namespace bpflink
