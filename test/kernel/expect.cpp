// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"

#include <bpflink/link.hpp>

namespace bl = bpflink;

std::string place(std::source_location where) {
    return std::string{where.file_name()} + ":" + std::to_string(where.line());
}

void check_error(bl::error const& e, bl::errc condition,
                 std::initializer_list<std::string_view> words, std::source_location where) {
    INFO("at ", place(where));
    auto const message = e.message();
    CAPTURE(message);
    CHECK(e == condition);
    CHECK(e.code() == condition);
    int met = 0;
    for (int other = 1; other <= static_cast<int>(bl::errc::timed_out); ++other)
        met += e == static_cast<bl::errc>(other) ? 1 : 0;
    CHECK(met == 1);
    for (auto const word : words)
        CHECK_MESSAGE(message.find(word) != std::string::npos, "no '", std::string{word},
                      "' in it");
}

bool is_gone(bl::link_id id) {
    auto const opened = bl::link::from_id(id);
    return !opened && opened.error() == bl::errc::not_found;
}
