// SPDX-License-Identifier: Apache-2.0
#include "probed.hpp"

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

// Neither inlined nor merged: their bodies differ.
[[gnu::noinline]] int probed_a(int value) {
    asm volatile("nop");
    return value;
}

[[gnu::noinline]] int probed_b(int value) {
    asm volatile("nop; nop");
    return value;
}

std::uint64_t file_offset_of(int (*function)(int)) {
    return file_offset_of(reinterpret_cast<void const*>(function));
}

std::uint64_t file_offset_of(void const* object) {
    auto const address = reinterpret_cast<std::uintptr_t>(object);
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        std::uint64_t offset = 0;
        if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end,
                        &offset) != 3)
            continue;
        if (start <= address && address < end) return address - start + offset;
    }
    throw std::runtime_error{"it is in no mapping"};
}

std::int64_t number_in(char const* path) {
    std::ifstream file{path};
    std::int64_t number = 0;
    return file >> number ? number : -1;
}
