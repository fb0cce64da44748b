// SPDX-License-Identifier: Apache-2.0
// The cost of telling who holds links: 1,000 processes with 30 descriptors each, and 1 or 200
// links. holders() is one pass, whatever their number.
#include "programs.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;
using tracing = bl::program_ref<bl::program_type::tracing>;

namespace {

constexpr int processes = 1'000;
constexpr int descriptors = 30;
constexpr int links = 200;
constexpr int rounds = 15;

/// Processes that hold descriptors until they are let go.
class crowd {
public:
    crowd() {
        if (::pipe2(pipe_, O_CLOEXEC) < 0) std::abort();
        for (int i = 0; i != processes; ++i) {
            pid_t const child = ::fork();
            if (child != 0) {
                children_.push_back(child);
                continue;
            }
            ::close(pipe_[1]);
            ::close_range(3, static_cast<unsigned>(pipe_[0]) - 1, 0);
            for (int fd = 4; fd < descriptors; ++fd)
                ::dup(0);
            char letter;
            ::_exit(static_cast<int>(::read(pipe_[0], &letter, 1)));
        }
    }
    crowd(crowd const&) = delete;
    crowd& operator=(crowd const&) = delete;
    ~crowd() {
        ::close(pipe_[0]);
        ::close(pipe_[1]);
        for (pid_t const child : children_)
            ::waitpid(child, nullptr, 0);
    }

private:
    int pipe_[2]{};
    std::vector<pid_t> children_;
};

/// The median, in milliseconds.
template <class Call>
double time_of(Call call) {
    std::vector<double> took;
    for (int i = 0; i != rounds; ++i) {
        auto const begin = std::chrono::steady_clock::now();
        if (!call()) std::abort();
        took.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                .count());
    }
    std::ranges::sort(took);
    return took[took.size() / 2];
}

} // namespace

int main() {
    test_programs const programs{"iter_tasks"};
    auto const prog = tracing::from(programs.get("iter_tasks"));
    if (!prog) return 1;
    crowd const others;
    ::sleep(1); // until all of them have their descriptors
    std::vector<bl::iter_link> made;
    auto const add = [&] {
        auto l = bl::attach(*prog, bl::hook::iter{});
        if (!l) std::exit(1);
        made.push_back(*std::move(l));
    };
    add();
    auto const id = made.front().info().value().id;
    std::cout << "processes " << processes << ", descriptors each " << descriptors << '\n'
              << "holders(id)            " << time_of([&] { return bl::holders(id); }) << " ms\n"
              << "holders() of 1 link    " << time_of([] { return bl::holders(); }) << " ms\n";
    while (made.size() != links)
        add();
    std::cout << "holders() of 200 links " << time_of([] { return bl::holders(); }) << " ms\n";
}
