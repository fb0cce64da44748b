// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names of the library, without their definitions.

struct bpf_map;     // libbpf's map
struct bpf_program; // libbpf's program

namespace bpflink {

class error;
enum class errc;
enum class operation;

class unique_fd;
class fd_view;

enum class link_type : unsigned;
enum class program_type : unsigned;
enum class attach_type : unsigned;

class program;
class map_ref;
template <program_type Type>
class program_ref;

class link;
template <class Hook>
class typed_link;
struct link_info;

namespace hook {
struct cgroup;
struct iter;
struct raw;
struct raw_tracepoint;
struct xdp;
} // namespace hook

} // namespace bpflink
