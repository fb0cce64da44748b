// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <string_view>
#include <tuple>

namespace {

struct with_map : machine {
    fake::map& first = add_map();
    fake::map& second = add_map();
    bl::unique_fd first_fd = open(first);
    bl::unique_fd second_fd = open(second);
    bl::map_ref one = *bl::map_ref::from_fd(first_fd);
    bl::map_ref other = *bl::map_ref::from_fd(second_fd);
};

} // namespace

TEST_CASE_FIXTURE(with_map, "a struct_ops table is attached by its map") {
    forget_calls();
    auto const link = bl::attach(one, bl::hook::struct_ops{});
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_create.prog_fd == static_cast<std::uint32_t>(first_fd.get()));
    CHECK(last_create.attach_type == 44);
    CHECK(link->details()->map == bl::map_id{first.id});
}

TEST_CASE_FIXTURE(with_map, "a struct_ops link is updated by map, also by compare-and-swap") {
    auto link = bl::attach(one, bl::hook::struct_ops{});
    REQUIRE(succeeded(link));
    REQUIRE(succeeded(link->update(other)));
    CHECK(last_update.new_fd == static_cast<std::uint32_t>(second_fd.get()));
    CHECK(link->details()->map == bl::map_id{second.id});
    auto const mismatch = link->update(one, bl::expecting(one));
    check_error(mismatch, EPERM, bl::operation::link_update, bl::errc::program_mismatch,
                {"holds map " + std::to_string(second.id),
                 "map " + std::to_string(first.id) + " was expected"});
    REQUIRE(succeeded(link->update(one, bl::expecting(other))));
    CHECK(link->details()->map == bl::map_id{first.id});
    for (auto const& [number, condition, advice] :
         {std::tuple{EINVAL, bl::errc::invalid_argument,
                     "of type 1, and struct_ops (26) is needed"},
          std::tuple{EOPNOTSUPP, bl::errc::not_supported, "this table takes no update"},
          std::tuple{ENOLINK, bl::errc::defunct, "attach again"}}) {
        fail(call::link_update, number);
        auto const failed = link->update(other);
        check_error(failed, number, bl::operation::link_update, condition, {advice});
    }
    fail(call::link_update, EPERM);
    auto const denied = link->update(other, bl::expecting(one));
    check_error(denied, EPERM, bl::operation::link_update, bl::errc::permission_denied);
    REQUIRE(succeeded(link->detach()));
}

TEST_CASE_FIXTURE(with_map, "a table is not swapped for itself, which stops the kernel") {
    auto link = bl::attach(one, bl::hook::struct_ops{});
    REQUIRE(succeeded(link));
    auto const same = open(first); // another descriptor of it
    REQUIRE(succeeded(link->update(*bl::map_ref::from_fd(same))));
    REQUIRE(succeeded(link->update(one, bl::expecting(one))));
    check_error(link->update(one, bl::expecting(other)), EPERM, bl::operation::link_update,
                bl::errc::program_mismatch, {"holds map " + std::to_string(first.id)});
    bl::link whole = *std::move(link);
    REQUIRE(succeeded(whole.update(one)));
    forget_calls();
    REQUIRE(succeeded(whole.update(other)));
    CHECK(system_calls() == 3);
}

TEST_CASE_FIXTURE(with_map, "what is wrong with the map of a table is told by its info") {
    auto const refused = [&](int number, bl::errc condition, std::string_view text) {
        fail(call::link_create, number);
        auto const link = bl::attach(one, bl::hook::struct_ops{});
        check_error(link, number, bl::operation::link_create, condition, {text});
    };
    refused(EINVAL, bl::errc::invalid_argument, "of type 1, and struct_ops (26) is needed");
    first.type = 26;
    refused(EINVAL, bl::errc::invalid_argument, "not made with BPF_F_LINK");
    first.flags = bl::uapi::f_link;
    refused(EINVAL, bl::errc::invalid_argument, "one of: the map has no value yet");
    fail(call::obj_get_info, EPERM); // and the type stays unknown
    refused(EINVAL, bl::errc::invalid_argument, "one of: the map is of type another one");
    refused(E2BIG, no_condition, "as many tables as it takes");
    first_fd = {};
    refused(EBADF, bl::errc::invalid_argument, "the map's descriptor is not open");
}
