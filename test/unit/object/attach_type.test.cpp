// SPDX-License-Identifier: Apache-2.0
#include "object/named.hpp"

#include <bpflink/attach_type.hpp>

TEST_CASE("attach types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::attach_type>(&libbpf_bpf_attach_type_str, 62, 49);
    check_unknown<bl::attach_type>(62);
    CHECK(printed(bl::attach_type::tcx_egress) == "tcx_egress");
}
