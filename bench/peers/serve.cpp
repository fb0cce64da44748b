// SPDX-License-Identifier: Apache-2.0
#include "serve.hpp"

#include <cstdint>
#include <ctime>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

std::uint64_t now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(t.tv_nsec);
}

void add(tally& all, tally const& more, std::size_t times = 1) {
    all.seen += more.seen * times;
    all.numbers += more.numbers * times;
    all.letters += more.letters * times;
}

void answer(ability const& what, std::size_t times) {
    tally all;
    auto const start = now();
    for (std::size_t i = 0; i != times; ++i)
        add(all, what.work());
    auto const elapsed = now() - start;
    if (what.count) {
        all = {};
        add(all, what.count(), times);
    }
    std::cout << all.seen << ' ' << elapsed << ' ' << all.numbers << ' ' << all.letters
              << std::endl;
}

void carry_out(abilities const& all, std::string const& line) {
    std::istringstream words{line};
    std::string name;
    std::size_t times = 0;
    if (!(words >> name >> times)) throw std::runtime_error{"not OPERATION NUMBER: " + line};
    auto const found = all.find(name);
    if (found == all.end()) throw std::runtime_error{"no operation " + name};
    answer(found->second, times);
}

} // namespace

place place_from(int argc, char** argv) {
    if (argc != 4) throw std::runtime_error{"usage: PEER BPFFS CGROUP OBJECT"};
    return {argv[1], argv[2]};
}

void serve(abilities const& all) {
    std::cout << "ready";
    for (auto const& [name, what] : all)
        std::cout << ' ' << name;
    std::cout << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        try {
            carry_out(all, line);
        } catch (std::exception const& e) {
            std::cout << "error " << e.what() << std::endl;
        }
    }
}
