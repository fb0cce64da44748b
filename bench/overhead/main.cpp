// SPDX-License-Identifier: Apache-2.0
// What the library costs without the kernel: each operation over a border that answers at once, by
// the library and by the calls of the border alone, which is what C would do. Without arguments all
// of them as Google Benchmark's entries; `bpflink-overhead NAME TIMES` does one of them, for tools
// that count instructions.
#include "border/sys.hpp"
#include "instant_border.hpp"

#include <bpflink/bpflink.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

namespace bl = bpflink;
namespace sys = bpflink::sys;

namespace {

using bl::link_type;
using tracing_ref = bl::program_ref<bl::program_type::tracing>;

constexpr std::uint32_t links = 1'000;

[[noreturn]] void fail(std::string const& why) {
    std::fprintf(stderr, "bpflink-overhead: %s\n", why.c_str());
    std::exit(1);
}

template <class T>
T need(bl::result<T> r) {
    if (!r) fail(r.error().message());
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// Whose kind the border takes every descriptor for.
template <bl::program_type Type>
struct any_program {
    static constexpr bl::program_type type = Type;
    [[nodiscard]] bl::fd_view fd() const { return bl::fd_view{9}; }
};

template <link_type Kind>
void set() {
    instant::live_links = links;
    instant::kind = Kind;
}

void ids() {
    for (auto&& entry : bl::link_ids()) {
        auto id = need(entry).value();
        benchmark::DoNotOptimize(id);
    }
}
void ids_by_hand() {
    for (std::uint32_t id = 0; sys::link_get_next_id(id, id) >= 0;)
        benchmark::DoNotOptimize(id);
}

void handles() {
    for (auto&& entry : bl::links()) {
        if (!entry) fail(entry.error().message());
        int fd = entry->fd().get();
        benchmark::DoNotOptimize(fd);
    }
}
void handles_by_hand() {
    for (std::uint32_t id = 0; sys::link_get_next_id(id, id) >= 0;) {
        auto const fd = sys::link_get_fd_by_id(id);
        benchmark::DoNotOptimize(fd.outcome());
    }
}

void infos() {
    for (auto&& entry : bl::infos()) {
        if (!entry) fail(entry.error().message());
        benchmark::DoNotOptimize(*entry);
    }
}
void infos_by_hand() {
    for (std::uint32_t id = 0; sys::link_get_next_id(id, id) >= 0;) {
        auto const fd = sys::link_get_fd_by_id(id);
        bl::uapi::link_info info{};
        std::uint32_t size = sizeof info;
        sys::obj_get_info(fd.outcome(), &info, size);
        char name[128];
        if (info.type == static_cast<std::uint32_t>(link_type::raw_tracepoint)) {
            info.raw_tracepoint.name = reinterpret_cast<std::uintptr_t>(name);
            info.raw_tracepoint.name_len = sizeof name;
            sys::obj_get_info(fd.outcome(), &info, size);
        }
        benchmark::DoNotOptimize(info);
    }
}

void snapshot() {
    static bl::snapshotter by;
    static std::vector<bl::link_record> records;
    need(by.take(records));
    if (records.size() != links) fail("not all links");
    benchmark::DoNotOptimize(records.data());
}
void snapshot_by_hand() {
    static std::byte buffer[32 * 1024];
    auto const run = sys::iter_create(1);
    while (sys::read(1, buffer) > 0)
        benchmark::DoNotOptimize(buffer[0]);
}

void attach() {
    any_program<bl::program_type::xdp> const prog;
    need(bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}}));
}
void attach_by_hand() {
    bl::uapi::link_create_attr attr{};
    attr.prog_fd = 9;
    attr.target = 2;
    attr.attach_type = 37;
    static_cast<void>(sys::link_create(attr));
}

bl::xdp_link& one_link() {
    static auto l = need(
        bl::attach(any_program<bl::program_type::xdp>{}, bl::hook::xdp{.ifindex = bl::ifindex{2}}));
    return l;
}

void update() {
    need(one_link().update(any_program<bl::program_type::xdp>{}));
}
void update_by_hand() {
    bl::uapi::link_update_attr attr{};
    attr.new_fd = 9;
    sys::link_update(attr);
}

void pin() {
    need(one_link().pin("/sys/fs/bpf/link"));
    need(one_link().unpin());
}
void pin_by_hand() {
    sys::obj_pin(9, "/sys/fs/bpf/link");
    static_cast<void>(sys::obj_get("/sys/fs/bpf/link"));
    sys::unlink("/sys/fs/bpf/link");
}

void load_pinned() {
    need(bl::link::load_pinned("/sys/fs/bpf/link"));
}
void load_pinned_by_hand() {
    static_cast<void>(sys::obj_get("/sys/fs/bpf/link"));
}

bl::result<int> awaits_three(int start) {
    int const a = co_await bl::result<int>{start};
    int const b = co_await bl::result<int>{a + 1};
    int const c = co_await bl::result<int>{b + 1};
    co_return c;
}
void coroutine() {
    int start = 1;
    benchmark::DoNotOptimize(start);
    auto r = awaits_three(start);
    benchmark::DoNotOptimize(r);
}
void chain() {
    int start = 1;
    benchmark::DoNotOptimize(start);
    auto const next = [](int i) -> bl::result<int> { return i + 1; };
    auto r = bl::result<int>{start}.and_then(next).and_then(next);
    benchmark::DoNotOptimize(r);
}

struct operation {
    std::string_view name;
    void (*ours)();
    void (*by_hand)();
    std::uint32_t each; // what is done each time
    void (*prepare)();
};

constexpr operation operations[]{
    {"link_ids", ids, ids_by_hand, links, set<link_type::xdp>},
    {"links", handles, handles_by_hand, links, set<link_type::xdp>},
    {"infos", infos, infos_by_hand, links, set<link_type::xdp>},
    {"infos_named", infos, infos_by_hand, links, set<link_type::raw_tracepoint>},
    {"snapshot", snapshot, snapshot_by_hand, links, set<link_type::xdp>},
    {"attach", attach, attach_by_hand, 1, set<link_type::xdp>},
    {"update", update, update_by_hand, 1, set<link_type::xdp>},
    {"pin_unpin", pin, pin_by_hand, 1, set<link_type::xdp>},
    {"load_pinned", load_pinned, load_pinned_by_hand, 1, set<link_type::xdp>},
    {"co_await_3", coroutine, chain, 1, set<link_type::xdp>},
};

void do_one(std::string_view name, std::uint64_t times) {
    bool const by_hand = name.ends_with("/by_hand");
    auto const bare = name.substr(0, name.find('/'));
    for (auto const& o : operations) {
        if (o.name != bare) continue;
        o.prepare();
        for (std::uint64_t i = 0; i != times; ++i)
            by_hand ? o.by_hand() : o.ours();
        return;
    }
    fail("no such operation: " + std::string{name});
}

void list() {
    for (auto const& o : operations)
        std::printf("%.*s %u\n", static_cast<int>(o.name.size()), o.name.data(), o.each);
}

void add(operation const& o, void (*what)(), char const* whose) {
    benchmark::RegisterBenchmark(
        (std::string{o.name} + whose).c_str(), [o, what](benchmark::State& state) {
            o.prepare();
            for ([[maybe_unused]] auto _ : state)
                what();
            state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * o.each);
        });
}

} // namespace

int main(int argc, char** argv) {
    std::span const arguments{argv + 1, static_cast<std::size_t>(argc - 1)};
    if (arguments.size() == 1 && std::string_view{arguments[0]} == "--list") return list(), 0;
    if (arguments.size() == 2 && arguments[0][0] != '-') {
        std::string_view const count = arguments[1];
        std::uint64_t times = 0;
        if (std::from_chars(count.data(), count.data() + count.size(), times).ec != std::errc{})
            fail("not a number: " + std::string{count});
        do_one(arguments[0], times);
        return 0;
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    for (auto const& o : operations) {
        add(o, o.ours, "/bpflink");
        add(o, o.by_hand, "/by_hand");
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
