// SPDX-License-Identifier: Apache-2.0
// A user's code that the warnings of this project would refuse: they must not reach it.
#include <bpflink/bpflink.hpp>

int cut(unsigned long long wide, int unused) {
    int wide_too = wide;
    return wide_too;
}
