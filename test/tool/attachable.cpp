// SPDX-License-Identifier: Apache-2.0
// Pins a program for each hook, and maps, in namespaces of its own, and says which on standard
// output, one JSON object a line and "ready" at the end. When its standard input ends, all goes.
#include "attachable.bpf.hpp"
#include "congestion.hpp"
#include "probed.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <unistd.h>

namespace {

struct closer {
    void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
};
using object = std::unique_ptr<::bpf_object, closer>;

object open_programs() {
    auto const file = bpf_objects::attachable();
    object opened{::bpf_object__open_mem(file.data(), file.size(), nullptr)};
    if (!opened) throw std::system_error{errno, std::generic_category(), "the programs"};
    return opened;
}

void pin(int fd, std::string const& path) {
    if (::bpf_obj_pin(fd, path.c_str()) < 0)
        throw std::system_error{errno, std::generic_category(), path};
}

void say(std::string const& fact, std::string const& value) {
    std::printf("{\"fact\": \"%s\", \"value\": \"%s\"}\n", fact.c_str(), value.c_str());
}

void say_missing(std::string const& name, std::string const& why) {
    std::printf("{\"missing\": \"%s\", \"why\": \"%s\"}\n", name.c_str(), why.c_str());
}

/// Loads the one program, so that a kernel that refuses another does not matter.
void pin_program(std::string const& symbol, std::string const& directory) {
    auto const opened = open_programs();
    ::bpf_program* program = nullptr;
    bpf_object__for_each_program(program, opened.get()) {
        ::bpf_program__set_autoload(program, symbol == ::bpf_program__name(program));
        if (::bpf_program__type(program) != BPF_PROG_TYPE_EXT) continue;
        bpflink::unique_fd const target{::bpf_obj_get((directory + "/replaced").c_str())};
        ::bpf_program__set_attach_target(program, target.get(), "replaced_by_another");
    }
    auto const name = symbol.substr(std::strlen("run_"));
    if (int const outcome = ::bpf_object__load(opened.get()); outcome < 0)
        return say_missing(name, std::strerror(-outcome));
    program = ::bpf_object__find_program_by_name(opened.get(), symbol.c_str());
    pin(::bpf_program__fd(program), directory + "/" + name);
    ::bpf_prog_info info{};
    __u32 size = sizeof info;
    if (::bpf_obj_get_info_by_fd(::bpf_program__fd(program), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), name};
    say(name, std::to_string(info.id));
}

void pin_programs(std::string const& directory) {
    auto const all = open_programs();
    ::bpf_program* each = nullptr;
    bpf_object__for_each_program(each, all.get()) {
        pin_program(::bpf_program__name(each), directory);
    }
}

void pin_new_map(::bpf_map_type type, std::string const& path) {
    bpflink::unique_fd const map{::bpf_map_create(type, "made", 4, 4, 1, nullptr)};
    if (!map) throw std::system_error{errno, std::generic_category(), "a map"};
    pin(map.get(), path);
}

std::string name_of(bpflink::ifindex device) {
    char name[IF_NAMESIZE];
    if (!::if_indextoname(device.value(), name)) throw std::runtime_error{"no device's name"};
    return name;
}

void wait_for_end_of_input() {
    std::puts("ready");
    std::fflush(stdout);
    char ignored[64];
    while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
}

void run() {
    sandbox::enter_private_mounts();
    sandbox::network network;
    auto const device = network.add_veth().here;
    sandbox::bpffs const bpffs;
    sandbox::cgroup const cgroup;
    pin_programs(bpffs.path());
    pin_new_map(BPF_MAP_TYPE_SOCKMAP, bpffs.path() + "/sockets");
    pin_new_map(BPF_MAP_TYPE_ARRAY, bpffs.path() + "/array");
    congestion_control const tables[]{
        congestion_control{congestion_control::attached::by_nobody},
        congestion_control{congestion_control::attached::by_nobody},
    };
    if (!tables[0].is_loaded())
        say_missing("table", tables[0].reason());
    else
        for (auto const* const name : {"table", "other_table"}) {
            auto const& table = tables[name == std::string{"other_table"}];
            pin(table.map().fd().get(), bpffs.path() + "/" + name);
            say(name, std::to_string(table.map_id().value()));
        }

    say("bpffs", bpffs.path());
    say("cgroup", cgroup.path());
    say("device", name_of(device));
    say("ifindex", std::to_string(device.value()));
    say("offset", std::to_string(file_offset_of(probed_a)));
    say("other_offset", std::to_string(file_offset_of(probed_b)));
    wait_for_end_of_input();
}

} // namespace

int main() {
    // Whatever ends the test ends the input too, and only that way everything is cleaned up.
    for (int const number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
        std::signal(number, SIG_IGN);
    ::libbpf_set_print(nullptr);
    try {
        run();
        return 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
