// SPDX-License-Identifier: Apache-2.0
// Programs of Go, which carry a table of their functions, stripped or not.
#include "real_files.hpp"

#include <bpflink/symbols.hpp>

#include <algorithm>
#include <cstdlib>

namespace {

constexpr std::string_view source = R"(package main

import "os"

type counter struct{ n int }

//go:noinline
func (c *counter) Add(n int) { c.n += n }

//go:noinline
func work(n int) int { return n + len(os.Args) }

func main() {
	c := &counter{}
	c.Add(work(1))
	os.Exit(c.n - c.n)
}
)";

/// A directory with one program built twice: plain, and stripped.
struct go_program : scratch {
    go_program(std::string const& options, std::string const& linker, std::string const& cache)
        : plain{*this / "plain"}, stripped{*this / "stripped"}, cache{cache} {
        std::ofstream{*this / "main.go"} << source;
        is_built = build(plain, options, linker) && build(stripped, options, "-s -w " + linker);
    }
    [[nodiscard]] bool build(std::string const& to, std::string const& options,
                             std::string const& linker) const {
        auto const command = "cd " + std::string{path} + " && GOCACHE=" + cache +
                             " GO111MODULE=off GOFLAGS= go build " + options + " -ldflags='" +
                             linker + "' -o " + to + " main.go > " + (*this / "log") + " 2>&1";
        return std::system(command.c_str()) == 0;
    }

    std::string plain, stripped, cache;
    bool is_built = false;
};

} // namespace

TEST_CASE("functions of a stripped program of Go are found at the offsets of the plain one") {
    if (std::system("command -v go > /dev/null") != 0) {
        MESSAGE("skipped: go is not installed");
        return;
    }
    scratch const cache;
    struct way {
        char const* options;
        char const* linker;
    };
    for (auto const& [options, linker] :
         {way{"", ""}, way{"-buildmode=pie", ""}, way{"", "-linkmode=external"},
          way{"-buildmode=pie", "-linkmode=external"}}) {
        CAPTURE(options);
        CAPTURE(linker);
        go_program const program{options, linker, cache.path};
        if (!program.is_built) {
            MESSAGE("skipped: " << contents((program / "log").c_str()));
            continue;
        }
        std::array<std::string_view, 4> const names{"main.main", "main.work", "main.(*counter).Add",
                                                    "runtime.mallocgc"};
        auto const wanted = bl::resolve_symbols(program.plain, names);
        REQUIRE_MESSAGE(wanted, wanted.error().message());
        CHECK(bl::resolve_symbols(program.stripped, names) == *wanted);
        CHECK(bl::symbol_at(program.stripped, (*wanted)[2] + 1) ==
              bl::symbol_at_place{"main.(*counter).Add", 1});
        auto const own = bl::matching_symbols(program.stripped, "main.*");
        REQUIRE(own);
        CHECK(std::ranges::includes(
            *own, std::array<std::string, 3>{"main.(*counter).Add", "main.main", "main.work"}));
        refused(bl::resolve_symbol(program.stripped, "main.wrok"), bl::errc::not_found,
                {"near it: main.work"});
    }
}
