// SPDX-License-Identifier: Apache-2.0
#include "congestion.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

TEST_CASE_FIXTURE(kernel_case, "a struct_ops table is in use while its link lives") {
    congestion_control const table{congestion_control::attached::by_nobody};
    if (!table.is_loaded()) return skip_case(table.reason());
    CHECK_FALSE(table.available());
    auto l = must(bl::attach(table.map(), bl::hook::struct_ops{}));
    CHECK(table.available());
    CHECK(must(l.info()).type == bl::link_type::struct_ops);
    CHECK(must(l.details()).map == table.map_id());
    CHECK(l.state() == bl::link_state::attached);
    CHECK(bl::struct_ops_link::duplicate(l.fd()));
    check_error(bl::attach(table.map(), bl::hook::struct_ops{}), bl::errc::already_exists,
                {"registered"});
    must(l.close());
    CHECK_FALSE(table.available());
}

TEST_CASE_FIXTURE(kernel_case, "a struct_ops link swaps its table, also by compare-and-swap") {
    congestion_control const first{congestion_control::attached::by_nobody};
    congestion_control const second{congestion_control::attached::by_nobody};
    if (!first.is_loaded()) return skip_case(first.reason());
    auto l = must(bl::attach(first.map(), bl::hook::struct_ops{}));
    check_error(bl::attach(second.map(), bl::hook::struct_ops{}), bl::errc::already_exists,
                {"registered"});
    must(l.update(second.map()));
    CHECK(must(l.details()).map == second.map_id());
    CHECK(second.available());
    check_error(l.update(first.map(), bl::expecting(first.map())), bl::errc::program_mismatch,
                {"map"});
    CHECK(must(l.details()).map == second.map_id());
    must(l.close());
    CHECK_FALSE(second.available());
}

TEST_CASE_FIXTURE(kernel_case, "a struct_ops link that is given its own table keeps it") {
    congestion_control const table{congestion_control::attached::by_nobody};
    if (!table.is_loaded()) return skip_case(table.reason());
    auto l = must(bl::attach(table.map(), bl::hook::struct_ops{}));
    must(l.update(table.map())); // a kernel that is asked to stops, here or at the end
    must(l.update(table.map(), bl::expecting(table.map())));
    CHECK(must(l.details()).map == table.map_id());
    CHECK(table.available());
    must(l.close());
    CHECK_FALSE(table.available());
}

TEST_CASE_FIXTURE(kernel_case, "a map without a table is refused") {
    congestion_control const table{congestion_control::attached::by_nobody};
    if (!table.is_loaded()) return skip_case(table.reason());
    auto const map = make_map();
    check_error(bl::attach(must(bl::map_ref::from_fd(map)), bl::hook::struct_ops{}),
                bl::errc::invalid_argument, {"struct_ops"});
    auto l = must(bl::attach(table.map(), bl::hook::struct_ops{}));
    check_error(l.update(must(bl::map_ref::from_fd(map))), bl::errc::invalid_argument,
                {"struct_ops (26) is needed"});
    CHECK(table.available());
}
