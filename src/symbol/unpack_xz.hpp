// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/binary.hpp"

#include <bpflink/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The bytes that were packed; or the part of a sentence that says why there are not any.
struct unpacked_bytes {
    std::string bytes = {};
    std::string_view refusal = {}; // "is cut short"
};

/// The bytes of the one xz stream that a part of a file begins with. Its numbers do not decide how
/// much is kept: it may unpack to 256 MiB, and take 128 MiB to do so. A build without liblzma
/// refuses all.
/// @errors  the file cannot be read (operation::read)
[[nodiscard]] result<unpacked_bytes> unpack_xz(binary_file const& file, std::uint64_t offset,
                                               std::uint64_t size);

} // namespace bpflink
