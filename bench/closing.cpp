// SPDX-License-Identifier: Apache-2.0
// What 60 links of a kind take to close: one after the other, and by 16 threads.
// bpflink-bench-closing [CGROUP_DIR [PART_OF_A_NAME]], or in a guest:
// test/matrix/matrix.py run 6.12 -v -- build/bench/bench/bpflink-bench-closing
#include "need.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace bl = bpflink;

namespace {

constexpr int links = 60;
constexpr int threads = 16;

struct kind {
    std::string name;
    bl::program_type type;
    bl::attach_type expected; // that the program is loaded for
    std::function<bl::result<bl::link>(bl::program const&)> attach;
};

/// r0 = 0; exit
bl::program load(kind const& of, int number) {
    constexpr std::array<std::uint64_t, 2> code{0xb7, 0x95};
    bpf_prog_load_opts opts{};
    opts.sz = sizeof opts;
    opts.expected_attach_type = static_cast<::bpf_attach_type>(of.expected);
    if (of.type == bl::program_type::tracing) { // one function takes 38 at most
        auto const function = "bpf_fentry_test" + std::to_string(1 + number % 6);
        opts.attach_btf_id = static_cast<unsigned>(
            need(::libbpf_find_vmlinux_btf_id(function.c_str(), opts.expected_attach_type)));
    }
    int const fd =
        ::bpf_prog_load(static_cast<::bpf_prog_type>(of.type), "closing", "GPL",
                        reinterpret_cast<::bpf_insn const*>(code.data()), code.size(), &opts);
    return need(bl::program::from_fd(bl::unique_fd{need(fd)}));
}

template <class Hook>
auto at(Hook where) {
    return [where](bl::program const& prog) { return bl::attach(prog, bl::any_hook{where}); };
}

using milliseconds = std::chrono::duration<double, std::milli>;

/// @param how  closes them
milliseconds time_of(kind const& of, void (*how)(std::vector<bl::link>&)) {
    std::vector<bl::program> programs;
    std::vector<bl::link> all;
    for (int i = 0; i != links; ++i) {
        programs.push_back(load(of, i)); // of one program, some hooks take one link
        all.push_back(need(of.attach(programs.back())));
    }
    auto const start = std::chrono::steady_clock::now();
    how(all);
    return std::chrono::steady_clock::now() - start;
}

void one_by_one(std::vector<bl::link>& all) {
    for (auto& each : all)
        need(each.close());
}

void side_by_side(std::vector<bl::link>& all) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> workers;
    for (int i = 0; i != threads; ++i)
        workers.emplace_back([&] {
            for (std::size_t mine = next++; mine < all.size(); mine = next++)
                static_cast<void>(all[mine].close());
        });
    for (auto& each : workers)
        each.join();
}

} // namespace

int main(int count, char** arguments) {
    using type = bl::program_type;
    using attach = bl::attach_type;
    namespace hook = bl::hook;
    std::array<std::string_view, 1> const main_function{"main"};
    constexpr char self[] = "/proc/self/exe";
    std::array<std::string_view, 1> const kernel_function{"do_nanosleep"};
    auto const lo = bl::ifindex_of("lo");
    std::vector<std::string> words{arguments + 1, arguments + count};
    std::erase_if(words,
                  [](std::string const& word) { return word.starts_with("--"); }); // doctest's
    auto const cgroup = words.empty() ? "/sys/fs/cgroup" : words[0];
    auto const only = words.size() < 2 ? "" : words[1];
    std::vector<kind> const kinds{
        {"tracepoint", type::tracepoint, {}, at(hook::tracepoint{"sched", "sched_switch"})},
        {"raw_tracepoint", type::raw_tracepoint, {}, at(hook::raw_tracepoint{"sched_switch"})},
        {"kprobe", type::kprobe, {}, at(hook::kprobe{.function = "do_nanosleep"})},
        {"kprobe_multi", type::kprobe, attach::trace_kprobe_multi,
         at(hook::kprobe_multi{.symbols = kernel_function})},
        {"uprobe", type::kprobe, {}, at(hook::uprobe{.binary = self, .symbol = "main"})},
        {"uprobe_multi", type::kprobe, attach::trace_uprobe_multi,
         at(hook::uprobe_multi{.binary = std::string_view{self}, .symbols = main_function})},
        {"tracing (fentry)", type::tracing, attach::trace_fentry, at(hook::tracing{})},
        {"tracing (fexit)", type::tracing, attach::trace_fexit, at(hook::tracing{})},
        {"tcx", type::sched_cls, attach::tcx_ingress,
         at(hook::tcx{.ifindex = need(lo), .attach = attach::tcx_ingress})},
        {"cgroup", type::cgroup_skb, attach::cgroup_inet_egress,
         at(hook::cgroup{.cgroup = std::string_view{cgroup},
                         .attach = attach::cgroup_inet_egress})},
    };
    std::cout << "kind              one by one   16 threads   ratio\n";
    for (auto const& each : kinds) {
        if (each.name.find(only) == std::string::npos) continue;
        try {
            auto const first = time_of(each, one_by_one);
            auto const second = time_of(each, side_by_side);
            std::printf("%-17s %7.1f ms   %7.1f ms   %5.2f\n", each.name.c_str(), first.count(),
                        second.count(), second / first);
        } catch (std::exception const& why) {
            std::cout << each.name << ": " << why.what() << '\n';
        }
    }
}
