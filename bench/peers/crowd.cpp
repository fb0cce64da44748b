// SPDX-License-Identifier: Apache-2.0
#include "crowd.hpp"

#include "population.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using bpflink::unique_fd;

int need(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

std::size_t most_links() {
    constexpr std::size_t others = 512; // descriptors for anything else
    rlimit limit{};
    need(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    return limit.rlim_max < 2 * others ? others : limit.rlim_max - others;
}

/// All links of a population are of one program and of one name.
crowd::facts facts_of(population const& live) {
    crowd::facts all;
    for (auto const id : live.ids())
        all.ids += id.value();
    all.links = live.ids().size();
    unique_fd const fd{need(::bpf_link_get_fd_by_id(live.ids()[0].value()), "a link")};
    std::array<char, 128> name{};
    ::bpf_link_info info{};
    info.raw_tracepoint.tp_name = reinterpret_cast<std::uintptr_t>(name.data()); // or iter's
    info.raw_tracepoint.tp_name_len = name.size();
    std::uint32_t size = sizeof info;
    need(::bpf_link_get_info_by_fd(fd.get(), &info, &size), "a link's info");
    all.programs = info.prog_id * all.links;
    all.letters = static_cast<unsigned char>(name[0]) * all.links;
    return all;
}

/// The holder's process: makes the links, tells of them, and waits until nobody wants them.
int hold(std::size_t links, unique_fd const& other_end) try {
    population const live{population::can_share_a_tracepoint() ? population::kind::raw_tracepoint
                                                               : population::kind::iter,
                          links};
    auto const all = facts_of(live);
    need(static_cast<int>(::write(other_end.get(), &all, sizeof all)), "write");
    char nothing = 0;
    return ::read(other_end.get(), &nothing, 1) == 0 ? 0 : 1;
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}

} // namespace

crowd::facts crowd::become(std::size_t links) {
    leave();
    facts all;
    for (auto const most = most_links(); links != 0;) {
        auto const some = add_holder(std::min(links, most));
        all.links += some.links;
        all.ids += some.ids;
        all.programs += some.programs;
        all.letters += some.letters;
        links -= some.links;
    }
    return all;
}

crowd::facts crowd::add_holder(std::size_t links) {
    std::array<int, 2> ends;
    need(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    unique_fd ours{ends[0]};
    unique_fd theirs{ends[1]};
    auto const process = need(::fork(), "fork");
    if (process == 0) {
        // The other holders' ends too: they would not see them closed.
        for (auto& other : holders_)
            other.end.reset();
        ours.reset();
        ::_exit(hold(links, theirs)); // without the destructors of what is this process's
    }
    theirs.reset();
    holders_.push_back({process, std::move(ours)});
    facts some;
    if (::read(holders_.back().end.get(), &some, sizeof some) != sizeof some)
        throw std::runtime_error{"no links: a holder failed"};
    return some;
}

void crowd::leave() noexcept {
    for (auto& each : holders_)
        each.end.reset();
    for (auto& each : holders_)
        ::waitpid(each.process, nullptr, 0);
    holders_.clear();
}
