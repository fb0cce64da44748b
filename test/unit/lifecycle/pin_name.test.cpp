// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/lifecycle/pin_name.hpp>

#include <set>
#include <string>
#include <string_view>

TEST_CASE("a pin's name has no byte in it that a bpffs refuses, and what it may have stays") {
    CHECK(bl::pin_name("eth0.100") == "eth0%2E100");
    CHECK(bl::pin_name("") == "%");
    CHECK(bl::pin_name("%") == "%25");
    CHECK(bl::pin_name(".") == "%2E");
    CHECK(bl::pin_name("..") == "%2E%2E");
    CHECK(bl::pin_name("a/b") == "a%2Fb");
    CHECK(bl::pin_name(std::string_view{"\0\x1f\x7f\n", 4}) == "%00%1F%7F%0A");
    CHECK(bl::pin_name("a b~\xc3\xa4\xff") == "a b~\xc3\xa4\xff");
    CHECK(bl::pin_name("x%tmp") == "x%25tmp"); // never replace_pin's temporary name
}

TEST_CASE("every text comes back from its pin's name, and no two have one name") {
    std::set<std::string> names;
    auto const check = [&](std::string const& text) {
        auto const name = bl::pin_name(text);
        CHECK(names.insert(name).second);
        CHECK(name.find_first_of("./") == name.npos);
        CHECK(bl::text_of_pin_name(name) == text);
    };
    check("");
    for (int first = 0; first != 256; ++first) {
        check(std::string(1, static_cast<char>(first)));
        for (char const second : {'%', '.', '2', 'E', '\0', 'a'})
            check(std::string{static_cast<char>(first)} + second);
    }
    check("%2E");
}

TEST_CASE("a name that is made of no text has none") {
    for (std::string_view const name :
         {std::string_view{}, std::string_view{"."}, std::string_view{"a.b"},
          std::string_view{"a/b"}, std::string_view{"x%tmp"}, std::string_view{"%2"},
          std::string_view{"x%"}, std::string_view{"%%"}, std::string_view{"%2e"},
          std::string_view{"%41"}, std::string_view{"%80"}, std::string_view{"\x7f"},
          std::string_view{"\0", 1}}) {
        CAPTURE(name);
        CHECK_FALSE(bl::text_of_pin_name(name).has_value());
    }
}
