// SPDX-License-Identifier: Apache-2.0
#include "symbol/demangle.hpp"

#include "machine.hpp"

#include <chrono>
#include <string>

TEST_CASE("names of C++ are those with a scope or parameters") {
    for (auto const* const name : {"ns::f", "f()", "f(int)", "(anonymous namespace)::f"})
        CHECK(bl::is_readable_name(name));
    for (auto const* const name : {"f", "_Z1fv", "f.isra.0", "both@ONE"})
        CHECK_FALSE(bl::is_readable_name(name));
}

TEST_CASE("a name is made readable, and what is not such a name is not") {
    bl::demangler demangle;
    CHECK(demangle("_ZN2ns1fEic") == "ns::f(int,char)");
    CHECK(demangle("_ZN12_GLOBAL__N_11fEv") == "(anonymousnamespace)::f()");
    CHECK(demangle("_ZN2ns1fEi") == "ns::f(int)");
    for (auto const* const name : {"f", "", "_Z", "_ZN2ns1f", "_ZZZZ"})
        CHECK(demangle(name).empty());
}

TEST_CASE("a readable name is one function's, or those of any parameters") {
    bl::readable_name const any{"ns::f"}, one{"ns::f(int, char)"},
        unnamed{"(anonymous namespace)::f"};
    CHECK(any.is("ns::f(int)"));
    CHECK(any.is("ns::f[abi:cxx11](int)"));
    CHECK_FALSE(any.is("ns::ff(int)"));
    CHECK_FALSE(any.is("ns::f::g(int)"));
    CHECK_FALSE(any.is("ns::f(int)[clone.cold]"));
    CHECK(one.is("ns::f(int,char)"));
    CHECK_FALSE(one.is("ns::f(int)"));
    CHECK(unnamed.is("(anonymousnamespace)::f(int)"));
    CHECK(any.may_be("_ZN2ns1fEi"));
    CHECK(unnamed.may_be("_ZN12_GLOBAL__N_11fEv"));
    CHECK_FALSE(one.may_be("_ZN2ns1gEi"));
    CHECK_FALSE(any.may_be("f"));
    bl::readable_name const call{"ns::operator()(int)"};
    CHECK(call.may_be("_ZN2nsclEi"));
}

// E30
TEST_CASE("a name that would grow without bounds is refused at once") {
    std::string grows = "_Z1fI1AIiiE"; // each type is a pair of the one before it
    for (int i = 0; i != 60; ++i) {
        std::string const before =
            i == 0 ? "" : std::string(1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(i - 1) % 36]);
        grows += "S_IS" + before + "_S" + before + "_E";
    }
    grows += "Evv";
    auto const begin = std::chrono::steady_clock::now();
    bl::demangler demangle;
    CHECK(demangle(grows).empty());
    CHECK(demangle("_Z1f" + std::string(100'000, 'P') + "i").empty());
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes{1});
    CHECK(demangle("_Z1f" + std::string(900, 'P') + "i").size() == 900 + 6);
    CHECK(demangle("_Z1fi") == "f(int)");
}
