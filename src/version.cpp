// SPDX-License-Identifier: Apache-2.0
#include <bpflink/version.hpp>

namespace bpflink {

version_number version() noexcept {
    return header_version;
}

} // namespace bpflink
