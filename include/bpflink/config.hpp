// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was chosen when the library was built, for all who include it: where an option is not the
/// default, the build installs another file of this name.

// Whoever defines it for one translation unit only has two that disagree on what a coroutine is.
#ifdef BPFLINK_NO_COROUTINES
#error "BPFLINK_NO_COROUTINES is an option of bpflink's build: cmake -DBPFLINK_NO_COROUTINES=ON"
#endif
