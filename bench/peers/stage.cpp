// SPDX-License-Identifier: Apache-2.0
#include "crowd.hpp"
#include "programs.hpp"
#include "sandbox.hpp"

#include <bpflink/fd.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <fcntl.h>

// What the peers share: a bpffs with pinned programs and a pinned link, a cgroup, and links to walk
// over. It speaks a protocol as the peers do (serve.hpp), and undoes all of it when its input ends.
//
//   > ready BPFFS CGROUP
//   < population 1000
//   > 1000 49128 93000 109000   links, and sums over them: of ids, of programs' ids, of the first
//                               letters of names; the links of before are gone by then

namespace {

int need(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

void pin(int fd, std::string const& path) {
    need(::bpf_obj_pin(fd, path.c_str()), "bpf_obj_pin");
}

class stage {
public:
    stage() {
        auto const in = bpffs_.path() + "/";
        pin(programs_.fd("iter_tasks"), in + "iter");
        pin(programs_.fd("egress_a"), in + "first");
        pin(programs_.fd("egress_b"), in + "second");
        bpflink::unique_fd const cgroup{
            need(::open(cgroup_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")};
        bpflink::unique_fd const link{need(::bpf_link_create(programs_.fd("egress_a"), cgroup.get(),
                                                             BPF_CGROUP_INET_EGRESS, nullptr),
                                           "bpf_link_create")};
        pin(link.get(), in + "link");
    }

    [[nodiscard]] std::string places() const { return bpffs_.path() + ' ' + cgroup_.path(); }

private:
    test_programs programs_{"iter_tasks", "egress_a", "egress_b"};
    sandbox::cgroup cgroup_;
    sandbox::bpffs bpffs_;
};

std::size_t wanted(std::string const& line) {
    std::istringstream words{line};
    std::string name;
    std::size_t links = 0;
    if (!(words >> name >> links) || name != "population")
        throw std::runtime_error{"not population NUMBER: " + line};
    return links;
}

} // namespace

int main() try {
    // Who asked may be gone before the answer: that ends the input, and not this at once.
    ::signal(SIGPIPE, SIG_IGN);
    stage const shared;
    crowd links;
    std::cout << "ready " << shared.places() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        try {
            auto const facts = links.become(wanted(line));
            std::cout << facts.links << ' ' << facts.ids << ' ' << facts.programs << ' '
                      << facts.letters << std::endl;
        } catch (std::exception const& e) {
            std::cout << "error " << e.what() << std::endl;
        }
    }
} catch (std::exception const& e) {
    std::printf("error %s\n", e.what());
    return 1;
}
