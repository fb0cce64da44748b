// SPDX-License-Identifier: Apache-2.0
#include <iostream>

import bpflink;

// After what it works with.
#include "list_links.hpp"

int main() {
    return list_links();
}
