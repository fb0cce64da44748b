// SPDX-License-Identifier: Apache-2.0
#include "interrupts.hpp"

#include <csignal>
#include <initializer_list>

namespace demo {
namespace {

std::sig_atomic_t volatile noted = 0;

void note(int signal) {
    noted = signal;
}

} // namespace

void note_interrupts() {
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART; // so that no system call fails for it
    for (int const signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        struct sigaction before{};
        ::sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_IGN)
            ::sigaction(signal, &action, nullptr); // nohup and its like
    }
}

void stop_if_interrupted() {
    if (noted != 0) throw interruption{};
}

void die_if_interrupted() {
    if (noted == 0) return;
    std::signal(noted, SIG_DFL);
    std::raise(noted);
}

} // namespace demo
