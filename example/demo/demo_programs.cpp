// SPDX-License-Identifier: Apache-2.0
#include "demo_programs.hpp"

#include "demo.bpf.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace demo {
namespace {

namespace bl = bpflink;

[[noreturn]] void fail(int number, char const* what) {
    throw std::system_error{number, std::generic_category(), what};
}

::bpf_object* load() {
    rlimit const no_limit{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_MEMLOCK, &no_limit); // kernels before 5.11 account BPF memory to it

    auto const file = bpf_objects::demo();
    auto* const object = ::bpf_object__open_mem(file.data(), file.size(), nullptr);
    if (!object) fail(errno, "opening the BPF programs");
    if (int const outcome = ::bpf_object__load(object); outcome < 0) {
        ::bpf_object__close(object);
        fail(-outcome, "loading the BPF programs");
    }
    return object;
}

demo_state* map_state(::bpf_object* object) {
    auto const* const map = ::bpf_object__find_map_by_name(object, ".bss");
    void* const memory = ::mmap(nullptr, sizeof(demo_state), PROT_READ | PROT_WRITE, MAP_SHARED,
                                ::bpf_map__fd(map), 0);
    if (memory == MAP_FAILED) fail(errno, "mapping the programs' memory");
    return static_cast<demo_state*>(memory);
}

} // namespace

void programs::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

void programs::unmapper::operator()(demo_state* state) const noexcept {
    ::munmap(state, sizeof *state);
}

template <bl::program_type Type>
bl::program_ref<Type> programs::borrow(char const* name) const {
    return bl::program_ref<Type>::from(::bpf_object__find_program_by_name(object_.get(), name))
        .value();
}

programs::programs()
    : object_{load()}, state_{map_state(object_.get())}, //
      versions{borrow<bl::program_type::xdp>("version_1"),
               borrow<bl::program_type::xdp>("version_2")},
      count_egress{borrow<bl::program_type::cgroup_skb>("count_egress")},
      count_calls{borrow<bl::program_type::raw_tracepoint>("count_calls")},
      list_threads{borrow<bl::program_type::tracing>("list_threads")} {
    struct stat pid_namespace;
    if (::stat("/proc/self/ns/pid", &pid_namespace) < 0) fail(errno, "/proc/self/ns/pid");
    state().pid_namespace_device = pid_namespace.st_dev;
    state().pid_namespace_inode = pid_namespace.st_ino;
    state().thread = static_cast<__u64>(::gettid());
}

std::vector<bl::program_id> programs::ids() const {
    std::vector<bl::program_id> all;
    ::bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        ::bpf_prog_info info{};
        std::uint32_t size = sizeof info;
        if (::bpf_prog_get_info_by_fd(::bpf_program__fd(program), &info, &size) < 0)
            fail(errno, "asking for a program's id");
        all.emplace_back(info.id);
    }
    return all;
}

std::uint64_t read(__u64& counter) noexcept {
    return std::atomic_ref{counter}.load(std::memory_order_relaxed);
}

} // namespace demo
