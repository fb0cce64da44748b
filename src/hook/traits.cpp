// SPDX-License-Identifier: Apache-2.0
#include <bpflink/hook/traits.hpp>

#include <cerrno>
#include <string>

namespace bpflink::detail {

error wrong_hook(link_info const& info, std::string_view wanted) {
    return error{
        EINVAL, operation::identify, errc::wrong_kind, "link " + std::to_string(info.id.value()),
        "it is a link of type " + to_string(info.type) + ", not of hook " + std::string{wanted}};
}

error without_details(link_info const& info, std::string_view wanted) {
    if (!std::holds_alternative<unknown_details>(info.details)) return wrong_hook(info, wanted);
    return error{EPROTO, operation::link_get_info, errc::not_supported,
                 "link " + std::to_string(info.id.value()),
                 "this library knows no such details of type " + to_string(info.type) +
                     ": link::info has the kernel's bytes"};
}

} // namespace bpflink::detail
