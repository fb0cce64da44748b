// SPDX-License-Identifier: Apache-2.0
#include "symbol/names.hpp"

#include "machine.hpp"

#include <string>
#include <string_view>

TEST_CASE("a pattern has to match the whole text") {
    for (auto const& [text, pattern] :
         std::initializer_list<std::pair<char const*, char const*>>{{"tcp_connect", "tcp_connect"},
                                                                    {"tcp_connect", "tcp_*"},
                                                                    {"tcp_connect", "*"},
                                                                    {"tcp_connect", "**"},
                                                                    {"tcp_connect", "*_connect"},
                                                                    {"tcp_connect", "t*p*n*t*"},
                                                                    {"tcp_connect", "???_connect"},
                                                                    {"tcp_connect", "tcp_connect*"},
                                                                    {"ababac", "*abac"},
                                                                    {"a[b]\\c", "a[b]\\c"},
                                                                    {"", "*"}})
        CHECK_MESSAGE(bl::matches_pattern(text, pattern), text, " ", pattern);
    for (auto const& [text, pattern] :
         std::initializer_list<std::pair<char const*, char const*>>{{"tcp_connect", "tcp"},
                                                                    {"tcp_connect", "connect"},
                                                                    {"tcp_connect", "tcp_connect?"},
                                                                    {"tcp_connect", "*_connec"},
                                                                    {"ababad", "*abac"},
                                                                    {"ab", "a[b]"},
                                                                    {"", "?"},
                                                                    {"a", ""}})
        CHECK_FALSE_MESSAGE(bl::matches_pattern(text, pattern), text, " ", pattern);
}

TEST_CASE("a pattern of many stars takes no exponential time") {
    std::string pattern;
    for (int i = 0; i != 50; ++i)
        pattern += "*a";
    CHECK_FALSE(bl::matches_pattern(std::string(5'000, 'a') + "b", pattern));
}
