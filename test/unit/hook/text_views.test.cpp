// SPDX-License-Identifier: Apache-2.0
#include <bpflink/text_views.hpp>

#include <doctest/doctest.h>

TEST_CASE("views of texts refer to them, in their order") {
    std::vector<std::string> const texts{"vfs_read", "", "vfs_write"};
    auto const views = bpflink::text_views(texts);
    REQUIRE(views.size() == 3);
    for (std::size_t i = 0; i != 3; ++i) {
        CHECK(views[i] == texts[i]);
        CHECK(views[i].data() == texts[i].data());
    }
}

template <class Texts>
concept is_viewable = requires(Texts texts) { bpflink::text_views(static_cast<Texts>(texts)); };
static_assert(is_viewable<std::vector<std::string>&>);
static_assert(!is_viewable<std::vector<std::string>&&>);
