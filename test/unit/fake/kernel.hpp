// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small model of the kernel's BPF objects, in place of src/border/sys.cpp: what each function
// answers follows kernel/bpf/syscall.c and kernel/bpf/inode.c as read at v6.12. Any call can be
// made to fail, and things can happen just before it.

#include "border/sys.hpp"
#include "border/uapi.hpp"
#include "objects.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/program_type.hpp>

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fake {

/// A function of src/border/sys.hpp.
class any_call {
public:
    template <class Answer, class... Arguments>
    any_call(Answer (*function)(Arguments...) noexcept) noexcept
        : address_{reinterpret_cast<std::uintptr_t>(function)} {}
    auto operator<=>(any_call const&) const = default;

private:
    std::uintptr_t address_;
};

/// The process has no memory below it: an address there is a mistake.
extern std::uint64_t const lowest_own_address;

/// One kernel, with one process in it. The newest one is whom src/border/sys.hpp calls.
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

    [[nodiscard]] int calls(any_call what) const;
    struct call_made {
        any_call what;
        int count;
        std::string_view name; // with its arguments
    };
    [[nodiscard]] std::vector<call_made> calls_made() const;
    /// All but back_off.
    [[nodiscard]] int system_calls() const;
    void forget_calls();

    /// The `nth` call from now on fails with `number`.
    void fail(any_call what, int number, int nth = 1);
    void fail_always(any_call what, int number);
    /// The `nth` call from now on fails with `number`, whichever it is.
    void fail_any(int number, int nth);
    /// No call is going to fail any more.
    void mend();
    /// Whether the failure that fail_any() announced has come.
    [[nodiscard]] bool has_failed() const { return any_left_ == 0; }
    /// `action` runs just before the `nth` call from now on.
    void before(any_call what, std::function<void()> action, int nth = 1);

    // Facts that differ from kernel to kernel and from machine to machine

    std::uint32_t info_size = 64;         // sizeof(struct bpf_link_info)
    bool reports_cookies = true;          // of raw tracepoints and tracing links, since 6.17
    bool reports_tracing_targets = true;  // since 5.13
    bool attaches_again = true;           // what was loaded for a function, since 5.13
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
    bool creates_tracing_links = true;    // by link_create, since 5.19
    bool has_sleepers = false;            // programs of tracepoints; 7.3 has them
    bool tells_misses = true;             // of programs that did not run, since 5.12
    bool tells_functions = true;          // of programs that are loaded for them, since 6.0
    std::size_t descriptor_limit = 1'024;
    int first_descriptor = 3;
    int process_id = 4'321;
    std::uint16_t machine_of_code = 62; // EM_X86_64: programs here have the code of it
    bool has_device_news = false;       // to be read by who listens
    bool device_has_ended = false;      // is among it, or what was lost
    bool polls_struct_ops = true;       // since 6.11
    bool has_sysfs = true;              // mounted
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
    int misses_words = 0;                   // the next times that it says so
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
    std::size_t most_side_by_side = 0; // of what threads did at once

    /// Lets time pass.
    void pass(std::chrono::milliseconds time) { now_ += time; }

    // The model's own, for the functions of src/border/sys.hpp in these files (model.hpp)

    struct descriptor {
        object what;
        std::string name; // as /proc/self/fd has it
        bool survives_exec = false;
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
        std::shared_ptr<node> there{};
    };

    /// Counts a call; the errno that it is to fail with, or 0.
    int enter(any_call what, std::source_location at = std::source_location::current());
    /// Of a descriptor; nullptr where it is not a T.
    template <class T, class Number>
    [[nodiscard]] std::shared_ptr<T> find(Number fd) const;
    /// Refuses with EBADF where nothing is open, and with EINVAL where it is not a T.
    template <class T, class Number>
    std::shared_ptr<T> get(Number fd) const;
    /// Refuses with EBADF where nothing is open.
    descriptor const& descriptor_at(int fd) const;
    int install(object what, std::string name);
    /// 0 when something is at a path. A bpffs refuses to look for a name with a dot.
    int walk(std::string_view path, bool follow, location& at) const;
    /// Refuses where nothing is there.
    [[nodiscard]] location reach(std::string_view path, bool follow) const;
    void make_node(std::string const& path, node what);
    void pin_object(std::string const& path, object what);
    std::shared_ptr<named_file> body_of(std::string const& path);
    /// The programs of an interface.
    [[nodiscard]] xdp_ids xdp_on(std::uint32_t index, bool links = true) const;

    std::uint32_t next_id_ = 100;
    std::uint32_t newest_link_ = 0;
    std::map<std::uint32_t, std::weak_ptr<link>> links_;
    std::map<std::uint32_t, std::weak_ptr<program>> programs_;
    std::map<std::uint32_t, std::weak_ptr<map>> maps_;

    std::map<int, descriptor> descriptors_;
    std::size_t open_lists_ = 0;
    int bad_closes_ = 0;
    int stray_addresses_ = 0;

    // By their only path without symbolic links; a hard link shares its node.
    std::map<std::string, std::shared_ptr<node>> nodes_;
    std::map<std::uint64_t, int> locks_; // directories' inodes, and who has them
    std::chrono::steady_clock::time_point now_{};
    std::string working_directory_ = "/home";

private:
    struct trouble {
        int at = 0; // the count of the call; 0: every one
        int number = 0;
        std::function<void()> action;
    };

    struct counted {
        int count = 0;
        std::string_view name{};
        std::vector<trouble> troubles{};
    };

    kernel* previous_;
    std::map<any_call, counted> calls_;
    int any_left_ = 0;
    int any_number_ = 0;

    std::vector<object> elsewhere_;
    std::size_t most_open_ = 0;
    std::map<std::string, std::shared_ptr<named_file>> bodies_;
    std::uint64_t next_inode_ = 1'000;
};

} // namespace fake
