// SPDX-License-Identifier: Apache-2.0
#include <bpflink/views/adaptors.hpp>

#include <utility>

namespace bpflink::detail {

bool is_wanted(result<link>& element, wanted_links const& wanted) {
    if (!element) return true;
    auto header = read_header(element->fd());
    if (header) return wanted(*header);
    element = tl::unexpected{std::move(header).error()};
    return true;
}

bool is_wanted(result<link_info>& element, wanted_links const& wanted) {
    return !element || wanted({element->type, element->id, element->program});
}

bool is_wanted(link_record& element, wanted_links const& wanted) {
    return wanted({element.type, element.id, element.program});
}

infos_view operator|(infos_view const& infos, wanted_filter const& filter) {
    auto const& [after, wanted] = infos.source();
    return infos_view{{after, wanted.and_also(filter.wanted)}};
}

} // namespace bpflink::detail
