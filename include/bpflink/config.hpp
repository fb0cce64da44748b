// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The options chosen when the library was built, for everything that includes it. If an option is
/// not the default, the build installs another file of this name.

// Defining it for one translation unit only leaves the program with two definitions of a coroutine.
#ifdef BPFLINK_NO_COROUTINES
#error "BPFLINK_NO_COROUTINES is an option of bpflink's build: cmake -DBPFLINK_NO_COROUTINES=ON"
#endif
