// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/targets.hpp>

namespace {

struct names : machine {
    names() {
        make_cgroup("/cgroup/web");
        cgroups = {{"/cgroup/web", 55}};
        make_directory("/home/netns");
        network_namespaces = {{"/proc/self/ns/net", 4'026'531'840}};
    }
};

} // namespace

TEST_CASE_FIXTURE(names, "an interface's name and index") {
    CHECK(*bl::ifindex_of("eth0") == bl::ifindex{2});
    CHECK(*bl::interface_name_of(bl::ifindex{2}) == "eth0");
    std::string_view const longer = "eth0/rest";
    CHECK(*bl::ifindex_of(longer.substr(0, 4)) == bl::ifindex{2});
}

TEST_CASE_FIXTURE(names, "an interface that is not there") {
    check_error(bl::ifindex_of("eth9"), ENODEV, bl::operation::resolve_interface,
                bl::errc::not_found, {"eth9", "network namespace"});
    check_error(bl::interface_name_of(bl::ifindex{9}), ENODEV, bl::operation::resolve_interface,
                bl::errc::not_found, {"9", "network namespace"});
}

TEST_CASE_FIXTURE(names, "a cgroup's path and id") {
    CHECK(*bl::cgroup_id_of("/cgroup/web") == bl::cgroup_id{55});
    CHECK(*bl::cgroup_path_of(bl::cgroup_id{55}) == "/cgroup/web");
}

TEST_CASE_FIXTURE(names, "a cgroup that is not there, or none") {
    check_error(bl::cgroup_id_of("/cgroup/none"), ENOENT, bl::operation::resolve_cgroup,
                bl::errc::not_found, {"/cgroup/none", "nothing is there"});
    check_error(bl::cgroup_id_of("/home"), EINVAL, bl::operation::resolve_cgroup,
                bl::errc::invalid_argument, {"/home", "cgroup2"});
    check_error(bl::cgroup_path_of(bl::cgroup_id{56}), ESTALE, bl::operation::resolve_cgroup,
                bl::errc::not_found, {"56"});
}

TEST_CASE_FIXTURE(names, "what keeps a cgroup from being found by id") {
    fail(call::cgroup_path, EPERM);
    check_error(bl::cgroup_path_of(bl::cgroup_id{55}), EPERM, bl::operation::resolve_cgroup,
                bl::errc::permission_denied, {"CAP_DAC_READ_SEARCH"});
    fail(call::cgroup_path, ENOENT);
    check_error(bl::cgroup_path_of(bl::cgroup_id{55}), ENOENT, bl::operation::resolve_cgroup,
                bl::errc::not_found, {"no cgroup2 file system is mounted"});
    fail(call::cgroup_path, EXDEV);
    check_error(bl::cgroup_path_of(bl::cgroup_id{55}), EXDEV, bl::operation::resolve_cgroup,
                bl::errc::not_found, {"first cgroup2 mount"});
    fail(call::cgroup_path, EMFILE);
    check_error(bl::cgroup_path_of(bl::cgroup_id{55}), EMFILE, bl::operation::resolve_cgroup,
                no_condition);
}

TEST_CASE_FIXTURE(names, "a network namespace's inode") {
    CHECK(*bl::netns_inode_of("/proc/self/ns/net") == bl::netns_inode{4'026'531'840U});
    check_error(bl::netns_inode_of("/run/netns/blue"), ENOENT, bl::operation::resolve_netns,
                bl::errc::not_found, {"/run/netns/blue", "nothing is there"});
    check_error(bl::netns_inode_of("/home/netns"), EINVAL, bl::operation::resolve_netns,
                bl::errc::invalid_argument, {"/home/netns", "is not a network namespace"});
    auto const of_nobody = [] { return bl::netns_inode_of("/proc/9/ns/net").error().message(); };
    CHECK(of_nobody().ends_with("; nothing is there"));
    fail(call::facts_of_file, ENOENT);
    CHECK(of_nobody().ends_with("; /proc is not mounted: mount it"));
}

TEST_CASE_FIXTURE(names, "an empty name, and one with a zero byte") {
    using namespace std::string_view_literals;
    for (auto const bad : {""sv, "a\0b"sv}) {
        for (auto const& e : {bl::ifindex_of(bad).error(), bl::cgroup_id_of(bad).error(),
                              bl::netns_inode_of(bad).error()}) {
            CHECK(e == bl::errc::invalid_argument);
            CHECK(e.code().value() == EINVAL);
        }
    }
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(names, "other errors pass through") {
    fail(call::interface_index, EMFILE);
    CHECK(bl::ifindex_of("eth0").error().code().value() == EMFILE);
    fail(call::interface_name, EMFILE);
    CHECK(bl::interface_name_of(bl::ifindex{2}).error().code().value() == EMFILE);
    fail(call::cgroup_id, EACCES);
    CHECK(bl::cgroup_id_of("/cgroup/web").error() == bl::errc::permission_denied);
    fail(call::netns_inode, EMFILE);
    CHECK(bl::netns_inode_of("/proc/self/ns/net").error().code().value() == EMFILE);
}
