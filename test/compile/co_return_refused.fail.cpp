// SPDX-License-Identifier: Apache-2.0
// What `return x;` refuses, `co_return x;` refuses: explicit and narrowing conversions. E13
#include <bpflink/bpflink.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bl = bpflink;

#ifdef FIXED
#define TRUTH(x) x != nullptr
#define LENGTH(x) std::vector<int>(x)
#define SECONDS(x)                                                                                 \
    std::chrono::seconds {                                                                         \
        x                                                                                          \
    }
#define OWNER(x) std::unique_ptr<int>(x)
#else
#define TRUTH(x) x
#define LENGTH(x) x
#define SECONDS(x) x
#define OWNER(x) x
#endif

bl::result<bool> truth(std::unique_ptr<int> p) {
    co_return TRUTH(p); // error
}
bl::result<std::vector<int>> vector(std::size_t n) {
    co_return LENGTH(n); // error
}
bl::result<std::chrono::seconds> duration(int n) {
    co_return SECONDS(n); // error
}
bl::result<std::unique_ptr<int>> owner(int* p) {
    co_return OWNER(p); // error
}
