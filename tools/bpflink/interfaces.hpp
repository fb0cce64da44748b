// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>

#include <map>
#include <optional>
#include <string>

namespace tool {

/// Tells the names of the interfaces that links are on, of those that are proven to be in this
/// network namespace: another one may have an interface of the same index.
class interfaces {
public:
    [[nodiscard]] std::optional<std::string> name_for(bpflink::link_id link,
                                                      bpflink::ifindex index);

private:
    void look();
    [[nodiscard]] bool is_here(bpflink::link_id link, bpflink::ifindex index);

    bool has_looked_ = false;
    std::optional<bpflink::netns_inode> here_;
    std::map<bpflink::link_id, bpflink::netns_inode> namespaces_;
};

} // namespace tool
