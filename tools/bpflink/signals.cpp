// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <initializer_list>
#include <pthread.h>

namespace tool {

end_signals::end_signals() noexcept {
    ::sigemptyset(&all_);
    for (int const number : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&all_, number);
    ::pthread_sigmask(SIG_BLOCK, &all_, nullptr);
}

void end_signals::wait() const noexcept {
    int number = 0;
    ::sigwait(&all_, &number);
}

} // namespace tool
