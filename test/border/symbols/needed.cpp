// SPDX-License-Identifier: Apache-2.0
// The library of needing.cpp.
extern "C" int weak_one() {
    return 1;
}
