// SPDX-License-Identifier: Apache-2.0
// The library's own copy of the kernel's interface against the build machine's header, as far as
// that header knows it. Compiling is passing.
#include "border/uapi.hpp"

#include <cstddef>

#include <linux/bpf.h>
#include <linux/magic.h>

namespace uapi = bpflink::uapi;

static_assert(uapi::f_replace == BPF_F_REPLACE);
static_assert(static_cast<int>(uapi::command::prog_query) == BPF_PROG_QUERY);
static_assert(uapi::bpf_fs_magic == BPF_FS_MAGIC);

static_assert(static_cast<int>(uapi::command::obj_pin) == BPF_OBJ_PIN);
static_assert(static_cast<int>(uapi::command::obj_get) == BPF_OBJ_GET);
static_assert(static_cast<int>(uapi::command::prog_test_run) == BPF_PROG_TEST_RUN);
static_assert(static_cast<int>(uapi::command::prog_get_fd_by_id) == BPF_PROG_GET_FD_BY_ID);
static_assert(static_cast<int>(uapi::command::obj_get_info_by_fd) == BPF_OBJ_GET_INFO_BY_FD);
static_assert(static_cast<int>(uapi::command::raw_tracepoint_open) == BPF_RAW_TRACEPOINT_OPEN);
static_assert(static_cast<int>(uapi::command::link_create) == BPF_LINK_CREATE);
static_assert(static_cast<int>(uapi::command::link_update) == BPF_LINK_UPDATE);
static_assert(static_cast<int>(uapi::command::link_get_fd_by_id) == BPF_LINK_GET_FD_BY_ID);
static_assert(static_cast<int>(uapi::command::link_get_next_id) == BPF_LINK_GET_NEXT_ID);
static_assert(static_cast<int>(uapi::command::iter_create) == BPF_ITER_CREATE);
static_assert(static_cast<int>(uapi::command::link_detach) == BPF_LINK_DETACH);
static_assert(static_cast<int>(uapi::command::prog_bind_map) == BPF_PROG_BIND_MAP);
static_assert(static_cast<int>(uapi::command::map_lookup_elem) == BPF_MAP_LOOKUP_ELEM);
static_assert(static_cast<int>(uapi::command::map_update_elem) == BPF_MAP_UPDATE_ELEM);

#define SAME_PLACE(ours, our_field, theirs, their_field)                                           \
    static_assert(offsetof(uapi::ours, our_field) == offsetof(theirs, their_field))

SAME_PLACE(prog_test_run_attr, retval, bpf_attr, test.retval);
SAME_PLACE(prog_test_run_attr, ctx_size_in, bpf_attr, test.ctx_size_in);
SAME_PLACE(prog_test_run_attr, ctx_in, bpf_attr, test.ctx_in);
SAME_PLACE(prog_test_run_attr, cpu, bpf_attr, test.cpu);
SAME_PLACE(program_info_start, nr_map_ids, bpf_prog_info, nr_map_ids);
SAME_PLACE(obj_attr, pathname, bpf_attr, pathname);
SAME_PLACE(obj_attr, bpf_fd, bpf_attr, bpf_fd);
SAME_PLACE(obj_attr, file_flags, bpf_attr, file_flags);
SAME_PLACE(id_attr, start_id, bpf_attr, start_id);
SAME_PLACE(id_attr, start_id, bpf_attr, link_id);
SAME_PLACE(id_attr, next_id, bpf_attr, next_id);
SAME_PLACE(id_attr, open_flags, bpf_attr, open_flags);
SAME_PLACE(info_attr, bpf_fd, bpf_attr, info.bpf_fd);
SAME_PLACE(info_attr, info_len, bpf_attr, info.info_len);
SAME_PLACE(info_attr, info, bpf_attr, info.info);
SAME_PLACE(raw_tracepoint_attr, name, bpf_attr, raw_tracepoint.name);
SAME_PLACE(raw_tracepoint_attr, prog_fd, bpf_attr, raw_tracepoint.prog_fd);
SAME_PLACE(link_create_attr, prog_fd, bpf_attr, link_create.prog_fd);
SAME_PLACE(link_create_attr, target, bpf_attr, link_create.target_fd);
SAME_PLACE(link_create_attr, target, bpf_attr, link_create.target_ifindex);
SAME_PLACE(link_create_attr, attach_type, bpf_attr, link_create.attach_type);
SAME_PLACE(link_create_attr, flags, bpf_attr, link_create.flags);
SAME_PLACE(link_create_attr, target_btf_id, bpf_attr, link_create.target_btf_id);
SAME_PLACE(link_create_attr, iter.info, bpf_attr, link_create.iter_info);
SAME_PLACE(link_create_attr, iter.info_len, bpf_attr, link_create.iter_info_len);
SAME_PLACE(link_create_attr, perf_event.cookie, bpf_attr, link_create.perf_event.bpf_cookie);
SAME_PLACE(link_create_attr, tracing.cookie, bpf_attr, link_create.tracing.cookie);
SAME_PLACE(link_create_attr, kprobe_multi.flags, bpf_attr, link_create.kprobe_multi.flags);
SAME_PLACE(link_create_attr, kprobe_multi.count, bpf_attr, link_create.kprobe_multi.cnt);
SAME_PLACE(link_create_attr, kprobe_multi.symbols, bpf_attr, link_create.kprobe_multi.syms);
SAME_PLACE(link_create_attr, kprobe_multi.addresses, bpf_attr, link_create.kprobe_multi.addrs);
SAME_PLACE(link_create_attr, kprobe_multi.cookies, bpf_attr, link_create.kprobe_multi.cookies);
SAME_PLACE(prog_query_attr, target, bpf_attr, query.target_fd);
SAME_PLACE(prog_query_attr, attach_type, bpf_attr, query.attach_type);
SAME_PLACE(prog_query_attr, query_flags, bpf_attr, query.query_flags);
SAME_PLACE(prog_query_attr, attach_flags, bpf_attr, query.attach_flags);
SAME_PLACE(prog_query_attr, prog_ids, bpf_attr, query.prog_ids);
SAME_PLACE(prog_query_attr, count, bpf_attr, query.prog_cnt);
SAME_PLACE(prog_query_attr, prog_attach_flags, bpf_attr, query.prog_attach_flags);
SAME_PLACE(link_update_attr, link_fd, bpf_attr, link_update.link_fd);
SAME_PLACE(link_update_attr, new_fd, bpf_attr, link_update.new_prog_fd);
SAME_PLACE(link_update_attr, flags, bpf_attr, link_update.flags);
SAME_PLACE(link_update_attr, old_fd, bpf_attr, link_update.old_prog_fd);
SAME_PLACE(link_detach_attr, link_fd, bpf_attr, link_detach.link_fd);
SAME_PLACE(iter_create_attr, link_fd, bpf_attr, iter_create.link_fd);
SAME_PLACE(iter_create_attr, flags, bpf_attr, iter_create.flags);
SAME_PLACE(prog_bind_map_attr, prog_fd, bpf_attr, prog_bind_map.prog_fd);
SAME_PLACE(prog_bind_map_attr, map_fd, bpf_attr, prog_bind_map.map_fd);
SAME_PLACE(prog_bind_map_attr, flags, bpf_attr, prog_bind_map.flags);
SAME_PLACE(iter_map_info, map_fd, bpf_iter_link_info, map.map_fd);

SAME_PLACE(link_info, type, bpf_link_info, type);
SAME_PLACE(link_info, id, bpf_link_info, id);
SAME_PLACE(link_info, prog_id, bpf_link_info, prog_id);
SAME_PLACE(link_info, raw_tracepoint.name, bpf_link_info, raw_tracepoint.tp_name);
SAME_PLACE(link_info, raw_tracepoint.name_len, bpf_link_info, raw_tracepoint.tp_name_len);
SAME_PLACE(link_info, tracing.attach_type, bpf_link_info, tracing.attach_type);
SAME_PLACE(link_info, tracing.target_obj_id, bpf_link_info, tracing.target_obj_id);
SAME_PLACE(link_info, tracing.target_btf_id, bpf_link_info, tracing.target_btf_id);
SAME_PLACE(link_info, cgroup.cgroup_id, bpf_link_info, cgroup.cgroup_id);
SAME_PLACE(link_info, cgroup.attach_type, bpf_link_info, cgroup.attach_type);
SAME_PLACE(link_info, iter.name, bpf_link_info, iter.target_name);
SAME_PLACE(link_info, iter.name_len, bpf_link_info, iter.target_name_len);
SAME_PLACE(link_info, iter.map_id, bpf_link_info, iter.map.map_id);
SAME_PLACE(link_info, netns.netns_ino, bpf_link_info, netns.netns_ino);
SAME_PLACE(link_info, netns.attach_type, bpf_link_info, netns.attach_type);
SAME_PLACE(link_info, device.ifindex, bpf_link_info, xdp.ifindex);
SAME_PLACE(object_info_head, type, bpf_prog_info, type);
SAME_PLACE(object_info_head, id, bpf_prog_info, id);
