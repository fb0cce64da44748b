// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The same walks as entries of Google Benchmark, which reads its options from the command line.
/// False when it does not know one.
[[nodiscard]] bool run_google_benchmark(int argc, char** argv);
