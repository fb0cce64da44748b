// SPDX-License-Identifier: Apache-2.0
// A program in two parts: `twice` is the name of a function of either, and `settled` too, of which
// one is global. It prints where they are, and what it is mapped from.
#include <cstdio>
#include <fstream>
#include <iostream>

extern "C" {
// Their names: compilers differ on those of static functions.
static int twice() __asm__("twice");
#if PART == 1
static int settled() __asm__("settled");
#endif
void print_first();
void print_second();

__attribute__((noinline)) static int twice() {
    return PART;
}

#if PART == 1
__attribute__((noinline)) static int settled() {
    return PART;
}
#else
int settled() {
    return PART;
}
#endif

#if PART == 1
void print_first() {
    std::printf("first_twice %p\nfirst_settled %p\n", reinterpret_cast<void*>(&twice),
                reinterpret_cast<void*>(&settled));
}
#else
void print_second() {
    std::printf("second_twice %p\nsettled %p\nprint_second %p\n", reinterpret_cast<void*>(&twice),
                reinterpret_cast<void*>(&settled), reinterpret_cast<void*>(&print_second));
}
#endif
}

#if PART == 1
int main() {
    print_first();
    print_second();
    std::fflush(stdout);
    std::cout << std::ifstream{"/proc/self/maps"}.rdbuf();
}
#endif
