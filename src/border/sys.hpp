// SPDX-License-Identifier: Apache-2.0
#pragma once

// The border to the kernel and to libbpf. Everything behind it is in sys.cpp, and nothing else in
// the library makes a system call; the unit tests link a fake in its place.
//
// Every function returns a number (a count, 0) or an errno, negated; those that make a descriptor
// return its owner. None throws or allocates, but for what says so. Interrupted calls (EINTR) are
// made again here.

#include "border/opened.hpp"
#include "border/uapi.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

struct bpf_link;
struct bpf_map;
struct bpf_object;
struct bpf_program;

namespace [[gnu::visibility("hidden")]] bpflink {
namespace sys {

// bpf(2)
opened prog_load(uapi::prog_load_attr const& attr) noexcept;
opened link_create(uapi::link_create_attr const& attr) noexcept;
opened raw_tracepoint_open(uapi::raw_tracepoint_attr const& attr) noexcept;
int link_update(uapi::link_update_attr const& attr) noexcept;
int link_detach(int link) noexcept;
int link_get_next_id(std::uint32_t after, std::uint32_t& next) noexcept;
opened link_get_fd_by_id(std::uint32_t id) noexcept;
opened prog_get_fd_by_id(std::uint32_t id) noexcept;
opened map_get_fd_by_id(std::uint32_t id) noexcept;
opened btf_get_fd_by_id(std::uint32_t id) noexcept;
int prog_bind_map(int program, int map) noexcept;
// Runs a raw tracepoint's program here and now, with two arguments.
int prog_test_run(int program, int argument, std::uint32_t& answer, int second = -1) noexcept;
// Has an XDP program run on a packet that cannot be read: always fails, before it runs. -EFAULT.
// -EINVAL where it was loaded for a devmap or a cpumap (since 5.14), or for one device (since 6.3).
int prog_test_run_on_nothing(int program) noexcept;
// Of sizes that the map has.
int map_look_up(int map, void const* key, void* value) noexcept;
int map_update(int map, void const* key, void const* value) noexcept;
int map_look_up_nothing(int map) noexcept; // without a key, nor room for a value: always fails
opened iter_create(int link) noexcept;
int prog_query(uapi::prog_query_attr& attr) noexcept;
int obj_pin(int fd, char const* path) noexcept;
opened obj_get(char const* path) noexcept;

// `size` goes in as the buffer's and comes out as the kernel's own. -EBADF where `fd` is not open,
// for the kernel's EBADFD.
int obj_get_info(int fd, void* info, std::uint32_t& size) noexcept;

// Descriptors
opened duplicate(int fd, bool survives_exec = false) noexcept;
opened watch(int fd) noexcept; // a descriptor that can be read when `fd` can; -EPERM: it never can
// Several at once. `which` is a bit, told when `fd` can be read or its object has ended. One that
// is waited for once is told of once, even where it stays ended. Its file is waited for as long as
// anybody has it open, whether `fd` is closed or not.
enum class waits { again, once };
opened open_waiter() noexcept;
int wait_for(int waiter, int fd, unsigned which, waits how) noexcept;
// The bits of what is ready, at least one; 0 when the time is over.
int wait_any(int waiter, std::chrono::milliseconds limit, unsigned& which) noexcept;
// Can be read after `first`, and each `period` after that.
opened open_timer(std::chrono::milliseconds first, std::chrono::milliseconds period) noexcept;
// Can be read when an interface of this network namespace changes.
opened open_device_news() noexcept;
// Reads what there is. 1: an interface has ended, or there was news that nobody can tell any more;
// 0.
int read_device_news(int socket) noexcept;
int is_open(int fd) noexcept; // 0 or -EBADF
int read(int fd, std::span<std::byte> into) noexcept;
opened open_directory(char const* path) noexcept;
opened open_file(char const* path) noexcept; // for reading

// Files of others. A name is looked up without opening its file: neither a FIFO nor a device
// notices. reopen() opens for reading afterwards, once the file is known.
enum class lookup {
    plain,          // as open(2) does
    no_follow,      // a symbolic link that comes last is found itself
    no_magic_links, // -ELOOP where a link of /proc stands for something else than its text
    in_root,        // the directory is the root of ".." and of absolute links
    beneath,        // -EXDEV where ".." or a link leads out of the directory
};
inline constexpr int working_directory = -100;
// The last three: -ENOSYS before 5.6, and -ENOSYS or -EPERM where openat2(2) is filtered out.
opened look_up(int directory, char const* path, lookup how) noexcept;

enum class file_kind { regular, directory, symlink, other };
struct file_facts {
    file_kind kind;
    std::uint64_t device;
    std::uint64_t inode;
    unsigned mode = 0; // the permissions
    unsigned owner = 0;
    unsigned group = 0;
};
int look_at(int fd, file_facts& facts) noexcept;
int is_on_proc(int fd) noexcept;                        // 1, 0
int link_text(int link, std::span<char> into) noexcept; // found by no_follow; the length
opened reopen(int found) noexcept;                      // never waits; -ENOENT without /proc
int read_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept;

// A perf event; -1 stands for every process, or every processor.
opened perf_event_open(uapi::perf_event_attr const& attr, int pid, int cpu) noexcept;

int attach_socket_filter(int socket, int program) noexcept;
int detach_socket_filter(int socket) noexcept;
int is_socket_filter_locked(int socket) noexcept; // 1, 0

// The name that /proc gives a descriptor, as far as it fits; the length.
int descriptor_name(int fd, std::span<char> into) noexcept;

// Files
int make_directory(char const* path, unsigned mode) noexcept;
int unlink(char const* path) noexcept;
int rename(char const* from, char const* to) noexcept;            // over what is there
int rename_no_replace(char const* from, char const* to) noexcept; // EEXIST when something is
int is_on_bpffs(char const* path) noexcept;                       // 1, 0
int is_on_sysfs(char const* path) noexcept;                       // 1, 0
int is_on_cgroup1(int fd) noexcept;                               // 1, 0
int current_directory(std::span<char> into) noexcept;

int facts_of_name(char const* path, file_facts& out) noexcept; // a symbolic link is what it is
int facts_of_file(char const* path, file_facts& out) noexcept; // behind symbolic links
int change_mode(char const* path, unsigned mode) noexcept;
int change_owner(char const* path, unsigned owner, unsigned group) noexcept;

// Whether the way to a path, or to where nothing is, goes through a symbolic link, the last name
// among them: 1, 0.
int crosses_symlink(char const* path) noexcept;
// Where a symbolic link leads; the length. -EINVAL where the name is not a link. 0 for those of
// procfs (/proc/PID/root) that lead where no text says.
int read_link(char const* path, std::span<char> into) noexcept;

// flock(2), which keeps out other descriptors that a file was opened for.
int lock(int fd) noexcept; // -EAGAIN when another has it
int unlock(int fd) noexcept;

std::chrono::steady_clock::time_point now() noexcept;
/// When a limit from now is over. The clock does not reach the end of a very long one.
inline std::chrono::steady_clock::time_point deadline(std::chrono::milliseconds limit) noexcept {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds none{0};
    auto const begin = now();
    auto const most =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock::time_point::max() - begin);
    if (limit >= most) return clock::time_point::max();
    return begin + (limit < none ? none : limit);
}

enum class entry_kind { directory, file, other };
struct entry {
    char const* name; // valid until the next call
    entry_kind kind;
};
int list_begin(char const* path, void*& stream) noexcept;
int list_next(void* stream, entry& out) noexcept; // 1, or 0 at the end
// The text of a symbolic link in what is listed, as far as it fits; the length.
int list_link(void* stream, char const* name, std::span<char> into) noexcept;
void list_end(void* stream) noexcept;

// Names and numbers of what links are on. Interfaces are those of this network namespace.
int interface_index(char const* name) noexcept;
int interface_name(std::uint32_t index,
                   std::span<char, 16> into) noexcept; // -ENODEV when none has it
struct interface_facts {
    char kind[16]; // "veth", "bond"; empty for most hardware, and for lo
    std::uint32_t mtu;
};
int interface_facts_of(std::uint32_t index, interface_facts& facts) noexcept; // -ENODEV
// An interface next to another that has an XDP program, by name: 1, or 0 where none is to be seen.
// Above are bridge, bond and macvlan; below are the ports of those that have some.
enum class side { above, below };
int neighbour_with_xdp(std::uint32_t index, side where, std::span<char, 16> name) noexcept;
int netns_inode(char const* path, std::uint32_t& inode) noexcept; // -EINVAL for another file
int cgroup_id(char const* path, std::uint64_t& id) noexcept;      // -EINVAL for another file
// The same by a descriptor; -EBADF.
int netns_inode_of(int fd, std::uint32_t& inode) noexcept;
int cgroup_id_of(int fd, std::uint64_t& id) noexcept;
int cgroup_path(std::uint64_t id,
                std::span<char> into) noexcept; // -ESTALE when it is gone, -EXDEV outside

// Has this thread enter a network namespace. -EINVAL when it is not one.
int set_netns(int fd) noexcept;
// Writes a line to stderr, and aborts.
[[noreturn]] void give_up(char const* line) noexcept;

// A number that no other process on this machine has now.
int process_id() noexcept;
// Whether programs here may have the code of an ELF file for such a machine (e_machine). Of a kind
// of machine that is not known here, they may.
bool may_run_code_for(std::uint16_t machine) noexcept;
// 0 where the number is a process's, in this process's pid namespace. -ESRCH where it is nobody's,
// or that of a process that has ended. -EINVAL where it is a thread's alone.
int find_process(int number) noexcept;
int find_process_of(int pidfd) noexcept; // 0, or -ESRCH for one that has ended
int find_thread(int number) noexcept;    // 0, or -ESRCH
// A copy of another process's descriptor, by one of its threads. -EBADF where it has nothing there.
// -EOPNOTSUPP: the kernel (before 6.9) knows processes alone, not their further threads.
opened descriptor_of(int process, int thread, int number) noexcept;
// 0; -ESRCH where the process has none: a kernel thread, or one whose first thread has ended.
int find_memory(int process) noexcept;

// Of this thread: 1, 0. Whether it has a capability in its user namespace; and whether that is the
// first one, where capabilities count for all of the kernel.
int has_capability(unsigned number) noexcept;
int is_in_first_user_namespace() noexcept;
int has_locked_memory_limit() noexcept; // 1, 0

// Before another attempt, counted from 0: lets others run, and sleeps from the 11th on, first for
// 1 us, then twice as long each time.
void back_off(int attempt) noexcept;

// libbpf
int program_fd(::bpf_program const* prog) noexcept;
unsigned program_type(::bpf_program const* prog) noexcept;
unsigned program_expected_attach_type(::bpf_program const* prog) noexcept;
char const* program_name(::bpf_program const* prog) noexcept;
char const* program_section(::bpf_program const* prog) noexcept;
bool program_autoload(::bpf_program const* prog) noexcept;
bool program_autoattach(::bpf_program const* prog) noexcept;
// The one after `prog`, or the first; null after the last.
::bpf_program const* next_program(::bpf_object const* object, ::bpf_program const* prog) noexcept;
int kernel_type(char const* name, unsigned attach_type) noexcept; // its BTF id; allocates
int program_function(int program, char const* name) noexcept;     // its BTF id; allocates
// Where a table of struct_ops has its name, by the BTF id of its value. -ENOENT where it has none,
// or is a module's; allocates.
int table_name(std::uint32_t value_type, std::uint32_t& offset, std::uint32_t& length) noexcept;
// The name of a program's main function in BTF, as far as it fits; the length. -ENOENT without BTF;
// allocates.
int program_name_in_types(int program, std::span<char> into) noexcept;
// Functions in BTF: the kernel's own, or a module's.
struct function_type {
    char const* name; // good while the types are open
    std::uint32_t id;
    bool can_be_traced; // a trampoline can pass the arguments, and what it returns
};
// A null module is the kernel itself. -ENOENT: there is no such module, or no BTF of it; allocates.
int open_types(char const* module, void*& types) noexcept;
int next_function(void* types, function_type& at) noexcept; // after at.id; 1, or 0 at the end
void close_types(void* types) noexcept;
opened load_object(std::span<std::byte const> file) noexcept; // its only program; allocates
int map_fd(::bpf_map const* map) noexcept;
int link_fd(::bpf_link const* link) noexcept;
void destroy(::bpf_link* link) noexcept;
struct xdp_programs { // ids; 0: none
    std::uint32_t offload;
    std::uint32_t driver;
    std::uint32_t generic;
};
// All 0 for an interface that is not there; allocates.
int xdp_query(std::uint32_t index, xdp_programs& programs) noexcept;
// Asks netlink to replace `program` on an interface by itself, which never changes anything. -EBUSY
// where a link is there in that mode. Where none is, 0 if `program` is there, else -EEXIST.
// Allocates.
int xdp_replace_by_itself(std::uint32_t index, int program, unsigned mode) noexcept;

} // namespace sys
} // namespace bpflink
