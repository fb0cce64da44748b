// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <bpflink/program.hpp>

#include <utility>
#include <variant>

namespace tool {

namespace {

struct interface_visitor {
    template <class Details>
    bpflink::ifindex operator()(Details const& details) const {
        if constexpr (requires { details.ifindex; })
            return details.ifindex;
        else
            return {};
    }
};

} // namespace

record make_record(bpflink::link_info info, interfaces& here) {
    auto device = here.name_for(info.id, std::visit(interface_visitor{}, info.details));
    record made{std::move(info), std::nullopt, std::move(device), std::nullopt};
    // Links of this kind are on functions of the kernel or of programs, as entry, exit, LSM hook or
    // replacement: only the program's type tells some of them apart.
    if (made.info.type == bpflink::link_type::tracing)
        if (auto const program = bpflink::program::from_id(made.info.program))
            made.program_type = program->type();
    return made;
}

} // namespace tool
