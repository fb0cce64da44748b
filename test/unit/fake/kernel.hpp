// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small model of the kernel's BPF objects, standing where src/sys.cpp stands in the library: what
// each function answers follows kernel/bpf/syscall.c and kernel/bpf/inode.c as read at v6.12. Any
// call can be made to fail, and things can happen just before it.

#include "border/sys.hpp"
#include "border/uapi.hpp"
#include "objects.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/program_type.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fake {

/// The functions of src/sys.hpp that enter the kernel, and back_off.
enum class call {
    prog_load,
    link_create,
    raw_tracepoint_open,
    link_update,
    link_detach,
    link_get_next_id,
    link_get_fd_by_id,
    prog_get_fd_by_id,
    map_get_fd_by_id,
    btf_get_fd_by_id,
    prog_bind_map,
    prog_test_run,
    prog_test_run_on_nothing,
    map_look_up,
    map_update,
    map_look_up_nothing,
    iter_create,
    prog_query,
    obj_pin,
    obj_get,
    obj_get_info,
    close,
    duplicate,
    watch,
    open_waiter,
    wait_for,
    wait_any,
    open_timer,
    open_device_news,
    read_device_news,
    is_open,
    read,
    open_directory,
    open_file,
    look_up,
    look_at,
    is_on_proc,
    link_text,
    reopen,
    read_at,
    find_process,
    descriptor_of,
    find_process_of,
    find_thread,
    find_memory,
    has_capability,
    is_in_first_user_namespace,
    has_locked_memory_limit,
    perf_event_open,
    program_function,
    table_name,
    kernel_type,
    open_types,
    next_function,
    load_object,
    attach_socket_filter,
    detach_socket_filter,
    is_socket_filter_locked,
    descriptor_name,
    make_directory,
    unlink,
    rename,
    rename_no_replace,
    is_on_bpffs,
    is_on_sysfs,
    is_on_cgroup1,
    current_directory,
    facts_of_name,
    facts_of_file,
    change_mode,
    change_owner,
    crosses_symlink,
    read_link,
    lock,
    unlock,
    list_begin,
    list_next,
    list_link,
    list_end,
    interface_index,
    interface_name,
    interface_facts_of,
    neighbour_with_xdp,
    xdp_query,
    xdp_replace_by_itself,
    netns_inode,
    cgroup_id,
    program_name_in_types,
    set_netns,
    netns_inode_of,
    cgroup_id_of,
    cgroup_path,
    back_off,
};
inline constexpr std::size_t number_of_calls = static_cast<std::size_t>(call::back_off) + 1;

/// One kernel, with one process in it. The newest one is whom src/sys.hpp calls.
///
/// Objects live while a descriptor, a pin, a link or "somebody else" holds them. What a test makes
/// is held by somebody else until let_go().
class kernel {
public:
    kernel();
    ~kernel();
    kernel(kernel const&) = delete;
    kernel& operator=(kernel const&) = delete;

    [[nodiscard]] static kernel& current();

    // Objects

    program& add_program(bl::program_type type, bl::attach_type expected = {});
    map& add_map();
    link& add_link(link_facts facts);
    void let_go(link& l);
    void let_go(program& p);
    /// Whether anybody holds it still.
    [[nodiscard]] bool exists(bl::link_id id) const;
    [[nodiscard]] bool has_program(bl::program_id id) const;
    /// The link that the library made last; nullptr when it is gone.
    [[nodiscard]] link* newest_link() const;
    [[nodiscard]] link* find_link(std::uint32_t id) const;

    // Descriptors of the process; opening them here is no call

    [[nodiscard]] bl::unique_fd open(link& l);
    [[nodiscard]] bl::unique_fd open(program& p);
    [[nodiscard]] bl::unique_fd open(map& m);
    [[nodiscard]] bl::unique_fd open_btf();
    [[nodiscard]] bl::unique_fd open_file();
    [[nodiscard]] bl::unique_fd open_file(std::string const& path); // one of `files`
    [[nodiscard]] bl::unique_fd open_cgroup();
    [[nodiscard]] bool is_open(int fd) const { return descriptors_.contains(fd); }
    [[nodiscard]] bool survives_exec(int fd) const { return descriptors_.at(fd).survives_exec; }
    /// As /proc/self/fd has it.
    [[nodiscard]] std::optional<std::string> descriptor_path(int fd) const {
        auto const found = descriptors_.find(fd);
        return found == descriptors_.end() ? std::nullopt : std::optional{found->second.name};
    }
    [[nodiscard]] std::vector<int> open_descriptors() const;
    [[nodiscard]] std::size_t most_open() const { return most_open_; }
    [[nodiscard]] std::size_t open_lists() const { return open_lists_; }
    /// Closes of descriptors that were not open.
    [[nodiscard]] int bad_closes() const { return bad_closes_; }
    /// Addresses given to the kernel that are nobody's, and yet might be mapped: it would have
    /// written there.
    [[nodiscard]] int stray_addresses() const { return stray_addresses_; }

    enum class node_kind { directory, pin, file, symlink };

    // Files. "/bpf" and "/other" are two bpffs, "/home" is none, "/cgroup" is a cgroup.

    void make_directory(std::string const& path);
    void make_cgroup(std::string const& path);
    void make_file(std::string const& path);
    void make_symlink(std::string const& path, std::string target = "nowhere");
    /// As those of procfs, whose text is not where they lead.
    void make_magic_link(std::string const& path, std::string target);
    void make_hard_link(std::string const& from, std::string const& to);
    /// A second mount, of a directory.
    void bind(std::string const& path, std::string const& directory);
    /// Renames a name and all below it.
    void move(std::string const& from, std::string const& to);
    template <class T>
    void pin(std::string const& path, T& what) {
        pin_object(path, what.shared_from_this());
    }
    void remove(std::string const& path);
    [[nodiscard]] bool has_path(std::string const& path) const;
    /// The id of the link pinned there; 0 when there is none.
    [[nodiscard]] std::uint32_t link_at(std::string const& path) const;
    [[nodiscard]] std::vector<std::string> names_in(std::string const& directory) const;
    struct permissions {
        unsigned mode = 0600;
        unsigned owner = 0;
        unsigned group = 0;
        bool operator==(permissions const&) const = default;
    };
    void permit(std::string const& path, permissions what);
    [[nodiscard]] permissions permissions_of(std::string const& path) const;
    /// Another process takes the lock of a directory.
    void lock_directory(std::string const& path);
    void unlock_directory(std::string const& path);
    [[nodiscard]] bool is_locked(std::string const& path) const;
    /// A bpffs more, mounted on a new directory.
    void make_bpffs(std::string const& path, int device);
    void change_directory(std::string path) { working_directory_ = std::move(path); }

    // Time and trouble

    [[nodiscard]] int calls(call what) const { return counts_[static_cast<std::size_t>(what)]; }
    /// All but back_off.
    [[nodiscard]] int system_calls() const;
    void forget_calls();

    /// The `nth` call from now on fails with `number`.
    void fail(call what, int number, int nth = 1);
    void fail_always(call what, int number);
    /// The `nth` call from now on fails with `number`, whichever it is.
    void fail_any(int number, int nth);
    /// No call is going to fail any more.
    void mend();
    /// Whether the failure that fail_any() announced has come.
    [[nodiscard]] bool has_failed() const { return any_left_ == 0; }
    /// `action` runs just before the `nth` call from now on.
    void before(call what, std::function<void()> action, int nth = 1);

    // Facts that differ from kernel to kernel and from machine to machine

    std::uint32_t info_size = 64;         // sizeof(struct bpf_link_info)
    bool reports_cookies = true;          // of raw tracepoints and tracing links, since 6.17
    bool reports_tracing_targets = true;  // since 5.13
    bool reports_perf_events = true;      // and kprobe_multi, since 6.6
    bool reports_missed = true;           // of kprobes, since 6.7
    bool reports_uprobe_multi = true;     // since 6.8
    bool reports_probe_cookies = true;    // of perf events and kprobe_multi, since 6.9
    bool reports_path_lengths = true;     // of perf events and uprobe_multi, since 6.12
    bool reports_ref_ctr_offset = true;   // of uprobes, since 6.16
    bool reports_tracing_multi = true;    // since 7.3
    bool tells_probed_files = true;       // the file itself, to the library's own program
    bool shows_addresses = true;          // by kptr_restrict
    bool takes_tracepoint_cookies = true; // since 6.10
    bool takes_tracing_cookies = true;    // since 5.19
    bool tells_misses = true;             // of programs that did not run, since 5.12
    bool tells_functions = true;          // of programs that are loaded for them, since 6.0
    std::size_t descriptor_limit = 1'024;
    int first_descriptor = 3;
    int process_id = 4'321;
    bool has_device_news = false;  // to be read by who listens
    bool device_has_ended = false; // is among it, or what was lost
    bool polls_struct_ops = true;  // since 6.11
    bool has_sysfs = true;         // mounted
    std::vector<unsigned> lacks_capabilities;
    bool in_first_user_namespace = true;
    bool limits_locked_memory = false;
    bool filter_is_locked = false;      // every socket's
    bool has_version_1_cgroups = false; // "/home" is one
    bool has_proc = true;               // likewise
    bool knows_tasks = true;            // as parameters of iterators, since 6.1
    bool walks_tasks = false;           // an iterator's program, whatever map it is given
    std::map<std::uint32_t, std::string> interfaces{{1, "lo"}, {2, "eth0"}, {3, "eth1"}};
    [[nodiscard]] bool has_interface(std::uint32_t index) const {
        return interfaces.contains(index);
    }
    /// What is to be said of an interface, beside its name.
    struct interface {
        std::string kind;
        std::uint32_t mtu = 1'500;
        std::uint32_t above = 0; // the bridge, bond or macvlan that is on it
        xdp_ids without_link{};  // as ip link set attaches them
    };
    std::map<std::uint32_t, interface> interface_facts;
    std::optional<std::string> says_to_xdp; // to an attach that fails; since 6.6
    std::uint32_t own_netns = home_netns;   // as a program sees it
    std::map<std::string, std::uint32_t, std::less<>> network_namespaces{
        {"/proc/thread-self/ns/net", home_netns}};             // inodes by path
    std::map<std::string, std::uint64_t, std::less<>> cgroups; // ids by path
    std::vector<std::string> tracepoints{"sched_switch", "sys_enter"};
    std::map<std::string, std::string, std::less<>> files;    // by path; others do not exist
    std::size_t most_read = SIZE_MAX;                         // bytes that one read gives
    std::map<std::string, std::string, std::less<>> symlinks; // texts by path; beside `files`
    /// What the start of a path is to /proc/self/fd, where that is in another mount namespace.
    std::map<std::string, std::string, std::less<>> names_in_namespace;
    std::vector<std::string> devices; // paths of what is never to be opened
    int lacks_openat2 = 0;            // ENOSYS before 5.6, EPERM by a filter
    std::string mounts = "20 1 0:5 / /proc rw - proc proc rw\n"
                         "30 1 0:1 / /bpf rw,relatime - bpf bpf rw,mode=700\n"
                         "31 1 0:2 / /other rw shared:3 - bpf none rw\n";
    std::uint64_t pid_namespace = 0; // 0: the first one
    std::deque<other_process> others;
    other_process& add_process(int number, std::string command);
    std::vector<int> processes{1, 7, 33, 41, 55, 77};
    std::vector<int> threads{42};    // of the processes, beside their first ones
    std::vector<int> without_memory; // kernel threads
    /// Cuts a file of `files` short in place, under those who have it open.
    void shorten(std::string const& path, std::size_t size);
    struct on_a_hook {
        std::uint32_t program = 0;
        std::uint32_t link = 0;
    };
    std::vector<on_a_hook> on_hook; // what a query finds
    std::uint32_t hook_flags = 0;   // and those of the attachment
    /// The same of a cgroup by its path, where that is not as the others.
    struct on_a_cgroup {
        std::uint32_t program = 0; // 0: none
        std::uint32_t flags = 0;
    };
    std::map<std::string, on_a_cgroup, std::less<>> on_cgroups;
    std::uint64_t hook_revision = 1;

    // What was asked for last

    uapi::link_create_attr last_create{};
    std::optional<std::uint32_t> last_create_map; // its descriptor
    uapi::link_update_attr last_update{};
    std::vector<std::uint64_t> last_addresses; // that kprobe_multi was given
    std::vector<std::uint32_t> last_functions; // BTF ids, of tracing_multi
    std::string last_probed_text;              // of the file that uprobe_multi was given
    std::uint64_t last_cookie = 0;
    uapi::iter_cgroup_info last_iter_cgroup{};
    uapi::iter_task_info last_iter_task{};
    uapi::prog_query_attr last_query{};
    struct perf_event {
        uapi::perf_event_attr attr{};
        std::string name;
        int pid = 0;
        int cpu = 0;
    };
    perf_event last_perf_event;
    /// The functions that BTF knows, by the module's name or "vmlinux"; by their ids.
    std::map<std::string, std::vector<typed_function>, std::less<>> function_types;
    int open_function_types = 0;
    std::optional<int> last_filter;

    // src/sys.hpp

    /// Counts a call; the errno that it is to fail with, or 0.
    int enter(call what);

    int sys_prog_load(uapi::prog_load_attr const& attr);
    int sys_link_create(uapi::link_create_attr const& attr);
    int sys_raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr);
    int sys_link_update(uapi::link_update_attr const& attr);
    int sys_link_detach(int fd);
    int sys_link_get_next_id(std::uint32_t after, std::uint32_t& next);
    int sys_link_get_fd_by_id(std::uint32_t id);
    int sys_prog_get_fd_by_id(std::uint32_t id);
    int sys_map_get_fd_by_id(std::uint32_t id);
    int sys_btf_get_fd_by_id(std::uint32_t id);
    int sys_prog_bind_map(int program, int map);
    int sys_prog_test_run(int program, int argument, std::uint32_t& answer, int second);
    int sys_prog_test_run_on_nothing(int program);
    int sys_map_look_up(int map, void const* key, void* value);
    int sys_map_update(int map, void const* key, void const* value);
    int sys_map_look_up_nothing(int map);
    [[nodiscard]] xdp_ids xdp_on(std::uint32_t index, bool links = true) const;
    [[nodiscard]] int sys_neighbour_with_xdp(std::uint32_t index, bl::sys::side where,
                                             std::span<char, 16> name) const;
    [[nodiscard]] int sys_xdp_replace_by_itself(std::uint32_t index, int program,
                                                unsigned mode) const;
    int sys_iter_create(int fd);
    int sys_prog_query(uapi::prog_query_attr& attr);
    int sys_perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu);
    int sys_open_file(std::string_view path);
    int sys_look_up(int directory, std::string_view path, bpflink::sys::lookup how);
    int sys_look_at(int fd, bpflink::sys::file_facts& facts);
    int sys_is_on_proc(int fd);
    int sys_link_text(int link, std::span<char> into);
    int sys_reopen(int found);
    int sys_read_at(int fd, std::span<std::byte> into, std::uint64_t offset);
    int sys_find_process(int number);
    int sys_program_name_in_types(int program, std::span<char> into);
    int sys_program_function(int program, std::string_view name);
    int sys_load_object(std::span<std::byte const> file);
    int sys_set_filter(int socket, std::optional<int> program);
    int sys_obj_pin(int fd, std::string_view path);
    int sys_obj_get(std::string_view path);
    int sys_obj_get_info(int fd, void* info, std::uint32_t& size);
    int sys_close(int fd);
    int sys_duplicate(int fd, bool survives_exec);
    int sys_watch(int fd);
    int sys_open_waiter();
    int sys_wait_for(int waiter, int fd, unsigned which, bool once);
    int sys_wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which);
    int sys_open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period);
    int sys_open_device_news();
    int sys_read_device_news(int socket);
    int sys_read(int fd, std::span<std::byte> into);
    int sys_open_directory(std::string_view path);
    int sys_descriptor_name(int fd, std::span<char> into);
    int sys_make_directory(std::string_view path, unsigned mode);
    int sys_unlink(std::string_view path);
    int sys_rename(std::string_view from, std::string_view to, bool replace);
    int sys_is_on_bpffs(std::string_view path);
    int sys_current_directory(std::span<char> into);
    int sys_facts_of_name(std::string_view path, bl::sys::file_facts& out, bool follow);
    int sys_facts_of(int fd, bl::sys::file_facts& out);
    int sys_permit(std::string_view path, std::optional<unsigned> mode,
                   std::optional<std::pair<unsigned, unsigned>> owners);
    int sys_crosses_symlink(std::string_view path);
    int sys_read_link(std::string_view path, std::span<char> into);
    int sys_lock(int fd);
    int sys_unlock(int fd);
    void pass(std::chrono::milliseconds time) { now_ += time; }
    void sys_back_off() { now_ += std::chrono::milliseconds{1}; }
    [[nodiscard]] std::chrono::steady_clock::time_point sys_now() const { return now_; }
    int sys_list_begin(std::string_view path, void*& stream);
    bool sys_list_next(void* stream, std::string const*& name, node_kind& kind);
    int sys_descriptor_of(int process, int number);
    int sys_list_link(void* stream, std::string_view name, std::span<char> into);
    void sys_list_end(void* stream);

private:
    int check_order(uapi::link_create_attr const& attr) const;
    struct descriptor {
        object what;
        std::string name; // as /proc/self/fd has it
        bool survives_exec;
    };
    struct node {
        node_kind kind{};
        int filesystem = 0; // 0 is no bpffs
        std::optional<object> what;
        bool is_cgroup = false;
        std::string target{};  // of a symbolic link, or of a second mount
        bool is_magic = false; // a symbolic link's text is not its target
        permissions who{};
        std::uint64_t inode = 0;
    };
    struct location {
        std::string path; // of a name in a directory that is there; empty: not even that
        std::string mount;
        int links = 0; // symbolic links on the way
    };
    struct trouble {
        int at = 0; // the count of the call; 0: every one
        int number = 0;
        std::function<void()> action;
    };
    struct listed {
        std::string name;
        node_kind kind{};
    };
    struct listing {
        std::string path;
        std::vector<listed> entries;
        std::size_t next = 0;
        listed current;
    };

    [[nodiscard]] other_process const* find_other(int number) const;
    [[nodiscard]] std::optional<std::string> proc_file(std::string_view path) const;
    [[nodiscard]] bool list_proc(std::string_view path, std::vector<std::string>& directories,
                                 std::vector<std::string>& names, int& outcome) const;
    [[nodiscard]] std::int64_t proc_inode(std::string_view path) const;

    template <class T>
    [[nodiscard]] std::shared_ptr<T> get(int fd, int& outcome) const;
    int install(object what, std::string name);
    int install_new_link(link_facts facts, std::shared_ptr<program> prog);
    int walk(std::string_view path, bool follow, location& at) const;
    [[nodiscard]] std::deque<read_step> records_of_links() const;
    [[nodiscard]] std::deque<read_step> records_of_descriptors() const;
    int follow(std::string path, std::string const& root, bpflink::sys::lookup how,
               std::string& found) const;
    std::shared_ptr<named_file> body_of(std::string const& path);
    int update_program(link& l, std::uint32_t next, bool replace, std::uint32_t old);
    int fill(link const& l, uapi::link_info& info);
    int fill_iter(link const& l, uapi::link_info::iter_part& info);
    std::uint32_t compare_file(link_facts const& facts, int file);
    int fill_perf_event(link_facts const& facts, uapi::link_info::perf_event_part& info);
    int fill_kprobe_multi(link_facts const& facts, uapi::link_info::kprobe_multi_part& info);
    int fill_uprobe_multi(link_facts const& facts, uapi::link_info::uprobe_multi_part& info);
    int fill_tracing_multi(link_facts const& facts, uapi::link_info::tracing_multi_part& info);
    int copy_name(std::uint64_t address, std::uint32_t& length, std::string const& name);
    int copy_perf_name(std::uint64_t address, std::uint32_t& length, std::string const& name);
    int copy_addresses(std::uint64_t address, std::vector<std::uint64_t> const& from,
                       std::size_t count);
    template <class T>
    int copy_array(std::uint64_t address, std::vector<T> const& from, std::size_t count);
    int copy_out(std::uint64_t address, void const* from, std::size_t size);
    void make_node(std::string const& path, node what);
    void pin_object(std::string const& path, object what);

    kernel* previous_;
    std::array<int, number_of_calls> counts_{};
    std::array<std::vector<trouble>, number_of_calls> troubles_;

    int any_left_ = 0;
    int any_number_ = 0;

    std::uint32_t next_id_ = 100;
    std::uint32_t newest_link_ = 0;
    std::map<std::uint32_t, std::weak_ptr<link>> links_;
    std::map<std::uint32_t, std::weak_ptr<program>> programs_;
    std::map<std::uint32_t, std::weak_ptr<map>> maps_;
    std::vector<object> elsewhere_;

    std::map<int, descriptor> descriptors_;
    std::size_t most_open_ = 0;
    std::size_t open_lists_ = 0;
    int bad_closes_ = 0;
    int stray_addresses_ = 0;

    std::map<std::string, std::shared_ptr<named_file>> bodies_;
    // By their only path without symbolic links; a hard link shares its node.
    std::map<std::string, std::shared_ptr<node>> nodes_;
    std::uint64_t next_inode_ = 1'000;
    std::map<std::uint64_t, int> locks_; // directories' inodes, and who has them
    std::chrono::steady_clock::time_point now_{};
    std::string working_directory_ = "/home";
};

} // namespace fake
