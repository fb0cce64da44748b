// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

namespace tool {

/// Keeps SIGINT, SIGTERM and SIGHUP from ending the process before what it holds is given back.
class end_signals {
public:
    end_signals() noexcept;
    end_signals(end_signals const&) = delete;
    end_signals& operator=(end_signals const&) = delete;

    /// Returns when one has come.
    void wait() const noexcept;

private:
    ::sigset_t all_{};
};

} // namespace tool
