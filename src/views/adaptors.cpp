// SPDX-License-Identifier: Apache-2.0
#include <bpflink/views/adaptors.hpp>

namespace bpflink::detail {

result<link_header> header_of(link const& l) {
    return read_header(l.fd());
}

result<link_header> header_of(link_info const& info) {
    return link_header{info.type, info.id, info.program};
}

} // namespace bpflink::detail
