// SPDX-License-Identifier: Apache-2.0
// import bpflink: the names of the headers, no copies of what they name. So a program may include
// in one place and import in another, and the library may be another compiler's.
module;

#include <bpflink/bpflink.hpp>

export module bpflink;

export namespace bpflink {
using bpflink::all_hooks;
using bpflink::any_hook;
using bpflink::any_program;
using bpflink::attach;
using bpflink::attach_socket_filter;
using bpflink::attach_type;
using bpflink::bpf_program;
using bpflink::btf_id;
using bpflink::bytes_view;
using bpflink::candidate;
using bpflink::cgroup_details;
using bpflink::cgroup_id;
using bpflink::cgroup_id_of;
using bpflink::cgroup_iter_order;
using bpflink::cgroup_link;
using bpflink::cgroup_path_of;
using bpflink::collect;
using bpflink::cookie;
using bpflink::defunct_watch;
using bpflink::detach;
using bpflink::detach_socket_filter;
using bpflink::detachable;
using bpflink::ensure_attached;
using bpflink::ensure_options;
using bpflink::ensured;
using bpflink::ensured_link;
using bpflink::errc;
using bpflink::error;
using bpflink::events_view;
using bpflink::expected_program;
using bpflink::expecting;
using bpflink::fd_view;
using bpflink::field_use;
using bpflink::find_links;
using bpflink::find_traits;
using bpflink::freplace_link;
using bpflink::hardware_counter;
using bpflink::hardware_event;
using bpflink::has_place;
using bpflink::has_value;
using bpflink::header_version;
using bpflink::holders;
using bpflink::hook_like;
using bpflink::hook_of;
using bpflink::hook_query;
using bpflink::hook_traits;
using bpflink::ifindex;
using bpflink::ifindex_of;
using bpflink::in_netns;
using bpflink::infos;
using bpflink::infos_view;
using bpflink::interface_name_of;
using bpflink::interval_timer;
using bpflink::is_at;
using bpflink::iter_cgroup;
using bpflink::iter_details;
using bpflink::iter_link;
using bpflink::iter_output;
using bpflink::iter_task;
using bpflink::keep;
using bpflink::kernel_symbol;
using bpflink::kernel_symbol_address;
using bpflink::kernel_symbols;
using bpflink::kernel_version;
using bpflink::known_refusal;
using bpflink::known_refusals;
using bpflink::kprobe_link;
using bpflink::kprobe_multi_details;
using bpflink::kprobe_multi_link;
using bpflink::lines_view;
using bpflink::link;
using bpflink::link_change;
using bpflink::link_criterion;
using bpflink::link_details;
using bpflink::link_event;
using bpflink::link_holders;
using bpflink::link_id;
using bpflink::link_ids;
using bpflink::link_ids_view;
using bpflink::link_info;
using bpflink::link_record;
using bpflink::link_set;
using bpflink::link_state;
using bpflink::link_target;
using bpflink::link_traits;
using bpflink::link_traits_table;
using bpflink::link_type;
using bpflink::links;
using bpflink::links_view;
using bpflink::lsm_link;
using bpflink::make_error_condition;
using bpflink::map_id;
using bpflink::map_ref;
using bpflink::match;
using bpflink::matches;
using bpflink::matching_kernel_functions;
using bpflink::matching_symbols;
using bpflink::matching_usdt;
using bpflink::memory_access;
using bpflink::netfilter_details;
using bpflink::netfilter_hook;
using bpflink::netfilter_link;
using bpflink::netkit_details;
using bpflink::netkit_link;
using bpflink::netns_details;
using bpflink::netns_inode;
using bpflink::netns_inode_of;
using bpflink::netns_link;
using bpflink::offset_of_address;
using bpflink::open_perf_event;
using bpflink::operation;
using bpflink::perf_events_on_each_cpu;
using bpflink::place;
using bpflink::sample_frequency;
using bpflink::sample_period;
using bpflink::sample_rate;
using bpflink::software_counter;
using bpflink::software_event;
using bpflink::type_list;
using bpflink::operator<<;
using bpflink::order;
using bpflink::output_record;
using bpflink::parse_link_type;
using bpflink::perf_counter;
using bpflink::perf_event_details;
using bpflink::perf_event_link;
using bpflink::perf_kprobe;
using bpflink::perf_tracepoint;
using bpflink::perf_uprobe;
using bpflink::pin;
using bpflink::pin_entry;
using bpflink::pin_name;
using bpflink::pins;
using bpflink::pins_view;
using bpflink::process_holder;
using bpflink::process_symbol;
using bpflink::program;
using bpflink::program_for;
using bpflink::program_id;
using bpflink::program_info;
using bpflink::program_info_of;
using bpflink::program_ref;
using bpflink::program_type;
using bpflink::protocol_family;
using bpflink::query;
using bpflink::queryable;
using bpflink::raw_tracepoint_details;
using bpflink::raw_tracepoint_link;
using bpflink::record_of;
using bpflink::records_view;
using bpflink::refused_step;
using bpflink::replace_pin;
using bpflink::resolve_in_process;
using bpflink::resolve_options;
using bpflink::resolve_symbol;
using bpflink::resolve_symbols;
using bpflink::resolve_usdt;
using bpflink::result;
using bpflink::revision;
using bpflink::set_candidate;
using bpflink::set_member;
using bpflink::set_report;
using bpflink::set_step;
using bpflink::snapshot;
using bpflink::snapshot_source;
using bpflink::snapshotter;
using bpflink::socket_filter_program;
using bpflink::sockmap_details;
using bpflink::sockmap_link;
using bpflink::state_of;
using bpflink::step_kind;
using bpflink::struct_ops_details;
using bpflink::struct_ops_link;
using bpflink::support;
using bpflink::supports;
using bpflink::symbol_at;
using bpflink::symbol_at_place;
using bpflink::tcx_details;
using bpflink::tcx_link;
using bpflink::teardown;
using bpflink::teardown_report;
using bpflink::text_of_pin_name;
using bpflink::text_views;
using bpflink::to_string;
using bpflink::tp_btf_link;
using bpflink::tracepoint_link;
using bpflink::tracing_details;
using bpflink::tracing_link;
using bpflink::tracing_multi_details;
using bpflink::tracing_multi_link;
using bpflink::typed_link;
using bpflink::unique_fd;
using bpflink::unknown_details;
using bpflink::unpin;
using bpflink::updatable;
using bpflink::updatable_by_map;
using bpflink::update;
using bpflink::update_unit;
using bpflink::uprobe_link;
using bpflink::uprobe_multi_details;
using bpflink::uprobe_multi_link;
using bpflink::usdt_link;
using bpflink::usdt_place;
using bpflink::usdt_probe;
using bpflink::usual_condition;
using bpflink::value;
using bpflink::value_or_throw;
using bpflink::version;
using bpflink::version_number;
using bpflink::watcher;
using bpflink::watcher_options;
using bpflink::watchpoint;
using bpflink::where;
using bpflink::with_revision;
using bpflink::xdp_details;
using bpflink::xdp_link;
using bpflink::xdp_mode;

namespace hook {
using bpflink::hook::cgroup;
using bpflink::hook::freplace;
using bpflink::hook::iter;
using bpflink::hook::kprobe;
using bpflink::hook::kprobe_multi;
using bpflink::hook::lsm;
using bpflink::hook::netfilter;
using bpflink::hook::netkit;
using bpflink::hook::netns;
using bpflink::hook::perf_event;
using bpflink::hook::raw;
using bpflink::hook::raw_tracepoint;
using bpflink::hook::sockmap;
using bpflink::hook::struct_ops;
using bpflink::hook::tcx;
using bpflink::hook::tp_btf;
using bpflink::hook::tracepoint;
using bpflink::hook::tracing;
using bpflink::hook::tracing_multi;
using bpflink::hook::uprobe;
using bpflink::hook::uprobe_multi;
using bpflink::hook::usdt;
using bpflink::hook::xdp;
} // namespace hook

namespace views {
using bpflink::views::of_program;
using bpflink::views::of_type;
} // namespace views
} // namespace bpflink

// A reduced interface (clang's -fmodules-reduced-bmi) keeps what is used here, and nobody names the
// specialization that makes co_await work.
#ifndef BPFLINK_NO_COROUTINES
namespace bpflink::detail {
using kept = std::coroutine_traits<result<void>>::promise_type;
} // namespace bpflink::detail
#endif

// What result<T> is made of, without which nobody fails or compares; `unexpect` has internal
// linkage.
export namespace tl {
using tl::bad_expected_access;
using tl::expected;
using tl::make_unexpected;
using tl::unexpected;
using tl::operator==;
using tl::operator!=;
} // namespace tl
