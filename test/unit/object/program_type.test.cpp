// SPDX-License-Identifier: Apache-2.0
#include "object/named.hpp"

#include <bpflink/program_type.hpp>

TEST_CASE("program types are named as the kernel names them, and unknown ones keep their number") {
    check_names<bl::program_type>(&libbpf_bpf_prog_type_str, 33, 33);
    check_unknown<bl::program_type>(33);
    CHECK(printed(bl::program_type::sched_cls) == "sched_cls");
}
