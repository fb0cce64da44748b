// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include "error/errno_name.hpp"

void check_error(bl::error const& e, int number, bl::operation where, bl::errc condition,
                 std::initializer_list<std::string_view> texts) {
    auto const message = e.message();
    CAPTURE(message);
    CHECK(e.code().value() == number);
    CHECK(e.code() == static_cast<std::errc>(number));
    CHECK(e.where() == where);
    for (int i = 1; i <= static_cast<int>(bl::errc::timed_out); ++i) {
        auto const each = static_cast<bl::errc>(i);
        CAPTURE(each);
        CHECK((e == each) == (each == condition));
        CHECK((e.code() == each) == (each == condition));
    }
    auto const has = [&](std::string_view text) { return message.find(text) != message.npos; };
    CHECK(message.starts_with(to_string(where)));
    if (char const* const name = bl::errno_name(number)) CHECK(has(name));
    if (e.subject().find('\0') == std::string_view::npos) CHECK(has(e.subject())); // else escaped
    for (auto const text : texts) {
        CAPTURE(text);
        CHECK(has(text));
    }
    CHECK_FALSE(message.ends_with('.'));
    CHECK_FALSE(message.ends_with(' '));
    CHECK(message.find('\n') == message.npos);
}
