// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <bpflink/program.hpp>

#include <utility>

namespace tool {

record make_record(bpflink::link_info info) {
    record made{std::move(info), std::nullopt, std::nullopt};
    // Links of this kind are on functions of the kernel or of programs, as entry, exit, LSM hook or
    // replacement: only the program's type tells some of them apart.
    if (made.info.type == bpflink::link_type::tracing)
        if (auto const program = bpflink::program::from_id(made.info.program))
            made.program_type = program->type();
    return made;
}

} // namespace tool
