// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>

#include <optional>
#include <string>

namespace tool {

// The commands. Each prints, complains where something fails, and returns the exit code: 0 or 1.

struct list_options {
    std::optional<bpflink::link_type> type;
    std::optional<bpflink::program_id> program;
    bool pinned = false;
    bool json = false;
};

int list(list_options const& options);
int show(bpflink::link_id id, bool json);
int pin(bpflink::link_id id, std::string const& path);
int unpin(std::string const& path);
int detach(bpflink::link_id id);

} // namespace tool
