// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/fd.hpp>

#include <utility>

TEST_CASE_FIXTURE(machine, "a descriptor closes with its owner") {
    int number = -1;
    {
        auto const fd = open_file();
        number = fd.get();
        CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
    CHECK(calls(call::close) == 1);
}

TEST_CASE_FIXTURE(machine, "an empty owner closes nothing") {
    {
        bl::unique_fd const empty;
        CHECK_FALSE(empty);
        CHECK(empty.get() == -1);
        bl::unique_fd const negative{-22};
        CHECK_FALSE(negative);
        CHECK(negative.get() == -1);
    }
    CHECK(calls(call::close) == 0);
}

TEST_CASE_FIXTURE(machine, "descriptor 0 is one like any other") {
    first_descriptor = 0;
    auto fd = open_file();
    CHECK(fd.get() == 0);
    CHECK(fd);
    CHECK(bl::fd_view{fd});
    fd.reset();
    CHECK_FALSE(is_open(0));
}

TEST_CASE_FIXTURE(machine, "moving hands the descriptor on and leaves an empty owner") {
    auto first = open_file();
    int const number = first.get();
    auto second = std::move(first);
    CHECK_FALSE(first); // NOLINT(bugprone-use-after-move)
    CHECK(second.get() == number);

    auto third = open_file();
    int const replaced = third.get();
    third = std::move(second);
    CHECK_FALSE(is_open(replaced));
    CHECK(third.get() == number);
    CHECK(is_open(number));

    auto& same = third;
    third = std::move(same);
    CHECK(third.get() == number);
    CHECK(is_open(number));
}

TEST_CASE_FIXTURE(machine, "release hands the number on and reset takes one over") {
    auto fd = open_file();
    int const number = fd.release();
    CHECK_FALSE(fd);
    CHECK(is_open(number));
    fd.reset(number);
    CHECK(fd.get() == number);
    fd.reset(number); // its own number
    CHECK(is_open(number));
    fd.reset();
    CHECK_FALSE(is_open(number));
}

TEST_CASE_FIXTURE(machine, "close shows the error, and the owner is empty all the same") {
    auto fd = open_file();
    int const number = fd.get();
    fail(call::close, EIO);
    auto const closed = fd.close();
    check_error(closed, EIO, bl::operation::close, no_condition,
                {"descriptor " + std::to_string(number)});
    CHECK_FALSE(fd);
    CHECK_FALSE(is_open(number));
    CHECK(fd.close()); // nothing left to do
    CHECK(calls(call::close) == 1);
}

TEST_CASE_FIXTURE(machine, "a view borrows") {
    auto const fd = open_file();
    {
        bl::fd_view const view = fd;
        CHECK(view.get() == fd.get());
        CHECK(view == bl::fd_view{fd.get()});
        CHECK(view != bl::fd_view{});
    }
    CHECK(is_open(fd.get()));
    CHECK_FALSE(bl::fd_view{});
    CHECK(bl::fd_view{-5} == bl::fd_view{});
}

TEST_CASE_FIXTURE(machine, "only a duplicate for exec stays open over it") {
    auto const fd = open_file();
    auto const copy = bl::duplicate_for_exec(fd);
    REQUIRE(succeeded(copy));
    CHECK(copy->get() != fd.get());
    CHECK(survives_exec(copy->get()));
    CHECK_FALSE(survives_exec(fd.get()));
}

TEST_CASE_FIXTURE(machine, "a duplicate for exec that fails says why") {
    check_error(bl::duplicate_for_exec(bl::fd_view{99}), EBADF, bl::operation::duplicate,
                bl::errc::invalid_argument, {"99", "not open"});
    auto const fd = open_file();
    fail(call::duplicate, EMFILE);
    check_error(bl::duplicate_for_exec(fd), EMFILE, bl::operation::duplicate, no_condition,
                {"descriptor " + std::to_string(fd.get())});
}

TEST_CASE_FIXTURE(machine, "a view borrows from whatever lends a descriptor") {
    held_program const owner{open_file()};
    bl::fd_view const view = owner;
    CHECK(view == owner.fd());
    CHECK(is_open(view.get()));
}
