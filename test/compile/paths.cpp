// SPDX-License-Identifier: Apache-2.0
// A path may be a std::filesystem::path, which the headers do not include.
#include <bpflink/bpflink.hpp>

#ifdef _GLIBCXX_FILESYSTEM
#error "<filesystem> is included"
#endif

#include <concepts>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace bl = bpflink;

namespace {

struct own_program {
    static constexpr bl::program_type type = bl::program_type::xdp;
    [[nodiscard]] bl::fd_view fd() const;
};

template <class L, class Path>
concept takes_path = requires(L& l, Path const& path) {
    { L::load_pinned(path) } -> std::same_as<bl::result<L>>;
    { l.pin(path) } -> std::same_as<bl::result<void>>;
    { l.replace_pin(path) } -> std::same_as<bl::result<void>>;
    L::load_pinned(path) | bl::pin(path) | bl::replace_pin(path);
    { bl::program::load_pinned(path) } -> std::same_as<bl::result<bl::program>>;
    { bl::pins(path) } -> std::same_as<bl::pins_view>;
    { bl::cgroup_id_of(path) } -> std::same_as<bl::result<bl::cgroup_id>>;
    { bl::netns_inode_of(path) } -> std::same_as<bl::result<bl::netns_inode>>;
    { bl::resolve_symbol(path, "main") } -> std::same_as<bl::result<std::uint64_t>>;
    { bl::matching_symbols(path, "*") } -> std::same_as<bl::result<std::vector<std::string>>>;
    { bl::resolve_usdt(path, "p", "n") } -> std::same_as<bl::result<std::vector<bl::usdt_place>>>;
    { bl::matching_usdt(path, "*") } -> std::same_as<bl::result<std::vector<bl::usdt_probe>>>;
    { bl::offset_of_address(path, 0U) } -> std::same_as<bl::result<std::uint64_t>>;
    { bl::symbol_at(path, 0U) } -> std::same_as<bl::result<bl::symbol_at_place>>;
    bl::resolve_symbols(path, std::span<std::string_view const>{});
    { bl::teardown(path) } -> std::same_as<bl::result<bl::teardown_report>>;
    { bl::link_set::open(path) } -> std::same_as<bl::result<bl::link_set>>;
    {
        bl::in_netns(path, [] {})
    } -> std::same_as<bl::result<void>>;
    bl::ensure_attached(own_program{}, bl::hook::xdp{}, path, bl::ensure_options{});
    bl::ensure_attached(std::declval<bl::map_ref>(), bl::hook::struct_ops{}, path);
};
static_assert(takes_path<bl::link, std::filesystem::path>);
static_assert(takes_path<bl::xdp_link, std::filesystem::path>);
static_assert(takes_path<bl::link, std::string>);
static_assert(takes_path<bl::link, std::string_view>);
static_assert(takes_path<bl::link, char const*>);
static_assert(takes_path<bl::link, char[20]>);
static_assert(!takes_path<bl::link, int>);

/// Has a string, and may not be a path at all.
struct named {
    using string_type = std::string;
    [[nodiscard]] std::string const& native() const;
};
static_assert(!takes_path<bl::link, named>);
static_assert(!bl::detail::filesystem_path<std::string>);

} // namespace
