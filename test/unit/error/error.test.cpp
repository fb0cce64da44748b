// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/error.hpp>

#include <future>
#include <map>
#include <sstream>
#include <vector>

namespace {

using bl::uapi::enotsupp;

std::vector<bl::errc> all_conditions() {
    std::vector<bl::errc> all;
    for (int i = 1; i <= static_cast<int>(bl::errc::timed_out); ++i)
        all.push_back(static_cast<bl::errc>(i));
    return all;
}

} // namespace

TEST_CASE("an errno has its usual condition when nothing more is known, and no other") {
    std::map<int, bl::errc> const usual{
        {EOPNOTSUPP, bl::errc::not_supported},
        {ENOSYS, bl::errc::not_supported},
        {enotsupp, bl::errc::not_supported},
        {ENOENT, bl::errc::not_found},
        {ENODEV, bl::errc::not_found},
        {ENXIO, bl::errc::not_found},
        {ESRCH, bl::errc::not_found},
        {EEXIST, bl::errc::already_exists},
        {EPERM, bl::errc::permission_denied},
        {EACCES, bl::errc::permission_denied},
        {ENOLINK, bl::errc::defunct},
        {ESTALE, bl::errc::stale_revision},
        {EBUSY, bl::errc::hook_busy},
        {EINVAL, bl::errc::invalid_argument},
        {EBADF, bl::errc::invalid_argument},
        {ERANGE, bl::errc::invalid_argument},
        {ENAMETOOLONG, bl::errc::invalid_argument},
        {ENOTDIR, bl::errc::invalid_argument},
        {EISDIR, bl::errc::invalid_argument},
        {EAFNOSUPPORT, bl::errc::invalid_argument},
        {EROFS, bl::errc::read_only},
        {ETIMEDOUT, bl::errc::timed_out},
    };
    for (int number = 1; number != 530; ++number) {
        CAPTURE(number);
        auto const found = usual.find(number);
        auto const expected = found == usual.end() ? no_condition : found->second;
        CHECK(bl::usual_condition(number) == expected);
        bl::error const e{number, bl::operation::link_create};
        for (auto const each : all_conditions()) {
            CAPTURE(each);
            CHECK((e == each) == (each == expected));
            CHECK((e.code() == each) == (each == expected));
        }
    }
}

TEST_CASE("the condition that was chosen where it happened wins over the errno's usual one") {
    for (auto const condition : all_conditions()) {
        bl::error const e{EPERM, bl::operation::link_update, condition, "link 7"};
        check_error(e, EPERM, bl::operation::link_update, condition);
        CHECK(e.code() == std::errc::operation_not_permitted);
        CHECK(e.code() != std::errc::permission_denied);
    }
}

TEST_CASE("an error without a condition is still its errno") {
    for (int const number : {EAGAIN, EMFILE, ENOMEM, ENOSPC, E2BIG, EFAULT, EIO})
        check_error(bl::error{number, bl::operation::read, "x"}, number, bl::operation::read,
                    no_condition);
}

TEST_CASE("an error's code is a plain std::error_code that keeps errno and condition") {
    std::error_code const code =
        bl::error{EPERM, bl::operation::link_update, bl::errc::program_mismatch}.code();
    CHECK(code.value() == EPERM);
    CHECK(code == std::errc::operation_not_permitted);
    CHECK(code == bl::errc::program_mismatch);
    CHECK(bl::errc::program_mismatch == code);
    CHECK(code != bl::errc::permission_denied);
    CHECK(code.message() == std::generic_category().message(EPERM));
    CHECK(std::string{code.category().name()} == "bpflink");

    auto const same = bl::error{EPERM, bl::operation::obj_pin, bl::errc::program_mismatch}.code();
    auto const other = bl::error{EPERM, bl::operation::link_update}.code();
    CHECK(code == same);
    CHECK(code != other);
}

TEST_CASE("the kernel's ENOTSUPP, which libc has no name for, is not_supported") {
    bl::error const e{enotsupp, bl::operation::link_create, "tracing"};
    CHECK(e == bl::errc::not_supported);
    CHECK(e.code().value() == enotsupp);
    CHECK(e.code() == std::errc::operation_not_supported);
    CHECK(e.message() == "link_create tracing: operation not supported (ENOTSUPP)");
}

TEST_CASE("a code of the system's own categories meets the usual condition of its errno") {
    CHECK(std::make_error_code(std::errc::no_such_file_or_directory) == bl::errc::not_found);
    CHECK(std::error_code{EBUSY, std::system_category()} == bl::errc::hook_busy);
    CHECK(std::error_code{EBUSY, std::system_category()} != bl::errc::not_found);
    CHECK(std::error_code{0, std::system_category()} != bl::errc::not_found);
    CHECK(std::error_code{ENOENT, std::future_category()} != bl::errc::not_found);
}

TEST_CASE("a condition has a name of its own") {
    CHECK(bl::make_error_condition(bl::errc::defunct).message() == "defunct");
    CHECK(std::string{bl::make_error_condition(bl::errc::defunct).category().name()} ==
          "bpflink condition");
    std::map<bl::errc, std::string> const names{
        {bl::errc::not_supported, "not_supported"},
        {bl::errc::not_found, "not_found"},
        {bl::errc::already_exists, "already_exists"},
        {bl::errc::permission_denied, "permission_denied"},
        {bl::errc::not_a_link, "not_a_link"},
        {bl::errc::defunct, "defunct"},
        {bl::errc::program_mismatch, "program_mismatch"},
        {bl::errc::stale_revision, "stale_revision"},
        {bl::errc::hook_busy, "hook_busy"},
        {bl::errc::invalid_argument, "invalid_argument"},
        {bl::errc::wrong_kind, "wrong_kind"},
        {bl::errc::still_held, "still_held"},
        {bl::errc::read_only, "read_only"},
        {bl::errc::timed_out, "timed_out"},
    };
    for (auto const& [condition, name] : names) {
        CHECK(to_string(condition) == name);
        std::ostringstream out;
        out << condition;
        CHECK(out.str() == name);
    }
    CHECK(to_string(static_cast<bl::errc>(42)) == "unknown(42)");
}

TEST_CASE("a message says the operation, what it was about, the reason and what to do") {
    using bl::error;
    using bl::operation;
    CHECK(error{ENOENT, operation::obj_get}.message() ==
          "obj_get: No such file or directory (ENOENT)");
    CHECK(error{ENOENT, operation::obj_get, "/bpf/x"}.message() ==
          "obj_get /bpf/x: No such file or directory (ENOENT)");
    error e{EPERM, operation::link_update, bl::errc::program_mismatch, "link 7", "try again"};
    CHECK(e.message() == "link_update link 7: Operation not permitted (EPERM); try again");
    CHECK(e.where() == operation::link_update);
    CHECK(e.subject() == "link 7");

    e.add_advice("undoing failed too: x");
    CHECK(e.message() ==
          "link_update link 7: Operation not permitted (EPERM); try again; undoing failed too: x");
    std::ostringstream out;
    out << e;
    CHECK(out.str() == e.message());

    error bare{EIO, operation::read};
    bare.add_advice("only advice");
    CHECK(bare.message() == "read: Input/output error (EIO); only advice");
    CHECK(error{4'711, operation::read}.message().find("errno 4711") != std::string::npos);
}

TEST_CASE("errors are equal when everything in them is") {
    using bl::error;
    using bl::operation;
    error const e{EPERM, operation::link_update, bl::errc::program_mismatch, "link 7", "advice"};
    CHECK(e == error{e});
    CHECK(e !=
          error{EACCES, operation::link_update, bl::errc::program_mismatch, "link 7", "advice"});
    CHECK(e !=
          error{EPERM, operation::link_detach, bl::errc::program_mismatch, "link 7", "advice"});
    CHECK(e !=
          error{EPERM, operation::link_update, bl::errc::permission_denied, "link 7", "advice"});
    CHECK(e !=
          error{EPERM, operation::link_update, bl::errc::program_mismatch, "link 8", "advice"});
    CHECK(e != error{EPERM, operation::link_update, bl::errc::program_mismatch, "link 7", "other"});
}

// E25
TEST_CASE("a message is one line, whatever the names in it are") {
    using bl::error;
    using bl::operation;
    auto const told = [](char const* subject) {
        return error{ENOENT, operation::obj_get, subject}.message();
    };
    constexpr char const* end = ": No such file or directory (ENOENT)";
    CHECK(told("/bpf/a\nb") == std::string{"obj_get /bpf/a\\nb"} + end);
    CHECK(told("\x1b[31mred\r\t\x7f") == std::string{"obj_get \\x1b[31mred\\x0d\\x09\\x7f"} + end);
    CHECK(told("a\\nb") == std::string{"obj_get a\\\\nb"} + end); // no newline, and told from one
    CHECK(told("gr\u00fc\u00df \u2026 \U0001f41d") ==
          std::string{"obj_get gr\u00fc\u00df \u2026 \U0001f41d"} + end);
    // Ends of lines to some programs, and what turns the text behind it around.
    CHECK(told("a\u2028b\u202ec") ==
          std::string{"obj_get a\\xe2\\x80\\xa8b\\xe2\\x80\\xaec"} + end);
    CHECK(told("\u2027\u202f\u2065\u206a") ==
          std::string{"obj_get \u2027\u202f\u2065\u206a"} + end);
    // What some terminals take for a command, and what is no UTF-8.
    CHECK(told("\xc2\x9b"
               "2J") == std::string{"obj_get \\xc2\\x9b2J"} + end);
    CHECK(told("\x9b"
               "2J\xc3") == std::string{"obj_get \\x9b2J\\xc3"} + end);
    CHECK(told("\xc0\x8a") == std::string{"obj_get \\xc0\\x8a"} + end);
}

// E25
TEST_CASE("advice is on the line too, and another error's message stays as it was escaped") {
    bl::error const undoing{EACCES, bl::operation::unlink, "/bpf/a\nb\\c"};
    bl::error e{EIO, bl::operation::read, bl::errc{}, "x", "line\nline"};
    e.add_advice(undoing.message());
    CHECK(e.message() == "read x: Input/output error (EIO); line\\nline; unlink /bpf/a\\nb\\\\c: "
                         "Permission denied (EACCES)");
    CHECK(undoing.subject() == "/bpf/a\nb\\c");
}

// E26
TEST_CASE("a code of another copy of this library meets the condition that it has there") {
    // What such a copy has: classes of its own, and the same names.
    struct : std::error_category {
        char const* name() const noexcept override { return "bpflink condition"; }
        std::string message(int) const override { return {}; }
    } const of_the_copy;
    auto const there = [&](bl::errc condition) {
        return std::error_condition{static_cast<int>(condition), of_the_copy};
    };
    auto const code =
        bl::error{EPERM, bl::operation::link_update, bl::errc::program_mismatch}.code();
    CHECK(code == there(bl::errc::program_mismatch));
    CHECK(code != there(bl::errc::permission_denied));
}

TEST_CASE("a switch over the condition of an error names every case") {
    auto const action = [](bl::error const& e) -> std::string {
        auto const condition = e.condition();
        if (!condition) return "none";
        switch (*condition) {
        case bl::errc::not_found: return "attach";
        case bl::errc::wrong_kind: return "another hook's";
        case bl::errc::read_only: return "mount";
        default: return "give up";
        }
    };
    CHECK(action({ENOENT, bl::operation::obj_get}) == "attach");
    CHECK(action({EINVAL, bl::operation::identify, bl::errc::wrong_kind}) == "another hook's");
    CHECK(action({EROFS, bl::operation::obj_pin}) == "mount");
    CHECK(action({EINVAL, bl::operation::link_create}) == "give up");
    CHECK(action({EMFILE, bl::operation::link_create}) == "none");
    CHECK(action({EINVAL, bl::operation::link_create, bl::errc{}}) == "none");
}
