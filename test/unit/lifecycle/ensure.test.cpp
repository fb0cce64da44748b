// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"
#include <bpflink/lifecycle/ensure.hpp>
