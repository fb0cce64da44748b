// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/xdp.hpp>

namespace bpflink {

/// Types as a value, for a pack to be deduced from.
template <class... Types>
struct type_list {};

/// Every hook that hook_traits describes on Windows. The others are names without a definition
/// there, so a program that uses one does not compile. hook::raw is not among them: it is the
/// driver's call as it is.
using all_hooks = type_list<hook::xdp>;

} // namespace bpflink
