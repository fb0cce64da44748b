// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <functional>
#include <initializer_list>

/// Each step that a child process is given and that does not hold is an exit code. Doctest's macros
/// have no place there.
class steps {
public:
    void operator()(bool holds, char const* what);
    [[nodiscard]] int failed() const noexcept { return failed_; }

private:
    int number_ = 0;
    int failed_ = 0;
};

using child_job = std::function<void(steps&)>;

/// Runs `job` in a child process; the number of the step that failed first, 0 when none did.
[[nodiscard]] int in_child(child_job const& job);

/// The same without any privilege.
[[nodiscard]] int as_nobody(child_job const& job);

/// The same with these capabilities (CAP_BPF) and no other, and without the descriptors that this
/// process has; -1 where the kernel does not know one of them.
[[nodiscard]] int with_capabilities(std::initializer_list<unsigned> capabilities,
                                    child_job const& job);

/// While it lives, descriptor 0 is one of what another is open for.
class standard_input_is {
public:
    explicit standard_input_is(bpflink::fd_view other);
    ~standard_input_is();
    standard_input_is(standard_input_is const&) = delete;
    standard_input_is& operator=(standard_input_is const&) = delete;

private:
    bpflink::unique_fd before_;
};

/// Closes all descriptors but those of standard input, output and error, as daemons do.
void close_all() noexcept;
