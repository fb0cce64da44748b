// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "lifecycle/presence.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"
#include "pin/mounts.hpp"
#include "snapshot/own_program.hpp"
#include "snapshot/raw_link_descriptor.h"
#include "snapshot/raw_records.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/views/pins.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <compare>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace bpflink {
namespace {

using found_holders = std::map<link_id, link_holders>;

constexpr std::array causes{
    detail::refusal{ENOENT, errc::not_supported, "/proc is not mounted, which has the processes",
                    "mount it", "proc_get_tree"},
    detail::refusal{
        ENOSYS, errc::not_supported,
        "the kernel has no pidfd_getfd(2) (5.6), or a filter of system calls refuses it", "",
        "sys_pidfd_getfd"},
};

struct list_closer {
    void operator()(void* stream) const noexcept { sys::list_end(stream); }
};

/// Calls `visit(stream, entry)` for what is in a directory until it answers a negated errno.
/// Negated errnos of the list likewise; else how many entries there were.
template <class Visit>
int for_each_entry(std::string const& path, Visit visit) {
    void* stream = nullptr;
    if (int const outcome = sys::list_begin(path.c_str(), stream); outcome < 0) return outcome;
    std::unique_ptr<void, list_closer> const list{stream};
    sys::entry found{};
    for (int count = 0;; ++count) {
        int const outcome = sys::list_next(stream, found);
        if (outcome < 0) return outcome;
        if (outcome == 0) return count;
        if (int const done = visit(stream, found); done < 0) return done;
    }
}

/// The number that a whole text is; 0 for another text.
std::uint32_t number_of(std::string_view text) {
    std::uint32_t number = 0;
    auto const* const end = std::to_address(text.end());
    auto const parsed = std::from_chars(std::to_address(text.begin()), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end ? number : 0;
}

/// Its process has ended, or has closed it.
bool is_gone(int outcome) {
    return outcome == -ENOENT || outcome == -ESRCH;
}

bool is_refused(int outcome) {
    return outcome == -EACCES || outcome == -EPERM;
}

bool is_there(std::string const& directory) {
    sys::file_facts facts{};
    return !is_gone(sys::facts_of_file(directory.c_str(), facts));
}

/// One pass over all processes and pins.
class pass {
public:
    /// @param only  the one link that is asked for; empty: all
    explicit pass(std::optional<link_id> only) : only_{only} {}

    /// An error is what keeps all of it from being told, such as a lack of descriptors.
    result<found_holders> take() {
        bool const is_in_first = is_in_first_pid_namespace();
        if (!is_in_first) note("processes outside this pid namespace");
        is_told_ = is_in_first && tell_descriptors();
        sees_all_processes();
        result<void> failed;
        int const outcome = for_each_entry("/proc", [&](void*, sys::entry const& entry) {
            if (auto const process = number_of(entry.name); process != 0) {
                failed = look_at(static_cast<int>(process));
                if (!failed) return -EINTR; // ends the list
            }
            return 0;
        });
        if (!failed) return tl::unexpected{std::move(failed).error()};
        if (outcome < 0)
            return refuse(outcome, operation::read, "/proc", {}, {causes, common_causes()});
        look_at_pins();
        if (hidden_ != 0)
            note(of_processes() + std::to_string(hidden_) +
                 (hidden_ == 1 ? " process" : " processes") +
                 " that this one may not look into (CAP_SYS_PTRACE is missing, or a "
                 "security module refuses)");
        for (auto& each : found_)
            each.second.unseen = unseen_;
        return std::move(found_);
    }
    [[nodiscard]] std::string const& unseen() const { return unseen_; }

private:
    void note(std::string const& what) { unseen_ += (unseen_.empty() ? "" : "; ") + what; }

    static bool is_in_first_pid_namespace() {
        constexpr std::uint64_t first_pid_namespace = 0xefff'fffc; // PROC_PID_INIT_INO
        sys::file_facts own{};
        return sys::facts_of_file("/proc/thread-self/ns/pid", own) == 0 &&
               own.inode == first_pid_namespace;
    }

    /// Words for the part of a process that is missing where it cannot be looked into.
    [[nodiscard]] std::string of_processes() const { return is_told_ ? "pins seen by " : ""; }

    /// Has the kernel tell all descriptors, by numbers that only the first pid namespace has.
    bool tell_descriptors() {
        std::vector<raw_link_descriptor> all;
        auto const told = descriptors_program().get().and_then([&](own_program::loaded program) {
            return for_each_raw<raw_link_descriptor>(program, [&](raw_link_descriptor const& raw) {
                bool const is_own = raw.program == program.id.value(); // such a look's
                if (!is_own && (!only_ || only_->value() == raw.link)) all.push_back(raw);
            });
        });
        if (!told) return false;
        auto const place = [](raw_link_descriptor const& each) {
            return std::tuple{each.link, each.process, each.table, each.number};
        };
        // Threads that share a table are all told of where the first one has ended.
        std::ranges::sort(all, {}, place);
        auto const doubled = std::ranges::unique(all, {}, place);
        all.erase(doubled.begin(), doubled.end());
        for (auto const& each : all)
            add(link_id{each.link}, static_cast<int>(each.process), [&] {
                return std::string{each.command, ::strnlen(each.command, sizeof each.command)};
            });
        return true;
    }

    template <class Command>
    void add(link_id id, int process, Command command) {
        auto& processes = found_[id].processes;
        if (processes.empty() || processes.back().process != process)
            processes.push_back({process, command(), 0});
        ++processes.back().descriptors;
    }

    /// Notes the bpffs that no path leads to here, since something is mounted over all of its
    /// places.
    void sees_all_mounts(std::string_view table) {
        std::set<std::uint64_t> seen, hidden;
        for (auto const& each : mounts_of(table, "bpf")) {
            sys::file_facts there{};
            int const outcome = sys::facts_of_file(each.place.c_str(), there);
            if (outcome == 0 && there.device == each.device)
                seen.insert(each.device);
            else if (outcome == 0 || is_gone(outcome) || outcome == -ENOTDIR)
                hidden.insert(each.device);
        }
        auto const count = std::ranges::count_if(
            hidden, [&](std::uint64_t device) { return !seen.contains(device); });
        if (count != 0)
            note("pins of " + std::to_string(count) + " bpffs that other mounts hide here");
    }

    /// Notes the processes that the list does not have.
    void sees_all_processes() {
        constexpr unsigned sys_ptrace = 19;
        auto const table = read_whole_file("/proc/thread-self/mountinfo");
        if (!table) return; // look_at_pins() says so
        sees_all_mounts(*table);
        for (auto const& each : mounts_of(*table, "proc")) {
            if (each.place != "/proc") continue;
            auto const at = each.options.find("hidepid=");
            auto const how = at == each.options.npos ? "" : each.options.substr(at + 8);
            bool const hides = !how.empty() && !how.starts_with('0') && !how.starts_with("off");
            if (hides && sys::has_capability(sys_ptrace) != 1)
                note(of_processes() + "processes that /proc hides (hidepid)");
        }
    }

    result<void> look_at(int process) {
        auto const directory = "/proc/" + std::to_string(process);
        int outcome = is_told_ ? 0 : look_at_descriptors(process, process, directory);
        if (!is_told_ && outcome == 0) outcome = look_at_threads(process, directory);
        if (outcome >= 0) outcome = look_at_mounts(directory);
        // Links in /proc refuse too where the process has ended meanwhile (proc_ns_get_link(),
        // proc_pid_get_link(), 6.18).
        if (is_refused(outcome) && !is_there(directory)) return {};
        bool const is_hidden = is_refused(outcome);
        if (is_hidden) ++hidden_;
        if (outcome >= 0 || is_hidden || is_gone(outcome)) return {};
        return refuse(outcome, operation::read, directory, {}, {causes, common_causes()});
    }

    /// How many descriptors there are, or a negated errno.
    int look_at_descriptors(int process, int thread, std::string const& directory) {
        return for_each_entry(directory + "/fd", [&](void* stream, sys::entry const& entry) {
            std::array<char, 32> text;
            int const length = sys::list_link(stream, entry.name, text);
            if (length < 0) return is_gone(length) ? 0 : length;
            std::string_view const what{text.data(), static_cast<std::size_t>(length)};
            if (what != "anon_inode:bpf_link" && what != "anon_inode:bpf-link") return 0;
            return count(process, thread, static_cast<int>(number_of(entry.name)));
        });
    }

    /// Of a process whose first thread has ended, the others have the descriptors.
    int look_at_threads(int process, std::string const& directory) {
        bool seen = false;
        return for_each_entry(directory + "/task", [&](void*, sys::entry const& entry) {
            int const thread = static_cast<int>(number_of(entry.name));
            if (seen || thread == process) return 0;
            int const outcome = look_at_descriptors(process, thread,
                                                    directory + "/task/" + std::string{entry.name});
            seen = outcome > 0;
            if (outcome != -EOPNOTSUPP) return is_gone(outcome) ? 0 : outcome;
            note("the links of process " + std::to_string(process) +
                 ", whose first thread has ended (Linux 6.9)");
            seen = true;
            return 0;
        });
    }

    // By a copy of the descriptor, not by /proc/PID/fdinfo: of a kprobe_multi link without cookies
    // reading that kills kernels (6.18, bpf_kprobe_multi_show_fdinfo()).
    int count(int process, int thread, int descriptor) {
        auto const copy = sys::descriptor_of(process, thread, descriptor);
        if (!copy) return is_gone(copy.outcome()) || copy.outcome() == -EBADF ? 0 : copy.outcome();
        auto const kind = identify(copy.view());
        if (!kind) return -kind.error().code().value();
        if (*kind != object_kind::link) return 0; // another's number by now
        auto const header = detail::read_header(copy.view());
        if (!header) return -header.error().code().value();
        link_id const id = header->id;
        if (only_ && *only_ != id) return 0;
        add(id, process, [&] {
            return read_small_file("/proc/" + std::to_string(process) + "/comm").value_or("");
        });
        return 0;
    }

    /// A mount namespace, and the directory that is "/" there: chroot(2) hides what is beside it.
    struct view {
        std::uint64_t space, device, root;
        friend auto operator<=>(view const&, view const&) = default;
    };

    /// Negated errnos where it may not be looked at, or the process has ended.
    static int look_for_view(std::string const& process, view& into) {
        sys::file_facts space{}, root{};
        if (int const failed = sys::facts_of_file((process + "/ns/mnt").c_str(), space); failed < 0)
            return failed;
        if (int const failed = sys::facts_of_file((process + "/root").c_str(), root); failed < 0)
            return failed;
        into = {space.inode, root.device, root.inode};
        return 0;
    }

    /// Looks into a mount namespace, from a root that no other process was met with.
    int look_at_mounts(std::string const& directory) {
        view theirs{}, own{};
        if (int const failed = look_for_view(directory, theirs); failed < 0) return failed;
        if (views_.contains(theirs)) return 0;
        own_pins(); // first, by the names that they have here
        if (look_for_view("/proc/thread-self", own) < 0 || own != theirs) {
            auto const read = pins_.walk_on(directory, directory + "/root");
            if (!read) {
                // A process that ends gives up its mounts; another may be met there.
                int const left = look_for_view(directory, theirs);
                return left < 0 ? left : -read.error().code().value();
            }
            walk();
        }
        views_.insert(theirs);
        return 0;
    }

    void own_pins() {
        if (!std::exchange(has_own_pins_, true)) walk();
    }

    void look_at_pins() {
        own_pins();
        if (failures_ == 0) return;
        note(std::to_string(failures_) + " pins or directories (" + first_failure_ + ")");
    }

    void walk() {
        for (std::optional<result<pin_entry>> found; pins_.next(found), found; found.reset()) {
            if (!*found) {
                if (failures_++ == 0) first_failure_ = found->error().message();
                continue;
            }
            auto& pin = **found;
            if (!only_ || *only_ == pin.id) found_[pin.id].pins.push_back(std::move(pin.path));
        }
    }

    std::optional<link_id> only_;
    found_holders found_;
    detail::pin_walk pins_{std::nullopt};
    bool has_own_pins_ = false;
    bool is_told_ = false; // the kernel has told all descriptors
    std::set<view> views_; // that were looked into
    std::string unseen_;
    unsigned hidden_ = 0; // processes
    unsigned failures_ = 0;
    std::string first_failure_;
};

} // namespace

result<bool> is_there(link_id id) {
    if (id.value() == 0 || id.value() > INT_MAX) return false; // the kernel gives no such id
    std::uint32_t next = 0;
    int const outcome = sys::link_get_next_id(id.value() - 1, next);
    if (outcome == -ENOENT) return false;
    if (outcome < 0) return refuse_next_id(outcome, id.value() - 1);
    return next == id.value();
}

result<link_holders> holders(link_id id) {
    auto const there = is_there(id);
    if (!there) return tl::unexpected{there.error()};
    if (!*there) return refuse_id(-ENOENT, operation::link_get_next_id, id.value());
    pass look{id};
    return look.take().map([&](found_holders&& found) {
        auto own = std::move(found[id]);
        own.unseen = look.unseen();
        return own;
    });
}

result<std::map<link_id, link_holders>> holders() {
    found_holders all;
    for (std::uint32_t id = 0;;) {
        int const outcome = sys::link_get_next_id(id, id);
        if (outcome == -ENOENT) break;
        if (outcome < 0) return refuse_next_id(outcome, id);
        all.try_emplace(link_id{id});
    }
    pass look{std::nullopt};
    auto found = look.take();
    if (!found) return found;
    for (auto& each : all)
        if (found->try_emplace(each.first).second) found->at(each.first).unseen = look.unseen();
    return found;
}

} // namespace bpflink
