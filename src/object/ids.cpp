// SPDX-License-Identifier: Apache-2.0
#include <bpflink/ids.hpp>

#include <cstdint>
#include <ostream>

namespace bpflink::detail {

std::ostream& print_number(std::ostream& out, std::uint64_t number) {
    return out << number;
}

} // namespace bpflink::detail
