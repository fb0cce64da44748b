// SPDX-License-Identifier: Apache-2.0
#include "iterator.hpp"

#include <bpflink/hook/iter.hpp>
#include <bpflink/iter_output.hpp>
#include <bpflink/typed_link.hpp>

#include <array>
#include <string>
#include <utility>

TEST_CASE_FIXTURE(iterator, "all that an iterator prints is read to its end") {
    there.output = {std::string{"one\n"}, std::string{"two\n"}, std::string(200'000, '.')};
    auto output = opened();
    CHECK(output.read_all() == "one\ntwo\n" + std::string(200'000, '.'));
    CHECK(output.read_all() == "");
    CHECK(opened().read_all()->size() == 200'008); // each opening is a run of its own
}

TEST_CASE_FIXTURE(iterator, "an iterator that prints nothing is empty") {
    CHECK(opened().read_all() == "");
}

TEST_CASE_FIXTURE(iterator, "reading gives at most what there is room for, then 0") {
    there.output = {std::string{"abcdef"}};
    auto output = opened();
    std::array<std::byte, 4> room{};
    CHECK(output.read(room) == 4U);
    CHECK(static_cast<char>(room[0]) == 'a');
    CHECK(output.read(room) == 2U);
    CHECK(static_cast<char>(room[1]) == 'f');
    CHECK(output.read(room) == 0U);
    CHECK(output.read(room) == 0U);
}

TEST_CASE_FIXTURE(iterator, "reading goes on where the kernel paused") {
    there.output = {EAGAIN, EAGAIN, std::string{"late"}, EAGAIN};
    auto output = opened();
    CHECK(output.read_all() == "late");
    CHECK(calls(call::read) == 5);
}

TEST_CASE_FIXTURE(iterator, "what the program or the kernel fails with is passed on") {
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{E2BIG, no_condition},
                                               {ENOMEM, no_condition},
                                               {EOPNOTSUPP, bl::errc::not_supported},
                                               {EACCES, bl::errc::permission_denied},
                                               {EPERM, bl::errc::permission_denied}}) {
        there.output = {std::string{"start"}, number, std::string{"end"}};
        auto output = opened();
        auto const text = output.read_all();
        REQUIRE_FALSE(text);
        check_error(text.error(), number, bl::operation::read, condition, {"iterator output"});
        CHECK(output.read_all() == "end");
    }
}

TEST_CASE_FIXTURE(iterator, "what cannot be opened says why") {
    auto const other = open(add_link({.type = bl::link_type::xdp, .prog = &prog}));
    for (auto const& [view, number] : std::vector<std::pair<bl::fd_view, int>>{
             {bl::fd_view{other}, EINVAL}, {bl::fd_view{99}, EBADF}}) {
        auto const output = bl::iter_output::open(view);
        REQUIRE_FALSE(output);
        check_error(output.error(), number, bl::operation::iter_create, bl::errc::invalid_argument,
                    {"descriptor " + std::to_string(view.get())});
    }
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EMFILE, no_condition},
                                               {ENOMEM, no_condition},
                                               {EPERM, bl::errc::permission_denied}}) {
        fail(call::iter_create, number);
        auto const output = bl::iter_output::open(fd);
        REQUIRE_FALSE(output);
        check_error(output.error(), number, bl::operation::iter_create, condition);
    }
}

TEST_CASE_FIXTURE(iterator, "a typed iterator link opens its own output") {
    there.output = {std::string{"hello"}};
    auto const link = bl::iter_link::from_id(bl::link_id{there.id()});
    REQUIRE(succeeded(link));
    auto output = link->open();
    REQUIRE(succeeded(output));
    CHECK(is_open(output->fd().get()));
    CHECK(output->read_all() == "hello");
}

TEST_CASE_FIXTURE(iterator, "a moved-from output holds nothing") {
    auto first = opened();
    auto const second = std::move(first);
    CHECK_FALSE(first.fd()); // NOLINT(bugprone-use-after-move)
    CHECK(second.fd());
}

TEST_CASE_FIXTURE(iterator, "each refusal of an iterator has its cause") {
    auto const because = [](auto const& failed) {
        REQUIRE_FALSE(failed);
        return failed.error().message();
    };
    auto const says = [](std::string const& message, char const* text) {
        CAPTURE(message);
        CHECK(message.find(text) != std::string::npos);
    };
    auto const xdp = open(add_link({.type = bl::link_type::xdp, .prog = &prog}));
    says(because(bl::iter_output::open(xdp)),
         "it is of kind xdp, and an iterator's link is needed");
    auto const file = open_file();
    says(because(bl::iter_output::open(file)), "is not a link");
    says(because(bl::iter_output::open(bl::fd_view{99})), "the link's descriptor is not open");
    std::array<std::byte, 4> room{};
    says(because(bl::iter_output{}.read(room)), "the output is empty");
    for (auto const& [number, text] : std::vector<std::pair<int, char const*>>{
             {E2BIG, "write less than 32 KiB for each"},
             {EOPNOTSUPP, "a walk over cgroups ends with its first read"},
             {EACCES, "a security module refuses it"}}) {
        there.output = {number};
        auto output = opened();
        says(because(output.read(room)), text);
    }
}
