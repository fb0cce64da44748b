// SPDX-License-Identifier: Apache-2.0
// Attaches the ten programs of an object, as of a skeleton, by the names of their sections. In a
// network namespace of its own, so that it disturbs nobody.
#include "by_section.bpf.hpp"
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

/// The programs of version 2, which may be beside those of version 1.
char const* const cgroups =
    ::access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";

/// The places that sections do not say: the interface and the cgroup.
bl::result<std::optional<bl::any_hook>> place_of(::bpf_program const* prog) {
    std::string_view const section = ::bpf_program__section_name(prog);
    if (section == "xdp") return bl::hook::xdp{.ifindex = bl::ifindex{1}};
    if (section.starts_with("cgroup")) return bl::hook::cgroup{.cgroup = cgroups};
    return std::nullopt; // left alone
}

bl::result<void> by_section() {
    if (lacks<bl::hook::xdp>() || lacks<bl::hook::tracepoint>()) co_return;
    ::libbpf_set_print(nullptr);
    auto const file = bpf_objects::by_section();
    std::unique_ptr<::bpf_object, decltype(&::bpf_object__close)> const object{
        ::bpf_object__open_mem(file.data(), file.size(), nullptr), ::bpf_object__close};
    if (!object || ::bpf_object__load(object.get()) < 0)
        throw std::system_error{errno, std::generic_category(), "loading the programs"};

    bl::link_set set;
    set.want_all(object.get(), place_of);
    co_await set.apply();

    for (auto const& member : set)
        std::cout << member.name() << ": " << (co_await member.link()->info()).type << '\n';
    std::cout << "attached " << set.size() << " programs\n";
}

} // namespace

int main() {
    if (::unshare(CLONE_NEWNET) < 0) return 1;
    return run(by_section);
}
