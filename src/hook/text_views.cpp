// SPDX-License-Identifier: Apache-2.0
#include <bpflink/text_views.hpp>

namespace bpflink {

std::vector<std::string_view> text_views(std::span<std::string const> texts) {
    return {texts.begin(), texts.end()};
}

} // namespace bpflink
