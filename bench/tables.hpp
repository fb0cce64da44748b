// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

struct options {
    std::vector<std::size_t> links{10, 1'000, 10'000};
    std::size_t pairs = 31;
};

/// Compares the walks at each number of links, the operations on one link, and prints tables of
/// them and of the memory that a walk takes.
void print_tables(options const& chosen);
