// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/freplace.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/kprobe.hpp>
#include <bpflink/hook/kprobe_multi.hpp>
#include <bpflink/hook/lsm.hpp>
#include <bpflink/hook/netfilter.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/netns.hpp>
#include <bpflink/hook/perf_event.hpp>
#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/hook/struct_ops.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/tp_btf.hpp>
#include <bpflink/hook/tracepoint.hpp>
#include <bpflink/hook/tracing.hpp>
#include <bpflink/hook/tracing_multi.hpp>
#include <bpflink/hook/uprobe.hpp>
#include <bpflink/hook/uprobe_multi.hpp>
#include <bpflink/hook/usdt.hpp>
#include <bpflink/hook/xdp.hpp>

namespace bpflink {

/// Types as a value, for a pack to be deduced from.
template <class... Types>
struct type_list {};

/// Every hook that hook_traits describes. hook::raw is not among them: it is the kernel's call as
/// it is.
using all_hooks =
    type_list<hook::cgroup, hook::freplace, hook::iter, hook::kprobe, hook::kprobe_multi, hook::lsm,
              hook::netfilter, hook::netkit, hook::netns, hook::perf_event, hook::raw_tracepoint,
              hook::sockmap, hook::struct_ops, hook::tcx, hook::tp_btf, hook::tracepoint,
              hook::tracing, hook::tracing_multi, hook::uprobe, hook::uprobe_multi, hook::usdt,
              hook::xdp>;

} // namespace bpflink
