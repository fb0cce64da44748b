// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <cerrno>
#include <system_error>

#include <sys/mount.h>
#include <sys/stat.h>

namespace demo {
namespace {

[[noreturn]] void fail(std::string_view what) {
    throw std::system_error{errno, std::generic_category(), std::string{what}};
}

} // namespace

stage::mounts::mounts() {
    sandbox::enter_private_mounts();
    if (::mount("bpf", bpffs.data(), "bpf", 0, nullptr) < 0) fail(bpffs);
}

stage::stage() = default;

void stage::send_from_cgroup(int count) {
    cgroup_.enter();
    network_.send_to_loopback(count);
    cgroup_.leave();
}

surroundings surroundings::now() {
    struct stat network;
    if (::stat("/proc/thread-self/ns/net", &network) < 0) fail("/proc/thread-self/ns/net");
    return {sandbox::open_descriptors(), network.st_ino};
}

} // namespace demo
