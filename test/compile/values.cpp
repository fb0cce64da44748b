// SPDX-License-Identifier: Apache-2.0
// Ids, errors and enumerations: values that mix with nothing.
#include <bpflink/bpflink.hpp>

#include <concepts>
#include <functional>
#include <ostream>
#include <system_error>
#include <type_traits>

namespace bl = bpflink;

namespace {

template <class Id, class Rep>
concept strong =
    std::regular<Id> && std::totally_ordered<Id> && std::is_trivially_copyable_v<Id> &&
    sizeof(Id) == sizeof(Rep) && std::same_as<decltype(std::declval<Id>().value()), Rep> &&
    std::constructible_from<Id, Rep> && std::constructible_from<Rep, Id> &&
    !std::convertible_to<Rep, Id> && !std::convertible_to<Id, Rep> &&
    !std::constructible_from<Id, bool> && !std::constructible_from<bool, Id> &&
    !std::constructible_from<Id, double> && requires(std::ostream& out, Id id) {
        out << id;
        { std::hash<Id>{}(id) } -> std::same_as<std::size_t>;
    };

static_assert(strong<bl::link_id, std::uint32_t>);
static_assert(strong<bl::program_id, std::uint32_t>);
static_assert(strong<bl::map_id, std::uint32_t>);
static_assert(strong<bl::btf_id, std::uint32_t>);
static_assert(strong<bl::ifindex, std::uint32_t>);
static_assert(strong<bl::cookie, std::uint64_t>);
static_assert(strong<bl::revision, std::uint64_t>);

template <class A, class B>
concept separate = !std::constructible_from<A, B> && !std::constructible_from<B, A> &&
                   !std::equality_comparable_with<A, B>;
static_assert(separate<bl::link_id, bl::program_id>);
static_assert(separate<bl::link_id, bl::map_id>);
static_assert(separate<bl::program_id, bl::btf_id>);
static_assert(separate<bl::ifindex, bl::link_id>);
static_assert(separate<bl::cookie, bl::revision>);

static_assert(!std::constructible_from<bl::link_id, std::uint64_t>, "would cut bits");
static_assert(!std::constructible_from<bl::ifindex, long>);
static_assert(std::constructible_from<bl::cookie, std::uint64_t>);
static_assert(bl::link_id{} == bl::link_id{0U} && bl::link_id{1} < bl::link_id{2});
static_assert(static_cast<int>(bl::ifindex{7}) == 7);

// errc compares with an error, with its code, and converts to no number.
template <class T>
concept compares_with_errc = requires(T const& t) {
    { t == bl::errc::not_found } -> std::same_as<bool>;
    { bl::errc::not_found != t } -> std::same_as<bool>;
};
static_assert(compares_with_errc<bl::error>);
static_assert(compares_with_errc<std::error_code>);
static_assert(std::is_error_condition_enum_v<bl::errc>);
static_assert(!std::is_error_code_enum_v<bl::errc>);
static_assert(!std::convertible_to<bl::errc, int>);
static_assert(std::equality_comparable<bl::error> && std::copyable<bl::error>);
static_assert(std::is_nothrow_move_constructible_v<bl::error>);
static_assert(!std::convertible_to<int, bl::error>);
static_assert(std::same_as<bl::result<int>, tl::expected<int, bl::error>>);

template <class E>
concept kernel_enum = std::is_enum_v<E> && std::same_as<std::underlying_type_t<E>, unsigned> &&
                      !std::convertible_to<E, unsigned> && requires(std::ostream& out, E e) {
                          { to_string(e) } -> std::same_as<std::string>;
                          out << e;
                      };
static_assert(kernel_enum<bl::link_type>);
static_assert(kernel_enum<bl::program_type>);
static_assert(kernel_enum<bl::attach_type>);

static_assert(bl::header_version >= bl::version_number{0, 1, 0});

} // namespace
