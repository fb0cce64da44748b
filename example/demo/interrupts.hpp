// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace demo {

/// Thrown to leave early, so that destructors put everything back.
struct interruption {};

/// From now on Ctrl-C and its like (a closed terminal or pipe, TERM) only leave a note, at which
/// `stop_if_interrupted` ends the run.
void note_interrupts();

/// Throws `interruption`.
void stop_if_interrupted();

/// Ends the process by the signal that was noted, so that its parent sees what happened; returns
/// when there was none.
void die_if_interrupted();

} // namespace demo
