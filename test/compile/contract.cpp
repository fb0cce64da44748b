// SPDX-License-Identifier: Apache-2.0
// Every public name as its readers write it, in few lines each: programs that no one here sees are
// compiled against them. Never run.
#include <bpflink/bpflink.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <ranges>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>

namespace bl = bpflink;
using namespace std::chrono_literals;
using bl::program_type;

namespace {

template <program_type T>
using ref = bl::program_ref<T>;
template <class A, class B>
concept same = std::same_as<A, B>;

// Vocabulary.
static_assert(same<bl::result<int>, tl::expected<int, bl::error>>);
static_assert(same<bl::link_target, bl::place>);
static_assert(
    same<bl::place,
         std::variant<std::monostate, bl::ifindex, bl::cgroup_id, bl::netns_inode, bl::map_id>>);
static_assert(same<bl::xdp_link, bl::typed_link<bl::hook::xdp>>);

// A switch over all of them, so that the compiler says when one is missing.
std::string advice(bl::error const& e) {
    if (e == bl::errc::not_found || e.code() == bl::errc::not_found) return "gone";
    if (e.code() == std::errc::no_such_file_or_directory) return "gone";
    if (auto const condition = e.condition()) switch (*condition) {
        case bl::errc::not_supported:
        case bl::errc::not_found:
        case bl::errc::already_exists:
        case bl::errc::permission_denied:
        case bl::errc::not_a_link:
        case bl::errc::defunct:
        case bl::errc::program_mismatch:
        case bl::errc::stale_revision:
        case bl::errc::hook_busy:
        case bl::errc::invalid_argument:
        case bl::errc::wrong_kind:
        case bl::errc::still_held:
        case bl::errc::read_only:
        case bl::errc::timed_out: return to_string(*condition);
        }
    switch (e.where()) {
    case bl::operation::link_create:
    case bl::operation::link_update:
    case bl::operation::link_detach:
    case bl::operation::link_get_fd_by_id:
    case bl::operation::link_get_next_id:
    case bl::operation::link_get_info:
    case bl::operation::obj_pin:
    case bl::operation::obj_get:
    case bl::operation::iter_create: return to_string(e.where());
    default: return e.message();
    }
}
static_assert(
    same<decltype(std::declval<bl::error const&>().condition()), std::optional<bl::errc>>);
static_assert(same<decltype(std::declval<bl::error const&>().code()), std::error_code>);
static_assert(same<decltype(std::declval<bl::error const&>().message()), std::string>);
static_assert(static_cast<int>(bl::errc::wrong_kind) >
                  static_cast<int>(bl::errc::invalid_argument) &&
              static_cast<int>(bl::errc::timed_out) > static_cast<int>(bl::errc::read_only));

void values() {
    std::unordered_set<bl::link_id> const seen{bl::link_id{1}, bl::link_id{2U}};
    std::map<bl::program_id, bl::map_id> const ordered{{bl::program_id{1}, bl::map_id{2}}};
    constexpr bl::ifindex lo{1};
    static_assert(lo.value() == 1 && static_cast<unsigned>(lo) == 1U);
    std::cout << lo << bl::cookie{7} << bl::revision{1} << bl::btf_id{3} << bl::cgroup_id{1}
              << bl::netns_inode{4} << bl::link_type::xdp << bl::program_type::kprobe
              << bl::attach_type::tcx_ingress << bl::errc::defunct << bl::operation::obj_pin
              << to_string(bl::link_type::xdp) << seen.size() << ordered.size();
    static_assert(static_cast<unsigned>(static_cast<bl::link_type>(4711)) == 4711);

    bl::unique_fd owned{-1};
    bl::fd_view const borrowed = owned;
    bl::unique_fd const other{owned.release()};
    std::cout << borrowed.get() << other.get() << static_cast<bool>(owned);
}

// The handle.
template <class L, class P>
concept handle = requires(L& l, L const& c, P const& prog, std::string_view path, bl::unique_fd fd,
                          bl::fd_view view, bl::link_id id) {
    { L::from_fd(std::move(fd)) } -> same<bl::result<L>>;
    { L::duplicate(view) } -> same<bl::result<L>>;
    { L::from_id(id) } -> same<bl::result<L>>;
    { L::load_pinned(path) } -> same<bl::result<L>>;
    { l.update(prog) } -> same<bl::result<void>>;
    { l.update(prog, bl::expecting(prog)) } -> same<bl::result<void>>;
    { l.pin(path) } -> same<bl::result<void>>;
    { l.unpin() } -> same<bl::result<void>>;
    { l.replace_pin(path) } -> same<bl::result<void>>;
    { c.is_pinned() } -> same<bool>;
    { c.pinned_path() } -> same<std::optional<std::string_view>>;
    { l.detach() } -> same<bl::result<void>>;
    { l.close() } -> same<bl::result<void>>;
    { l.release() } -> same<bl::unique_fd>;
    { c.fd() } -> same<bl::fd_view>;
    { c.info() } -> same<bl::result<bl::link_info>>;
    { c.state() } -> same<bl::link_state>;
    static_cast<bool>(c);
};
static_assert(handle<bl::link, bl::program> && handle<bl::link, ref<program_type::kprobe>>);
static_assert(handle<bl::xdp_link, ref<program_type::xdp>>);
static_assert(handle<bl::tcx_link, ref<program_type::sched_cls>>);
static_assert(handle<bl::netkit_link, ref<program_type::sched_cls>>);
static_assert(handle<bl::cgroup_link, ref<program_type::sock_ops>>);
static_assert(handle<bl::netns_link, ref<program_type::sk_lookup>>);
static_assert(handle<bl::sockmap_link, ref<program_type::sk_msg>>);
static_assert(handle<bl::struct_ops_link, bl::map_ref>);

bl::result<bl::xdp_link> back_and_forth(bl::xdp_link typed) {
    bl::link untyped = std::move(typed);
    return std::move(untyped).as<bl::xdp_link>();
}

// Programs.
bl::result<bl::program_info> programs(::bpf_program const* loaded, ::bpf_map const* map) {
    ref<program_type::xdp> const prog = co_await ref<program_type::xdp>::from(loaded);
    ref<program_type::xdp> const again = co_await ref<program_type::xdp>::from_fd(prog.fd());
    bl::program const owned = co_await bl::program::from_id(bl::program_id{1});
    bl::program const pinned = co_await bl::program::load_pinned("/sys/fs/bpf/prog");
    ref<program_type::xdp> const typed = co_await owned.as<program_type::xdp>();
    bl::map_ref const table = co_await bl::map_ref::from(map);
    bl::map_ref const same_table = co_await bl::map_ref::from_fd(table.fd());
    static_cast<void>(same_table.fd());
    static_assert(ref<program_type::xdp>::type == program_type::xdp);
    for (bl::result<bl::program_info> const& info :
         {owned.info(), typed.info(), again.info(), bl::program_info_of(bl::program_id{1})})
        if (info) std::cout << info->name;
    co_return co_await pinned.info();
}
bl::program_info filled() {
    return {.id = bl::program_id{1},
            .type = program_type::xdp,
            .name = "n",
            .tag = std::array<std::byte, 8>{},
            .loaded = std::chrono::nanoseconds{1},
            .uid = 0U,
            .run_count = std::optional<std::uint64_t>{},
            .run_time = std::optional<std::chrono::nanoseconds>{},
            .recursion_misses = std::optional<std::uint64_t>{},
            .maps = std::vector<bl::map_id>{}};
}

struct own_program { // a service's
    static constexpr bl::program_type type = bl::program_type::xdp;
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{3}; }
};
static_assert(bl::any_program<own_program> && bl::bpf_program<own_program> &&
              bl::program_for<own_program, bl::hook::xdp>);

// Hooks: each attaches to a link of its own kind, by a program of each type that it takes.
template <class Hook, class Program>
concept attaches_one =
    bl::program_for<Program, Hook> && requires(Program const& prog, Hook const& where) {
        { bl::attach(prog, where) } -> same<bl::result<bl::typed_link<Hook>>>;
        { attach(prog, where) } -> same<bl::result<bl::typed_link<Hook>>>;
    };
template <class Hook, program_type... Types>
concept attaches = bl::hook_like<Hook> && (attaches_one<Hook, ref<Types>> && ...);
static_assert(attaches<bl::hook::xdp, program_type::xdp>);
static_assert(attaches<bl::hook::tcx, program_type::sched_cls>);
static_assert(attaches<bl::hook::netkit, program_type::sched_cls>);
static_assert(attaches<bl::hook::cgroup, program_type::cgroup_skb, program_type::cgroup_sockopt>);
static_assert(attaches<bl::hook::netns, program_type::sk_lookup, program_type::flow_dissector>);
static_assert(attaches<bl::hook::netfilter, program_type::netfilter>);
static_assert(attaches<bl::hook::sockmap, program_type::sk_msg, program_type::sk_skb>);
static_assert(attaches<bl::hook::iter, program_type::tracing>);
static_assert(attaches<bl::hook::tracing, program_type::tracing>);
static_assert(attaches<bl::hook::tp_btf, program_type::tracing>);
static_assert(attaches<bl::hook::tracing_multi, program_type::tracing>);
static_assert(attaches<bl::hook::freplace, program_type::ext>);
static_assert(attaches<bl::hook::lsm, program_type::lsm>);
static_assert(attaches<bl::hook::raw_tracepoint, program_type::raw_tracepoint>);
static_assert(attaches<bl::hook::tracepoint, program_type::tracepoint>);
static_assert(attaches<bl::hook::perf_event, program_type::perf_event>);
static_assert(attaches<bl::hook::kprobe, program_type::kprobe>);
static_assert(attaches<bl::hook::kprobe_multi, program_type::kprobe>);
static_assert(attaches<bl::hook::uprobe, program_type::kprobe>);
static_assert(attaches<bl::hook::uprobe_multi, program_type::kprobe>);
static_assert(attaches<bl::hook::usdt, program_type::kprobe>);

bl::result<void> hooks(ref<program_type::xdp> xdp, ref<program_type::sched_cls> tc,
                       ref<program_type::cgroup_skb> egress, ref<program_type::kprobe> probe,
                       ref<program_type::tracing> tracing, ref<program_type::sk_msg> message,
                       bl::map_ref map, bl::fd_view fd, bl::program const& untyped) {
    std::array<std::string_view, 2> const names{"a", "b"};
    std::array<std::uint64_t, 2> const places{1, 2};
    std::array<bl::cookie, 2> const cookies{bl::cookie{1}, bl::cookie{2}};
    std::array<bl::btf_id, 2> const ids{bl::btf_id{1}, bl::btf_id{2}};
    std::string const directory = "/sys/fs/cgroup/a";

    bl::xdp_link first = co_await bl::attach(
        xdp, bl::hook::xdp{.ifindex = bl::ifindex{2}, .mode = bl::xdp_mode::generic});
    co_await bl::attach(own_program{}, bl::hook::xdp{.ifindex = bl::ifindex{2}});
    bl::tcx_link mine = co_await bl::attach(
        tc, bl::hook::tcx{.ifindex = bl::ifindex{2}, .attach = bl::attach_type::tcx_ingress});
    for (bl::order const where :
         {bl::order::first(), bl::order::last(), bl::order::before(mine), bl::order::after(mine),
          bl::order::before(bl::link_id{1}), bl::order::after(bl::link_id{1}),
          bl::order::before(untyped), bl::order::after(tc), bl::order::before(bl::program_id{1})})
        co_await bl::attach(tc, bl::hook::tcx{.ifindex = bl::ifindex{2},
                                              .attach = bl::attach_type::tcx_egress,
                                              .order = where,
                                              .expected_revision = bl::revision{4}});
    co_await bl::attach(tc, bl::hook::netkit{.ifindex = bl::ifindex{2},
                                             .attach = bl::attach_type::netkit_peer,
                                             .order = bl::order::first(),
                                             .expected_revision = bl::revision{1}});
    co_await bl::attach(egress, bl::hook::cgroup{.cgroup = "/sys/fs/cgroup"});
    co_await bl::attach(egress, bl::hook::cgroup{.cgroup = fd, .order = bl::order::last()});
    co_await bl::attach(egress, bl::hook::cgroup{.cgroup = directory,
                                                 .attach = bl::attach_type::cgroup_inet_egress,
                                                 .expected_revision = bl::revision{1},
                                                 .preorder = true});
    co_await bl::attach(message,
                        bl::hook::sockmap{.map = map, .attach = bl::attach_type::sk_msg_verdict});
    co_await bl::attach(probe, bl::hook::kprobe{.function = "f",
                                                .offset = 4,
                                                .retprobe = true,
                                                .cookie = bl::cookie{1},
                                                .syscall = false});
    co_await bl::attach(
        probe, bl::hook::kprobe_multi{
                   .symbols = names, .cookies = cookies, .retprobe = true, .session = false});
    co_await bl::attach(probe, bl::hook::kprobe_multi{.addresses = places});
    co_await bl::attach(probe, bl::hook::kprobe_multi{.pattern = "tcp_*"});
    co_await bl::attach(probe, bl::hook::uprobe{.binary = "/bin/sh",
                                                .symbol = "main",
                                                .offset = 1,
                                                .retprobe = false,
                                                .pid = 1,
                                                .ref_ctr_offset = 0,
                                                .cookie = bl::cookie{3},
                                                .indirect = true});
    co_await bl::attach(probe, bl::hook::uprobe_multi{.binary = "libc.so.6",
                                                      .symbols = names,
                                                      .offsets = places,
                                                      .ref_ctr_offsets = places,
                                                      .cookies = cookies,
                                                      .pid = 1,
                                                      .retprobe = true,
                                                      .session = false,
                                                      .indirect = false});
    co_await bl::attach(probe, bl::hook::uprobe_multi{.binary = fd, .pattern = "SSL_*"});
    co_await bl::attach(probe, bl::hook::usdt{.binary = "/bin/python3",
                                              .provider = "python",
                                              .name = "line",
                                              .pid = 3,
                                              .cookie = bl::cookie{1}});
    co_await bl::attach(probe, bl::hook::usdt{.binary = fd, .provider = "p", .name = "n"});
    co_await bl::attach(tracing, bl::hook::tracing{.cookie = bl::cookie{1}});
    co_await bl::attach(tracing, bl::hook::tp_btf{});
    co_await bl::attach(tracing, bl::hook::tracing_multi{.functions = ids, .cookies = cookies});
    bl::iter_link walk = co_await bl::attach(tracing, bl::hook::iter{.map = map});
    bl::iter_output out = co_await walk.open();
    for (auto&& line : out.lines())
        if (line) std::cout << *line;
    for (auto&& number : out.records<std::uint64_t>())
        if (number) std::cout << *number;
    for (auto&& bytes : out.bytes())
        if (bytes) std::cout << bytes->size();
    bl::struct_ops_link ops = co_await bl::attach(map, bl::hook::struct_ops{});
    co_await ops.update(map, bl::expecting(map));
    bl::link raw = co_await bl::attach(untyped, bl::hook::raw{.target = bl::ifindex{2},
                                                              .attach = bl::attach_type::xdp,
                                                              .btf = bl::btf_id{1},
                                                              .flags = 0});
    raw = co_await bl::attach(xdp, bl::hook::raw{.target = fd});
    raw = co_await bl::attach(xdp, bl::hook::raw{});
    co_await first.update(own_program{}, bl::expecting(bl::program_id{3}));

    // What is on a hook, in order.
    for (bl::result<bl::hook_query> const& on :
         {bl::query(
              bl::hook::tcx{.ifindex = bl::ifindex{1}, .attach = bl::attach_type::tcx_egress}),
          bl::query(bl::hook::xdp{.ifindex = bl::ifindex{1}}),
          bl::query(bl::hook::cgroup{.cgroup = "/sys/fs/cgroup",
                                     .attach = bl::attach_type::cgroup_inet_egress})})
        if (on)
            for (auto const& entry : on->entries)
                std::cout << entry.program << entry.link.value_or(bl::link_id{})
                          << on->revision.value_or(bl::revision{});
    bl::hook::tcx const where{.ifindex = bl::ifindex{1},
                              .attach = bl::attach_type::tcx_ingress,
                              .order = std::nullopt,
                              .expected_revision = std::nullopt};
    mine = co_await bl::with_revision(where, [&](bl::hook_query const& now) {
        auto at = where;
        at.expected_revision = now.revision;
        return bl::attach(tc, at);
    });
}
// Hooks whose every member has a default but the target.
[[maybe_unused]] constexpr bl::hook::freplace replaced{.target = bl::fd_view{}, .function = "f"};
[[maybe_unused]] constexpr bl::hook::lsm checked{.cookie = bl::cookie{}};
[[maybe_unused]] constexpr bl::hook::raw_tracepoint traced{.name = "sys_enter",
                                                           .cookie = bl::cookie{}};
[[maybe_unused]] constexpr bl::hook::tracepoint switched{
    .group = "sched", .name = "sched_switch", .cookie = bl::cookie{}};
[[maybe_unused]] constexpr bl::hook::perf_event sampled{.event = bl::fd_view{},
                                                        .cookie = bl::cookie{}};
[[maybe_unused]] constexpr bl::hook::netns space{.netns = bl::fd_view{},
                                                 .attach = bl::attach_type::sk_lookup};
[[maybe_unused]] constexpr bl::hook::netfilter filtered{.protocol_family =
                                                            bl::protocol_family::ipv4,
                                                        .hook = bl::netfilter_hook::local_in,
                                                        .priority = -128,
                                                        .defragment = true};
[[maybe_unused]] constexpr bl::hook::iter over_cgroups{
    .cgroup = bl::iter_cgroup{.cgroup = std::uint64_t{1},
                              .order = bl::cgroup_iter_order::descendants_pre}};
[[maybe_unused]] constexpr bl::hook::iter over_task{.task = bl::iter_task{.task = 1U}};

// Chains.
bl::result<bl::xdp_link> chain(ref<program_type::xdp> prog, ref<program_type::xdp> next,
                               std::filesystem::path const& path) {
    auto const publish = bl::pin(path) | bl::update(next, bl::expecting(prog));
    auto live = bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}})
                    .and_then(bl::pin("/sys/fs/bpf/a")) |
                publish | bl::replace_pin("/sys/fs/bpf/b") | bl::unpin() | bl::detach();
    if (!live) return live;
    std::vector<bl::unique_fd> kept;
    if (auto done = bl::link::load_pinned("/sys/fs/bpf/a") | bl::keep(kept); !done)
        return tl::unexpected{done.error()};
    return bl::xdp_link::load_pinned(path) | bl::pin(std::string{"/sys/fs/bpf/c"});
}

// Info.
std::string described(bl::link_info const& info) {
    return std::visit(
        []<class Details>(Details const& of) -> std::string {
            if constexpr (std::same_as<Details, bl::unknown_details>)
                return std::to_string(of.bytes.size());
            else if constexpr (std::same_as<Details, bl::xdp_details>)
                return std::to_string(of.ifindex.value());
            else
                return "other";
        },
        info.details);
}
bl::link_info one_info() {
    return {.type = bl::link_type::xdp,
            .id = bl::link_id{1},
            .program = bl::program_id{2},
            .details = bl::xdp_details{.ifindex = bl::ifindex{1}}};
}
static_assert(same<decltype(bl::link_info::details), bl::link_details>);
static_assert(std::variant_size_v<bl::link_details> == 16);
static_assert(static_cast<int>(bl::link_state::attached) !=
                  static_cast<int>(bl::link_state::defunct) &&
              bl::link_state::defunct != bl::link_state::unknown);

// Ranges.
static_assert(same<decltype(bl::snapshot()), bl::result<std::vector<bl::link_record>>>);
bl::result<std::size_t> ranges_of_all() {
    std::size_t n = 0;
    for (auto&& entry : bl::links(bl::link_id{3})) {
        if (!entry) continue;
        bl::link const& l = *entry;
        n += l.is_pinned();
    }
    auto walk = bl::links();
    if (auto it = walk.begin(); it != walk.end()) {
        bl::result<bl::link> mine = std::move(*it);
        n += mine.has_value();
    }
    std::vector<bl::result<bl::link>> const owned = bl::links() | ranges::to<std::vector>();
    auto const ids = co_await (bl::link_ids() | std::views::take(3) | bl::collect);
    n += ids.size() + owned.size();
    std::vector<bl::link> const xdp =
        co_await (bl::links() | bl::views::of_type(bl::link_type::xdp) | bl::collect);
    auto const big = [](bl::link_info const& info) { return info.id > bl::link_id{100}; };
    for (auto&& info : bl::infos() | std::views::filter(bl::where(big)) |
                           std::views::filter(bl::has_value) | std::views::transform(bl::value))
        n += info.id.value();
    for (auto&& info :
         bl::infos(bl::link_id{1}) | ranges::views::filter(bl::where(big)) | ranges::views::take(3))
        n += info.has_value();
    for (auto const& record : co_await bl::snapshot())
        n += record.id.value() + (record.type == bl::link_type::xdp) + record.program.value() +
             record.attach.has_value() + record.target.index() + record.netns.has_value();
    auto const records = co_await bl::snapshot();
    for (auto&& record : records | bl::views::of_program(bl::program_id{2}))
        n += record.id.value();
    for (auto&& pin : bl::pins("/sys/fs/bpf"))
        if (pin) n += pin->path.size() + pin->id.value() + pin->temporary;
    for (auto&& pin : bl::pins())
        n += pin && pin->type == bl::link_type::xdp;
    for (auto const& found : co_await bl::find_links(bl::ifindex{1}))
        n += found.id.value();
    co_return n + xdp.size();
}

// What no peer has.
bl::result<void> lifecycle(ref<program_type::xdp> prog, ref<program_type::kprobe> probe,
                           ref<program_type::sched_cls> tc, bl::map_ref map, bl::link l,
                           bl::xdp_link typed, ::bpf_program const* loaded, ::bpf_object* object) {
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
    bl::match const known = co_await bl::is_at(where, l);
    switch (known) {
    case bl::match::yes:
    case bl::match::no:
    case bl::match::unknown: break;
    }
    static_cast<void>(co_await bl::is_at(where, typed));
    static_cast<void>(co_await bl::is_at(prog, where, l));
    static_cast<void>(co_await bl::is_at(prog, where, typed));

    std::string const name = bl::pin_name("eth0.100");
    std::optional<std::string> const text = bl::text_of_pin_name(name);
    std::cout << text.value_or("");

    bl::link_holders const held = co_await bl::holders(bl::link_id{1});
    for (bl::process_holder const& one : held.processes)
        std::cout << one.process << one.command << one.descriptors;
    std::cout << held.pins.size() << held.unseen << held.complete();
    std::map<bl::link_id, bl::link_holders> const all = co_await bl::holders();
    std::cout << all.size();

    bl::teardown_report const gone = co_await bl::teardown(std::move(l));
    std::cout << gone.id << gone.detached << gone.gone << gone.left.complete();
    co_await bl::teardown(std::move(typed), 100ms);
    co_await bl::teardown("/sys/fs/bpf/x");
    co_await bl::teardown(std::filesystem::path{"/sys/fs/bpf/x"}, 3s);

    bl::ensured_link<bl::hook::xdp> kept =
        co_await bl::ensure_attached(prog, where, "/sys/fs/bpf/x", {.wait = 2s, .overlap = true});
    switch (kept.how) {
    case bl::ensured::kept:
    case bl::ensured::updated:
    case bl::ensured::created:
    case bl::ensured::recreated: std::cout << kept.how << kept.before; break;
    }
    bl::xdp_link const live = std::move(kept.link);
    co_await bl::ensure_attached(prog, where, "/sys/fs/bpf/x");
    co_await bl::ensure_attached(map, bl::hook::struct_ops{}, "/sys/fs/bpf/y", {.wait = 1s});

    bl::link_set set = co_await bl::link_set::open("/sys/fs/bpf/firewall");
    bl::link_set unpinned{};
    unpinned.want("a", prog, where).want_optional("b", prog, where);
    set.want("ingress", tc,
             bl::hook::tcx{.ifindex = bl::ifindex{2}, .attach = bl::attach_type::tcx_ingress});
    set.want_optional("trace", probe, bl::hook::kprobe{.function = "f"});
    set.want_one_of("close", {candidate(probe, bl::hook::kprobe_multi{.pattern = "f*"}),
                              bl::candidate(probe, bl::hook::kprobe{.function = "f"})});
    bl::any_hook const read = co_await bl::hook_of(loaded);
    std::cout << read.index();
    set.want_all(object);
    set.want_all(object, [](::bpf_program const*) -> bl::result<std::optional<bl::any_hook>> {
        return bl::hook::xdp{.ifindex = bl::ifindex{2}};
    });
    for (bl::set_step const& step : co_await set.plan())
        std::cout << step << step.name << step.what << step.why;
    bl::set_report const report = co_await set.apply();
    for (auto const& step : report.steps)
        switch (step.what) {
        case bl::step_kind::create:
        case bl::step_kind::update:
        case bl::step_kind::keep:
        case bl::step_kind::recreate:
        case bl::step_kind::remove:
        case bl::step_kind::left_out: break;
        }
    for (bl::set_member const& member : set)
        std::cout << member.name() << member.why() << (member.link() != nullptr);
    if (auto const* const found = set.find("trace"); found != nullptr && found->link() != nullptr)
        co_await found->link()->info();
    std::vector<bl::teardown_report> const ended = co_await set.teardown();
    std::cout << set.size() << ended.size();

    bl::watcher w = co_await bl::watcher::start({.period = 1s, .existing = true});
    bl::fd_view const readable = w.fd();
    std::cout << readable.get() << (w.cost() < 1s);
    std::span<bl::link_event const> events = co_await w.poll();
    events = co_await w.wait(10ms);
    for (bl::link_event const& event : events)
        switch (event.what) {
        case bl::link_change::created:
        case bl::link_change::removed:
        case bl::link_change::updated:
        case bl::link_change::defunct: std::cout << event.now.id << event.before.id;
        }
    for (auto&& event : w.events())
        std::cout << (co_await event).now.id;

    int const number = co_await bl::in_netns("/run/netns/blue", [] { return 1; });
    bl::unique_fd const there{-1};
    co_await bl::in_netns(there, []() -> bl::result<void> { return {}; });
    co_await bl::in_netns(std::filesystem::path{"/run/netns/blue"}, [] {});
    std::cout << number;
}
static_assert(same<decltype(bl::in_netns("", [] {})), bl::result<void>>);
static_assert(same<decltype(bl::in_netns("", [] { return 1; })), bl::result<int>>);
static_assert(same<decltype(bl::in_netns("", [] { return bl::result<int>{1}; })), bl::result<int>>);
static_assert(bl::ensure_options{}.wait == 2s && bl::ensure_options{}.overlap);
static_assert(bl::watcher_options{}.period == 1s && !bl::watcher_options{}.existing);
static_assert(std::is_trivially_destructible_v<bl::ensure_options> &&
              std::is_trivially_destructible_v<bl::watcher_options> &&
              std::is_trivially_destructible_v<bl::resolve_options>);

// Symbols.
template <class Binary>
[[maybe_unused]] bl::result<void> symbols(Binary const& binary) {
    std::array<std::string_view, 2> const names{"main", "exit"};
    std::array<std::string_view, 1> const directories{"/srv/debug"};
    bl::resolve_options const options{
        .unique = true, .indirect = true, .debug_directories = directories};
    std::uint64_t const place = co_await bl::resolve_symbol(binary, "main", options);
    std::vector<std::uint64_t> const places = co_await bl::resolve_symbols(binary, names);
    std::vector<std::string> const matching = co_await bl::matching_symbols(binary, "m*");
    std::uint64_t const offset = co_await bl::offset_of_address(binary, place);
    bl::symbol_at_place const back = co_await bl::symbol_at(binary, offset);
    for (bl::usdt_place const& one : co_await bl::resolve_usdt(binary, "provider", "name"))
        std::cout << one.offset << one.semaphore << one.arguments;
    for (bl::kernel_symbol const& one : co_await bl::kernel_symbols("schedule"))
        std::cout << one.address << one.module << one.size.value_or(0);
    std::vector<std::string> const kernel = co_await bl::matching_kernel_functions("nf_nat:nf_*");
    std::cout << back.name << back.distance << places.size() << matching.size() << kernel.size();
}
constexpr auto symbols_of_all =
    std::tuple{&symbols<std::string_view>, &symbols<std::string>, &symbols<std::filesystem::path>,
               &symbols<bl::fd_view>, &symbols<bl::unique_fd>};
static_assert(same<decltype(bl::usdt_place::offset), std::uint64_t> &&
              same<decltype(bl::usdt_place::semaphore), std::uint64_t> &&
              same<decltype(bl::usdt_place::arguments), std::string>);

// co_await in a function without a value.
bl::result<void> fails(bl::error const& e, bool perhaps) {
    if (perhaps) co_await tl::unexpected(e);
}
bl::result<int> fails_with(bl::error const& e, bool perhaps) {
    if (perhaps) co_return tl::unexpected<bl::error>(e);
    co_return 1;
}

} // namespace

void use_all(bl::error const& e) {
    static_cast<void>(&values);
    static_cast<void>(&back_and_forth);
    static_cast<void>(&programs);
    static_cast<void>(&filled);
    static_cast<void>(&hooks);
    static_cast<void>(&chain);
    static_cast<void>(&described);
    static_cast<void>(&one_info);
    static_cast<void>(&ranges_of_all);
    static_cast<void>(&lifecycle);
    static_cast<void>(symbols_of_all);
    static_cast<void>(&fails);
    static_cast<void>(&fails_with);
    std::cout << advice(e);
}
