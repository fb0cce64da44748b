// SPDX-License-Identifier: Apache-2.0
#include "congestion.hpp"

#include "congestion.bpf.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// Whether the kernel has met a BUG or an oops since it started (TAINT_DIE). A task that died in
/// it may hold the locks of tables: to attach one would not return.
bool kernel_has_died() {
    constexpr unsigned long die = 1UL << 7U;
    unsigned long taints = 0;
    std::ifstream{"/proc/sys/kernel/tainted"} >> taints;
    return (taints & die) != 0;
}

/// As congestion.bpf.c has it.
struct tcp_congestion_ops {
    void* functions[3];
    char name[16];
};

} // namespace

void congestion_control::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

void congestion_control::closer::operator()(::bpf_link* link) const noexcept {
    ::bpf_link__destroy(link);
}

congestion_control::congestion_control(attached how, unsigned number) : name_{"bpflink_test"} {
    ::libbpf_set_print(nullptr);
    if (kernel_has_died()) {
        reason_ = "this kernel has died once (see dmesg), and may never let go of its tables";
        return;
    }
    auto const file = bpf_objects::congestion();
    object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
    if (!object_) throw std::system_error{errno, std::generic_category(), "opening the programs"};
    map_ = ::bpf_object__find_map_by_name(object_.get(), "congestion");
    rename(number);
    if (::bpf_object__load(object_.get()) < 0) {
        reason_ =
            std::string{"the kernel takes no struct_ops map for links: "} + std::strerror(errno);
        return;
    }
    link_.reset(::bpf_map__attach_struct_ops(map_)); // which also fills the map
    if (!link_)
        reason_ = std::string{"the kernel has no links of struct_ops: "} + std::strerror(errno);
    loaded_ = static_cast<bool>(link_);
    if (how == attached::by_nobody) link_.reset();
}

/// One name for each process: the kernel has one list of them. libbpf before 1.4 cannot.
void congestion_control::rename(unsigned number) {
    std::size_t size = 0;
    void* const operations = const_cast<void*>(::bpf_map__initial_value(map_, &size));
    if (!operations || size != sizeof(tcp_congestion_ops)) return;
    auto& name = static_cast<tcp_congestion_ops*>(operations)->name;
    // 15 bytes at most
    name_ = "bpf_" + std::to_string(::getpid() % 10'000'000) + "_" + std::to_string(number);
    std::strcpy(name, name_.c_str());
}

bl::map_ref congestion_control::map() const {
    return bl::map_ref::from(map_).value();
}

bl::fd_view congestion_control::link() const {
    return bl::fd_view{::bpf_link__fd(link_.get())};
}

bl::map_id congestion_control::map_id() const {
    ::bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_map_get_info_by_fd(::bpf_map__fd(map_), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), "a map's id"};
    return bl::map_id{info.id};
}

bool congestion_control::available() const {
    bl::unique_fd const socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name_.c_str(),
                        static_cast<socklen_t>(name_.size())) == 0;
}
