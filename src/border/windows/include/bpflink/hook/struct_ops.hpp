// SPDX-License-Identifier: Apache-2.0
#pragma once

// eBPF for Windows has no tables of functions: hook::struct_ops stays a name.

#include <bpflink/fwd.hpp>
