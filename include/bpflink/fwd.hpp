// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names of the library, without their definitions.

struct bpf_link;    // libbpf's link
struct bpf_map;     // libbpf's map
struct bpf_object;  // libbpf's object
struct bpf_program; // libbpf's program

/// Handles, ranges and operations over the kernel's BPF links.
namespace bpflink {

class error;
enum class errc;
enum class operation;

class unique_fd;
class fd_view;

enum class link_type : unsigned;
enum class program_type : unsigned;
enum class attach_type : unsigned;
enum class xdp_mode : unsigned;

class program;
class expected_program;
class map_ref;
template <program_type Type>
class program_ref;

class link;
template <class Hook>
class typed_link;
struct link_info;
struct link_record;
class iter_output;
class defunct_watch;
class snapshotter;
class order;
struct hook_query;

/// The places that programs attach to: one aggregate for each hook, with its place and options.
namespace hook {
struct cgroup;
struct freplace;
struct iter;
struct kprobe;
struct kprobe_multi;
struct lsm;
struct netfilter;
struct netkit;
struct netns;
struct perf_event;
struct raw;
struct raw_tracepoint;
struct sockmap;
struct struct_ops;
struct tcx;
struct tp_btf;
struct tracepoint;
struct tracing;
struct tracing_multi;
struct uprobe;
struct uprobe_multi;
struct usdt;
struct xdp;
} // namespace hook

} // namespace bpflink
