// SPDX-License-Identifier: Apache-2.0
#include "google.hpp"
#include "sandbox.hpp"
#include "tables.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

constexpr char const* usage = R"(usage: bpflink-bench [--links N[,N...]] [--pairs N]
       bpflink-bench --benchmark_filter=. [--benchmark_...]

Makes that many BPF links, walks them by the library and by C calls of libbpf in turn, and prints
how long the library takes for each time that the calls take. With an option of Google Benchmark's,
runs its entries instead. Needs root.

  --links  how many links there are (10,1000,10000)
  --pairs  how many pairs of measurements the medians are taken of (31)
)";

struct bad_usage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::size_t positive(std::string_view text) {
    std::size_t value = 0;
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value == 0)
        throw bad_usage{"not a positive number: " + std::string{text}};
    return value;
}

std::vector<std::size_t> positives(std::string_view text) {
    std::vector<std::size_t> all;
    for (;;) {
        auto const comma = text.find(',');
        all.push_back(positive(text.substr(0, comma)));
        if (comma == text.npos) return all;
        text.remove_prefix(comma + 1);
    }
}

options parse(std::span<char* const> arguments) {
    options chosen;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        std::string_view const name = arguments[i];
        if (name != "--links" && name != "--pairs")
            throw bad_usage{"unknown: " + std::string{name}};
        if (i + 1 == arguments.size()) throw bad_usage{std::string{name} + " needs a value"};
        if (name == "--links")
            chosen.links = positives(arguments[i + 1]);
        else
            chosen.pairs = positive(arguments[i + 1]);
    }
    return chosen;
}

} // namespace

int main(int argc, char** argv) try {
    std::span<char* const> const arguments{argv + 1, static_cast<std::size_t>(argc - 1)};
    if (std::ranges::any_of(arguments, [](std::string_view a) { return a == "--help"; })) {
        std::fputs(usage, stdout);
        return 0;
    }
    bool const google = std::ranges::any_of(
        arguments, [](std::string_view a) { return a.starts_with("--benchmark_"); });
    auto const chosen = google ? options{} : parse(arguments);
    if (::geteuid() != 0) throw std::runtime_error{"making and listing links needs root"};
    sandbox::enter_private_mounts();
    if (google) return run_google_benchmark(argc, argv) ? 0 : 2;
    print_tables(chosen);
} catch (bad_usage const& e) {
    std::fprintf(stderr, "bpflink-bench: %s\n%s", e.what(), usage);
    return 2;
} catch (std::exception const& e) {
    std::fprintf(stderr, "bpflink-bench: %s\n", e.what());
    return 1;
}
