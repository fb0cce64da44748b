// SPDX-License-Identifier: Apache-2.0
#include "population.hpp"

#include <cerrno>
#include <system_error>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

// The kernel meets these only when it kills for lack of memory: 10,000 programs slow nothing down.
constexpr char const* tracepoint = "mark_victim";
constexpr char const* tracepoint_with_long_name = "finish_task_reaping";

int checked(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

void allow_descriptors(std::size_t count) {
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    if (limit.rlim_cur >= count) return;
    limit.rlim_cur = count;
    if (limit.rlim_max < count) limit.rlim_max = count;
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "raising RLIMIT_NOFILE");
}

bpflink::link_id id_of(int link) {
    ::bpf_link_info info{};
    std::uint32_t size = sizeof info;
    checked(::bpf_link_get_info_by_fd(link, &info, &size), "asking for a link's id");
    return bpflink::link_id{info.id};
}

} // namespace

population::population(kind what, std::size_t count)
    : programs_{"sys_enter_a", "iter_tasks", "egress_a"} {
    allow_descriptors(count + 256);
    for (std::size_t i = 0; i != count; ++i) {
        int link = -1;
        switch (what) {
        case kind::raw_tracepoint: link = open_raw_tracepoint(tracepoint); break;
        case kind::long_names: link = open_raw_tracepoint(tracepoint_with_long_name); break;
        case kind::iter: link = open_iter(); break;
        case kind::in_turn:
            switch (i % 3) {
            case 0: link = open_iter(); break;
            case 1: link = open_raw_tracepoint(tracepoint); break;
            default: link = open_cgroup(); break;
            }
        }
        links_.emplace_back(checked(link, "creating a link"));
        ids_.push_back(id_of(link));
    }
}

bool population::can_share_a_tracepoint() {
    test_programs const programs{"sys_enter_a"};
    auto const open = [&] {
        return bpflink::unique_fd{
            ::bpf_raw_tracepoint_open(tracepoint, programs.fd("sys_enter_a"))};
    };
    auto const first = open();
    return first && open();
}

int population::open_iter() const {
    return ::bpf_link_create(programs_.fd("iter_tasks"), 0, BPF_TRACE_ITER, nullptr);
}

int population::open_raw_tracepoint(char const* name) const {
    return ::bpf_raw_tracepoint_open(name, programs_.fd("sys_enter_a"));
}

int population::open_cgroup() {
    constexpr std::size_t most = 64; // the kernel's BPF_CGROUP_MAX_PROGS
    if (on_cgroup_++ % most == 0)
        cgroup_.reset(checked(
            ::open(cgroups_.emplace_back().path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
            "opening a cgroup"));
    return ::bpf_link_create(programs_.fd("egress_a"), cgroup_.get(), BPF_CGROUP_INET_EGRESS,
                             nullptr);
}
