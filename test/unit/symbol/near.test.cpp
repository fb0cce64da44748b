// SPDX-License-Identifier: Apache-2.0
#include "symbol/near.hpp"

#include "machine.hpp"

#include <algorithm>
#include <string>

TEST_CASE("the distance of two names is the number of letters that differ, as far as it is asked") {
    struct pair {
        char const* one;
        char const* other;
        std::size_t distance;
    };
    for (auto const& [one, other, distance] :
         {pair{"", "", 0}, pair{"a", "", 1}, pair{"abc", "abc", 0}, pair{"abc", "abd", 1},
          pair{"abc", "ab", 1}, pair{"abc", "xabc", 1}, pair{"abcd", "badc", 3},
          pair{"kitten", "sitting", 3}, pair{"read", "daer", 4}, pair{"abc", "xyz", 3}}) {
        for (std::size_t most = 0; most != 5; ++most) {
            CAPTURE(one);
            CAPTURE(other);
            CHECK(bl::edit_distance(one, other, most) == std::min(distance, most + 1));
            CHECK(bl::edit_distance(other, one, most) == std::min(distance, most + 1));
        }
    }
}

TEST_CASE("the nearest names are told first, and few of them") {
    bl::near_names near{"connect"};
    CHECK(near.told().empty());
    near.offer("connect");
    near.offer("accept");
    CHECK(near.told().empty());
    for (auto const* const name : {"xxconnect", "conect", "connects", "my_connect", "cnnct"})
        near.offer(name);
    CHECK(near.told() == "near it: conect, connects, cnnct, xxconnect, my_connect");
    for (int i = 0; i != 100; ++i)
        near.offer("connect" + std::to_string(i));
    CHECK(near.told() == "near it: conect, connect0, connect1, connect2, connect3");
    near.offer("connect.part.0");
    CHECK(near.told().starts_with("there is only connect.part.0; near it: "));
}

TEST_CASE("short names have no others near them") {
    bl::near_names near{"f"};
    for (auto const* const name : {"g", "ff", "a_f", "of"})
        near.offer(name);
    CHECK(near.told().empty());
}
