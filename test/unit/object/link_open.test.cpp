// SPDX-License-Identifier: Apache-2.0
// Where handles come from.
#include "one_link.hpp"

#include <string>
#include <utility>
#include <vector>

TEST_CASE_FIXTURE(one_link, "a link's descriptor is taken over") {
    auto fd = open(there);
    int const number = fd.get();
    auto const taken = bl::link::from_fd(std::move(fd));
    REQUIRE(succeeded(taken));
    CHECK_FALSE(fd); // NOLINT(bugprone-use-after-move)
    CHECK(taken->fd().get() == number);
    CHECK(*taken);
    CHECK_FALSE(taken->is_pinned());
    CHECK(system_calls() == 2);
}

TEST_CASE_FIXTURE(one_link, "a descriptor of anything else stays the caller's, open") {
    auto refused = [&](bl::unique_fd fd, char const* what) {
        int const number = fd.get();
        auto const taken = bl::link::from_fd(std::move(fd));
        check_error(taken, EINVAL, bl::operation::identify, bl::errc::not_a_link,
                    {"descriptor " + std::to_string(number), what});
        CHECK(fd.get() == number); // NOLINT(bugprone-use-after-move)
        CHECK(is_open(number));
    };
    refused(open(add_map()), "BPF map");
    refused(open(prog), "BPF program");
    refused(open_btf(), "not a BPF link");
    refused(open_file(), "not a BPF link");
}

TEST_CASE_FIXTURE(one_link, "a descriptor that is not open is refused and not closed") {
    check_error(bl::link::from_fd(bl::unique_fd{}), EBADF, bl::operation::identify,
                bl::errc::invalid_argument);

    auto file = open_file();
    int const number = file.get();
    file.reset();
    bl::unique_fd closed{number};
    auto const stale = bl::link::from_fd(std::move(closed));
    check_error(stale, EBADF, bl::operation::identify, bl::errc::invalid_argument,
                {"descriptor " + std::to_string(number)});
    CHECK(closed.release() == number); // NOLINT(bugprone-use-after-move)
}

TEST_CASE_FIXTURE(one_link, "a link's descriptor may be number 0") {
    first_descriptor = 0;
    auto taken = bl::link::from_fd(open(there));
    REQUIRE(succeeded(taken));
    CHECK(taken->fd().get() == 0);
    CHECK(*taken);
    CHECK(succeeded(taken->info()));
    CHECK(succeeded(taken->detach()));
    CHECK(taken->release().get() == 0);
}

TEST_CASE_FIXTURE(one_link, "a link that libbpf made is taken over, and libbpf's is destroyed") {
    ::bpf_link theirs{.fd = sole_handle().release().release()};
    {
        auto const ours = bl::link::take_over(&theirs);
        REQUIRE(succeeded(ours));
        CHECK(theirs.destroyed);
        CHECK(open_descriptors().size() == 1);
        CHECK(exists(id));
    }
    CHECK_FALSE(exists(id));
}

TEST_CASE_FIXTURE(one_link, "what cannot be taken over from libbpf stays libbpf's") {
    ::bpf_link theirs{.fd = sole_handle().release().release()};
    auto const stays = [&](int number, bl::operation where, bl::errc condition,
                           std::initializer_list<std::string_view> texts = {}) {
        check_error(bl::link::take_over(&theirs), number, where, condition, texts);
        CHECK_FALSE(theirs.destroyed);
        CHECK(exists(id));
        CHECK(open_descriptors().size() == 1);
    };
    fail(call::duplicate, EMFILE);
    stays(EMFILE, bl::operation::duplicate, no_condition);
    fail(call::obj_get_info, ENOMEM);
    stays(ENOMEM, bl::operation::link_get_info, no_condition);
    CHECK(succeeded(bl::link::take_over(&theirs)));
    check_error(bl::link::take_over(nullptr), EINVAL, bl::operation::duplicate,
                bl::errc::invalid_argument, {"null pointer"});
}

TEST_CASE_FIXTURE(machine, "a link of libbpf's perf event is left to libbpf") {
    auto& probe = add_link(
        {.type = bl::link_type::perf_event, .prog = &add_program(bl::program_type::kprobe)});
    auto held = open(probe);
    ::bpf_link theirs{.fd = held.get()};
    check_error(bl::link::take_over(&theirs), EOPNOTSUPP, bl::operation::duplicate,
                bl::errc::not_supported, {"perf event", "hook::kprobe"});
    CHECK_FALSE(theirs.destroyed);
    CHECK(open_descriptors().size() == 1);
}

TEST_CASE_FIXTURE(one_link, "duplicate borrows the descriptor and owns another") {
    auto const borrowed = open(there);
    {
        auto const copy = bl::link::duplicate(borrowed);
        REQUIRE(succeeded(copy));
        CHECK(copy->fd() != bl::fd_view{borrowed});
        CHECK(system_calls() == 3);
        auto const info = copy->info();
        REQUIRE(succeeded(info));
        CHECK(info->id == id);
    }
    CHECK(is_open(borrowed.get()));

    auto const map = open(add_map());
    check_error(bl::link::duplicate(map), EINVAL, bl::operation::identify, bl::errc::not_a_link);
    CHECK(is_open(map.get()));

    fail(call::duplicate, EMFILE);
    check_error(bl::link::duplicate(borrowed), EMFILE, bl::operation::duplicate, no_condition,
                {"descriptor " + std::to_string(borrowed.get())});

    check_error(bl::link::duplicate(bl::fd_view{99}), EBADF, bl::operation::identify,
                bl::errc::invalid_argument);
}

// F21
TEST_CASE_FIXTURE(one_link,
                  "a link that a security module keeps is told from a lack of privilege") {
    fail(call::link_get_fd_by_id, EPERM);
    check_error(bl::link::from_id(id), EPERM, bl::operation::link_get_fd_by_id,
                bl::errc::permission_denied, {"a security module keeps it from being opened"});

    fail(call::link_get_fd_by_id, EPERM);
    fail(call::link_get_next_id, EPERM);
    lacks_capabilities = {21};
    check_error(bl::link::from_id(id), EPERM, bl::operation::link_get_fd_by_id,
                bl::errc::permission_denied, {"CAP_SYS_ADMIN is missing: run with it"});

    fail(call::link_get_fd_by_id, EPERM);
    fail(call::link_get_next_id, EPERM);
    lacks_capabilities = {};
    in_first_user_namespace = false;
    check_error(bl::link::from_id(id), EPERM, bl::operation::link_get_fd_by_id,
                bl::errc::permission_denied, {"user namespace of its own"});
    in_first_user_namespace = true;
    lacks_capabilities = {21};

    // A failed look is no answer.
    fail(call::link_get_fd_by_id, EPERM);
    fail(call::link_get_next_id, ENOSYS);
    fail_always(call::has_capability, EIO);
    check_error(bl::link::from_id(id), EPERM, bl::operation::link_get_fd_by_id,
                bl::errc::permission_denied, {"one of: ", "security module", "is missing"});
}

TEST_CASE_FIXTURE(one_link, "a link is opened by its id") {
    {
        auto const opened = bl::link::from_id(id);
        REQUIRE(succeeded(opened));
        CHECK(system_calls() == 1);
        auto const info = opened->info();
        REQUIRE(succeeded(info));
        CHECK(info->id == id);
    }
    CHECK(exists(id)); // somebody else has it
}

TEST_CASE_FIXTURE(one_link, "an id that names no link is not found") {
    for (unsigned const number : {0U, 7U}) {
        check_error(bl::link::from_id(bl::link_id{number}), ENOENT,
                    bl::operation::link_get_fd_by_id, bl::errc::not_found,
                    {"link " + std::to_string(number)});
    }
}

TEST_CASE_FIXTURE(one_link, "what else the kernel says of an id is passed on") {
    for (auto const& [number, condition] :
         std::vector<std::pair<int, bl::errc>>{{EPERM, bl::errc::permission_denied},
                                               {EINVAL, bl::errc::not_supported},
                                               {EMFILE, no_condition},
                                               {ENOMEM, no_condition}}) {
        fail(call::link_get_fd_by_id, number);
        check_error(bl::link::from_id(id), number, bl::operation::link_get_fd_by_id, condition,
                    {name});
    }
}

TEST_CASE_FIXTURE(one_link, "a link that is just being attached is waited for") {
    there.settled = false;
    before(call::back_off, [this] { there.settled = true; }, 5);
    auto const opened = bl::link::from_id(id);
    REQUIRE(succeeded(opened));
    CHECK(calls(call::back_off) == 5);
    CHECK(calls(call::link_get_fd_by_id) == 6);
}

TEST_CASE_FIXTURE(one_link, "a link that never settles is given up on") {
    there.settled = false;
    check_error(bl::link::from_id(id), EAGAIN, bl::operation::link_get_fd_by_id, no_condition,
                {name});
    CHECK(calls(call::back_off) > 10);
}

TEST_CASE_FIXTURE(one_link, "a link that vanishes instead of settling is not found") {
    there.settled = false;
    before(call::back_off, [this] { let_go(there); }, 3);
    check_error(bl::link::from_id(id), ENOENT, bl::operation::link_get_fd_by_id,
                bl::errc::not_found);
}

TEST_CASE_FIXTURE(one_link, "a pinned link is opened and its path remembered") {
    pin("/bpf/x", there);
    {
        auto const opened = bl::link::load_pinned("/bpf/x");
        REQUIRE(succeeded(opened));
        CHECK(opened->is_pinned());
        CHECK(opened->pinned_path() == "/bpf/x");
        CHECK(system_calls() == 4);
    }
    CHECK(link_at("/bpf/x") == there.id()); // closing leaves the pin
}

TEST_CASE_FIXTURE(one_link, "a relative path is remembered from the root") {
    pin("/bpf/x", there);
    change_directory("/bpf");
    auto opened = bl::link::load_pinned("x");
    REQUIRE(succeeded(opened));
    CHECK(opened->pinned_path() == "/bpf/x");
    change_directory("/other");
    CHECK(succeeded(opened->unpin()));
    CHECK_FALSE(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(one_link, "another object's pin is not a link, and is closed again") {
    pin("/bpf/map", add_map());
    pin("/bpf/prog", prog);
    for (auto const* const path : {"/bpf/map", "/bpf/prog"}) {
        check_error(bl::link::load_pinned(path), EINVAL, bl::operation::identify,
                    bl::errc::not_a_link, {path});
        CHECK(open_descriptors().empty());
        CHECK(has_path(path));
    }
}

TEST_CASE_FIXTURE(one_link, "a path without a link's pin says what is wrong with it") {
    make_directory("/bpf/dir");
    struct row {
        char const* path;
        int number;
        bl::errc condition;
        char const* advice;
    };
    for (row const& each : {
             row{"/bpf/nothing", ENOENT, bl::errc::not_found, "nothing is there"},
             row{"/bpf/no/dir", ENOENT, bl::errc::not_found, ""},
             row{"/bpf/dir", EACCES, bl::errc::invalid_argument, "directory"},
             row{"/home", EACCES, bl::errc::invalid_argument, "not on a bpffs"},
             row{"/bpf/a.b", EPERM, bl::errc::invalid_argument, "dot"},
             row{"", EINVAL, bl::errc::invalid_argument, "empty"},
         }) {
        CAPTURE(each.path);
        check_error(bl::link::load_pinned(each.path), each.number, bl::operation::obj_get,
                    each.condition, {each.path, each.advice});
    }
    pin("/bpf/x", there);
    fail(call::obj_get, EACCES);
    check_error(bl::link::load_pinned("/bpf/x"), EACCES, bl::operation::obj_get,
                bl::errc::permission_denied, {"/bpf/x", "the mode of the pin"});
    fail(call::obj_get, EPERM);
    check_error(bl::link::load_pinned("/bpf/x"), EPERM, bl::operation::obj_get,
                bl::errc::permission_denied, {"/bpf/x"});
    fail(call::obj_get, EMFILE);
    check_error(bl::link::load_pinned("/bpf/x"), EMFILE, bl::operation::obj_get, no_condition);
}
