// SPDX-License-Identifier: Apache-2.0
// Makes links in namespaces of its own and says which on standard output, one JSON object a line
// and "ready" at the end. When its standard input ends, everything goes.
#include "eventually.hpp"
#include "kinds.hpp"
#include "must.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace bl = bpflink;
using bl::program_type;

template <program_type Type>
bl::program_ref<Type> program_of(test_programs const& programs, char const* name) {
    return must(bl::program_ref<Type>::from(programs.get(name)));
}

bl::cgroup_link on_cgroup(test_programs const& programs, std::string const& path) {
    return must(bl::attach(
        program_of<program_type::cgroup_skb>(programs, "egress_a"),
        bl::hook::cgroup{.cgroup = path, .attach = bl::attach_type::cgroup_inet_egress}));
}

/// On a cgroup that is gone, of which the kernel tells the link in the background.
bl::cgroup_link on_no_cgroup(test_programs const& programs) {
    bl::cgroup_link link;
    {
        sandbox::cgroup const gone;
        link = on_cgroup(programs, gone.path());
    }
    if (!eventually([&] { return link.state() == bl::link_state::defunct; }))
        throw std::runtime_error{"a link stays on its cgroup, which is gone"};
    return link;
}

/// With a cookie where the kernel takes one.
bl::raw_tracepoint_link on_tracepoint(test_programs const& programs) {
    auto const program = program_of<program_type::raw_tracepoint>(programs, "sys_enter_a");
    auto with_cookie =
        bl::attach(program, bl::hook::raw_tracepoint{.name = "sys_enter", .cookie = bl::cookie{7}});
    if (with_cookie) return *std::move(with_cookie);
    return must(bl::attach(program, bl::hook::raw_tracepoint{.name = "sys_enter"}));
}

/// There are kernels that refuse such programs.
optional_link on_map_elements() {
    try {
        test_programs const programs{"iter_maps"};
        auto link = must(
            bl::attach(program_of<program_type::tracing>(programs, "iter_maps"),
                       bl::hook::iter{.map = must(bl::map_ref::from(programs.map("elements")))}));
        return {"iter_map", link.release(), {}};
    } catch (std::system_error const& e) {
        return {"iter_map", {}, e.code().message()};
    }
}

void say(char const* name, bl::fd_view link) {
    auto const info = must(must(bl::link::duplicate(link)).info());
    std::printf("{\"link\": \"%s\", \"id\": %u, \"program\": %u}\n", name, info.id.value(),
                info.program.value());
}

void say(char const* fact, std::string const& value) {
    std::printf("{\"fact\": \"%s\", \"value\": \"%s\"}\n", fact, value.c_str());
}

std::string device_name(bl::ifindex device) {
    char name[IF_NAMESIZE];
    if (!::if_indextoname(device.value(), name)) throw std::runtime_error{"no device's name"};
    return name;
}

/// A cgroup whose name tries to talk to the terminal; it is below `parent`, and goes before it.
class hostile_cgroup {
public:
    explicit hostile_cgroup(std::string const& parent) : path_{parent + "/evil\x1b[31m\xff\ttab"} {
        if (::mkdir(path_.c_str(), 0755) < 0)
            throw std::system_error{errno, std::generic_category(), "a cgroup"};
    }
    ~hostile_cgroup() {
        if (::rmdir(path_.c_str()) < 0) std::perror("the hostile cgroup");
    }
    hostile_cgroup(hostile_cgroup const&) = delete;
    hostile_cgroup& operator=(hostile_cgroup const&) = delete;

    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

void pin(int fd, std::string const& path) {
    if (::bpf_obj_pin(fd, path.c_str()) < 0)
        throw std::system_error{errno, std::generic_category(), path};
}

void wait_for_end_of_input() {
    std::puts("ready");
    std::fflush(stdout);
    char ignored[64];
    while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
}

/// Links that come before all others, on a tracepoint that is hardly ever met.
std::vector<bl::unique_fd> a_crowd(test_programs const& programs, std::size_t count) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, count + 256));
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<bl::unique_fd> links;
    while (links.size() != count) {
        bl::unique_fd link{::bpf_raw_tracepoint_open("mark_victim", programs.fd("sys_enter_a"))};
        if (!link) { // before 6.10 a tracepoint runs a program once
            std::printf("{\"missing\": \"crowd\", \"why\": \"%s\"}\n", std::strerror(errno));
            break;
        }
        links.push_back(std::move(link));
    }
    return links;
}

/// @param crowd  how many other links there are
void run(std::size_t crowd) {
    sandbox::enter_private_mounts();
    sandbox::network network;
    auto const device = network.add_veth().here;
    sandbox::bpffs const bpffs;
    sandbox::cgroup const cgroup;
    hostile_cgroup const hostile{cgroup.path()};
    test_programs const programs{"xdp_a", "xdp_b", "egress_a", "sys_enter_a", "iter_tasks"};
    auto const others_first = a_crowd(programs, crowd);

    auto const xdp = must(bl::attach(program_of<program_type::xdp>(programs, "xdp_a"),
                                     bl::hook::xdp{.ifindex = device}) |
                          bl::pin(bpffs.path() + "/xdp"));
    // Each network namespace has an interface of this index.
    auto const on_loopback = must(
        bl::attach(program_of<program_type::xdp>(programs, "xdp_b"),
                   bl::hook::xdp{.ifindex = network.loopback(), .mode = bl::xdp_mode::generic}));
    auto const on_hostile = on_cgroup(programs, hostile.path());
    auto const plain = on_cgroup(programs, cgroup.path());
    auto const raw_tracepoint = on_tracepoint(programs);
    auto const tasks = must(
        bl::attach(program_of<program_type::tracing>(programs, "iter_tasks"), bl::hook::iter{}));
    auto const elements = must(bl::map_ref::from(programs.map("elements")));
    auto const defunct = on_no_cgroup(programs);
    auto others = attach_other_kinds(device.value());
    others.push_back(on_map_elements());
    pin(programs.fd("xdp_a"), bpffs.path() + "/program");
    pin(elements.fd().get(), bpffs.path() + "/map");

    say("bpffs", bpffs.path());
    say("cgroup", cgroup.path());
    say("device", device_name(device));
    say("ifindex", std::to_string(device.value()));
    say("on_loopback", std::to_string(must(on_loopback.info()).id.value()));
    say("xdp", xdp.fd());
    say("cgroup", plain.fd());
    say("hostile", on_hostile.fd());
    say("defunct", defunct.fd());
    say("raw_tracepoint", raw_tracepoint.fd());
    say("iter", tasks.fd());
    for (auto const& other : others) {
        if (other.fd)
            say(other.name.c_str(), other.fd);
        else
            std::printf("{\"missing\": \"%s\", \"why\": \"%s\"}\n", other.name.c_str(),
                        other.missing.c_str());
    }
    wait_for_end_of_input();
}

} // namespace

int main(int argc, char** argv) {
    // Whatever ends the test ends the input too, and only that way everything is cleaned up.
    for (int const number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
        std::signal(number, SIG_IGN);
    try {
        run(argc > 1 ? std::stoul(argv[1]) : 0);
        return 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
