// SPDX-License-Identifier: Apache-2.0
#include "object/named.hpp"

#include <bpflink/link_type.hpp>

TEST_CASE("link types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::link_type>(&libbpf_bpf_link_type_str, 16, 12);
    check_unknown<bl::link_type>(16);
    CHECK(printed(bl::link_type::perf_event) == "perf_event");
}

TEST_CASE("a link type is found by its name, and nothing by another text") {
    for (unsigned number = 0; number != 16; ++number) {
        auto const type = static_cast<bl::link_type>(number);
        CHECK(bl::parse_link_type(to_string(type)) == type);
    }
    for (auto const* const text : {"", "XDP", "xdp ", "unknown(16)", "kprobe"})
        CHECK_FALSE(bl::parse_link_type(text).has_value());
}
