// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "sandbox.hpp"

#include <bpflink/targets.hpp>

#include <filesystem>
#include <string>

#include <sys/stat.h>

namespace bl = bpflink;

namespace {

ino_t inode(std::string const& path) {
    struct stat facts{};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    return facts.st_ino;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an interface has a name and an index") {
    sandbox::network net;
    CHECK(must(bl::ifindex_of("lo")) == net.loopback());
    CHECK(must(bl::interface_name_of(net.loopback())) == "lo");
    auto const veth = net.add_veth();
    CHECK(must(bl::ifindex_of(must(bl::interface_name_of(veth.here)))) == veth.here);
    net.remove(veth.here);
    check_error(bl::interface_name_of(veth.here), bl::errc::not_found, {"network namespace"});
    check_error(bl::ifindex_of("bpflink_none"), bl::errc::not_found, {"bpflink_none"});
    check_error(bl::ifindex_of(std::string(100, 'n')), bl::errc::not_found, {"nnn"});
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup has a path and an id") {
    sandbox::cgroup group;
    auto const id = must(bl::cgroup_id_of(group.path()));
    CHECK(id.value() == inode(group.path()));
    auto const path = must(bl::cgroup_path_of(id));
    CHECK(std::filesystem::equivalent(path, group.path()));
    CHECK(must(bl::cgroup_id_of(path + "/../" +
                                group.path().substr(group.path().rfind('/') + 1))) == id);
    auto const removed = group.path();
    group.remove();
    check_error(bl::cgroup_path_of(id), bl::errc::not_found, {"does not exist"});
    check_error(bl::cgroup_id_of(removed), bl::errc::not_found, {removed});
    check_error(bl::cgroup_id_of("/proc"), bl::errc::invalid_argument, {"cgroup2"});
    sandbox::cgroup const other;
    check_error(bl::cgroup_id_of(other.path() + "/cgroup.procs"), bl::errc::invalid_argument,
                {"cgroup2"});
}

TEST_CASE_FIXTURE(kernel_case, "a network namespace has an inode") {
    auto const outer = must(bl::netns_inode_of("/proc/thread-self/ns/net"));
    CHECK(outer.value() == inode("/proc/thread-self/ns/net"));
    {
        sandbox::network const net;
        CHECK(must(bl::netns_inode_of("/proc/thread-self/ns/net")) != outer);
    }
    CHECK(must(bl::netns_inode_of("/proc/thread-self/ns/net")) == outer);
    check_error(bl::netns_inode_of("/proc/self/ns/mnt"), bl::errc::invalid_argument,
                {"is not a network namespace"});
    check_error(bl::netns_inode_of("/proc/version"), bl::errc::invalid_argument,
                {"is not a network namespace"});
    check_error(bl::netns_inode_of("/proc/none"), bl::errc::not_found, {"/proc/none"});
}
