// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

/// An operation, and what has to hold wherever it is killed. A child process runs it: it has a copy
/// of all that the parent has, handles too.
struct scenario {
    std::function<void()> prepare; ///< before each run, in the parent
    std::function<void()> act;     ///< in the child; an exception fails the test
    std::function<void()>
        check; ///< after each run, in the parent; and in the end after a whole one
};

/// Runs the operation again and again, and kills it (SIGKILL) before and after its first system
/// call, then its second, and so on, until it comes to its end. Each call is stopped before the
/// kernel does anything of it, and once it has done all. Pauses without another call between are
/// one.
/// @return how often it was killed
int kill_at_every_call(scenario const& what);
