// SPDX-License-Identifier: Apache-2.0
// <unistd.h> has a ::link too: name the namespace by an alias.
// expect: reference to ['‘]?link['’]? is ambiguous
#include <bpflink/bpflink.hpp>

#include <unistd.h>

#ifdef FIXED
namespace bl = bpflink;
bl::link* held = nullptr;
#else
using namespace bpflink;
link* held = nullptr; // error
#endif
