// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything. `namespace bl = bpflink;` and not a using directive: <unistd.h> has a ::link too.

#include <bpflink/any_program.hpp>
#include <bpflink/attach_type.hpp>
#include <bpflink/coro/await.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/iter.hpp>
#include <bpflink/hook/netfilter.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/netns.hpp>
#include <bpflink/hook/order.hpp>
#include <bpflink/hook/raw.hpp>
#include <bpflink/hook/raw_tracepoint.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/iter_output.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/operation.hpp>
#include <bpflink/operations.hpp>
#include <bpflink/pin.hpp>
#include <bpflink/program.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/program_type.hpp>
#include <bpflink/query.hpp>
#include <bpflink/socket_filter.hpp>
#include <bpflink/typed_link.hpp>
#include <bpflink/version.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/pins.hpp>
#include <bpflink/views/results.hpp>
