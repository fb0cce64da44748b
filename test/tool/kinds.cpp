// SPDX-License-Identifier: Apache-2.0
#include "kinds.hpp"

#include "links.bpf.hpp"
#include "probed.hpp"

#include <bpflink/attach_type.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using bpflink::attach_type;
using bpflink::unique_fd;

struct closer {
    void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
};

/// Loads the one program, so that a kernel that refuses another does not matter.
std::unique_ptr<::bpf_object, closer> load(std::string const& name) {
    auto const file = bpf_objects::links();
    std::unique_ptr<::bpf_object, closer> object{
        ::bpf_object__open_mem(file.data(), file.size(), nullptr)};
    if (!object) return nullptr;
    ::bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        ::bpf_program__set_autoload(program, name == ::bpf_program__name(program));
    }
    if (::bpf_object__load(object.get()) < 0) return nullptr;
    return object;
}

unique_fd create(int program, int target, attach_type where, ::bpf_link_create_opts* options) {
    return unique_fd{
        ::bpf_link_create(program, target, static_cast<::bpf_attach_type>(where), options)};
}

unique_fd on_network_namespace(int program) {
    unique_fd const here{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    return create(program, here.get(), attach_type::sk_lookup, nullptr);
}

unique_fd on_netfilter(int program) {
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.netfilter.pf = 2;      // NFPROTO_IPV4
    options.netfilter.hooknum = 1; // NF_INET_LOCAL_IN
    options.netfilter.priority = -128;
    return create(program, 0, attach_type::netfilter, &options);
}

unique_fd on_sockmap(int program) {
    unique_fd const map{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "links", 4, 4, 1, nullptr)};
    if (!map) return {};
    return create(program, map.get(), attach_type::sk_skb_verdict, nullptr);
}

unique_fd on_software_event(int program) {
    perf_event_attr event{};
    event.size = sizeof event;
    event.type = PERF_TYPE_SOFTWARE;
    event.config = PERF_COUNT_SW_DUMMY;
    unique_fd const opened{
        static_cast<int>(::syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC))};
    if (!opened) return {};
    return create(program, opened.get(), attach_type::perf_event, nullptr);
}

unique_fd on_event(int program, perf_event_attr const& event) {
    unique_fd const opened{
        static_cast<int>(::syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC))};
    if (!opened) return {};
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.perf_event.bpf_cookie = 8;
    return create(program, opened.get(), attach_type::perf_event, &options);
}

unique_fd on_tracepoint(int program) {
    auto const id = number_in("/sys/kernel/tracing/events/sched/sched_process_exit/id");
    perf_event_attr event{};
    event.size = sizeof event;
    event.type = PERF_TYPE_TRACEPOINT;
    event.config = static_cast<std::uint64_t>(id);
    return on_event(program, event);
}

constexpr char executable[] = "/proc/self/exe";

unique_fd on_executable(int program) {
    auto const type = number_in("/sys/bus/event_source/devices/uprobe/type");
    perf_event_attr event{};
    event.size = sizeof event;
    event.type = static_cast<std::uint32_t>(type);
    event.uprobe_path = reinterpret_cast<std::uintptr_t>(executable);
    event.probe_offset = file_offset_of(probed_a);
    return on_event(program, event);
}

unique_fd on_places(int program) {
    unsigned long const offsets[]{file_offset_of(probed_a), file_offset_of(probed_b)};
    __u64 const cookies[]{9, 10};
    ::bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.uprobe_multi.path = executable;
    options.uprobe_multi.offsets = offsets;
    options.uprobe_multi.cookies = cookies;
    options.uprobe_multi.cnt = 2;
    return create(program, 0, attach_type::trace_uprobe_multi, &options);
}

} // namespace

std::vector<optional_link> attach_other_kinds(unsigned device) {
    std::pair<char const*, std::function<unique_fd(int program)>> const kinds[]{
        {"tcx",
         [&](int program) {
             return create(program, static_cast<int>(device), attach_type::tcx_ingress, nullptr);
         }},
        {"netns", on_network_namespace},
        {"netfilter", on_netfilter},
        {"sockmap", on_sockmap},
        {"perf_event", on_software_event},
        {"tracepoint", on_tracepoint},
        {"uprobe", on_executable},
        {"uprobe_multi", on_places},
    };
    std::vector<optional_link> links;
    for (auto const& [name, attach] : kinds) {
        optional_link link{name, {}, {}};
        auto const symbol = std::string{"run_"} + name;
        if (auto const object = load(symbol))
            link.fd = attach(::bpf_program__fd(
                ::bpf_object__find_program_by_name(object.get(), symbol.c_str())));
        if (!link.fd) link.missing = std::strerror(errno);
        links.push_back(std::move(link));
    }
    return links;
}
