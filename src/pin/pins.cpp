// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "border/sys.hpp"
#include "object/identify.hpp"
#include "pin/mounts.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/pins.hpp>

#include <cerrno>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bpflink::detail {

namespace {

/// A directory that is being listed.
class listing {
public:
    static result<listing> open(std::string path) {
        void* stream = nullptr;
        if (int const outcome = sys::list_begin(path.c_str(), stream); outcome < 0)
            return refuse_look_at(outcome, operation::open, path);
        return listing{std::move(path), stream};
    }

    listing(listing&& other) noexcept
        : path_{std::move(other.path_)}, stream_{std::exchange(other.stream_, nullptr)} {}
    listing& operator=(listing&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(stream_, other.stream_);
        return *this;
    }
    ~listing() {
        if (stream_) sys::list_end(stream_);
    }

    /// 1, 0 at the end, or a negated errno.
    int next(sys::entry& found) noexcept { return sys::list_next(stream_, found); }
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    listing(std::string path, void* stream) noexcept : path_{std::move(path)}, stream_{stream} {}

    std::string path_;
    void* stream_;
};

/// Empty where the pin is not a link's, or gone by now.
std::optional<result<pin_entry>> look_at(std::string path) {
    auto const fd = open_pin(path);
    if (!fd && (fd.error() == errc::not_found || sys::is_on_bpffs(path.c_str()) == 0))
        return std::nullopt; // or another file is mounted over it
    if (!fd) return tl::unexpected{fd.error()};
    auto const kind = identify(*fd);
    if (!kind) return tl::unexpected{kind.error()};
    if (*kind != object_kind::link) return std::nullopt;
    return read_header(*fd).map([&](link_header const& header) {
        bool const temporary = is_temporary(path);
        return pin_entry{std::move(path), header.id, header.type, temporary};
    });
}

} // namespace

class [[gnu::visibility("hidden")]] pin_walk::state {
public:
    explicit state(std::optional<std::string> root) : root_{std::move(root)} {}

    void next(std::optional<result<pin_entry>>& out);
    [[nodiscard]] result<void> walk_on(std::string const& process, std::string const& root);

private:
    struct place {
        std::string path;
        std::uint64_t device = 0;
    };
    [[nodiscard]] result<listing> open_root() const;
    [[nodiscard]] result<bool> is_new(std::string const& path);
    void start(std::optional<result<pin_entry>>& out);
    void enter(std::string path, std::optional<result<pin_entry>>& out);

    std::optional<std::string> root_;
    bool started_ = false;
    std::deque<place> places_; // still to be walked
    std::uint64_t device_ = 0; // of the one that is walked
    // The directories of mounts that it was in: one bpffs may be mounted at several places.
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
    std::vector<listing> open_; // from the root to where we are
};

result<listing> pin_walk::state::open_root() const {
    auto path = absolute(*root_, operation::open);
    if (!path) return tl::unexpected{std::move(path).error()};
    while (path->size() > 1 && path->back() == '/')
        path->pop_back();
    auto opened = listing::open(*path);
    if (!opened) return opened;
    int const told = sys::is_on_bpffs(path->c_str());
    if (told == 1) return opened;
    return refuse_look_at(told == 0 ? -EINVAL : told, operation::open, *path);
}

result<void> pin_walk::state::walk_on(std::string const& process, std::string const& root) {
    return read_whole_file(process + "/mountinfo").map([&](std::string const& table) {
        for (auto& [path, device, options] : mounts_of(table, "bpf"))
            places_.push_back({root + path, device});
    });
}

void pin_walk::state::start(std::optional<result<pin_entry>>& out) {
    if (!root_) {
        auto const read = walk_on("/proc/thread-self", "");
        if (!read) {
            auto why = read.error();
            if (why == errc::not_found)
                why.add_advice("/proc is not mounted, which has the mounts: mount it");
            out.emplace(tl::unexpect, std::move(why));
        }
        return;
    }
    auto opened = open_root();
    if (opened)
        open_.push_back(*std::move(opened));
    else
        out.emplace(tl::unexpect, std::move(opened).error());
}

/// Whether a directory is on the file system that is walked, and was not walked before.
result<bool> pin_walk::state::is_new(std::string const& path) {
    if (root_) {
        int const told = sys::is_on_bpffs(path.c_str());
        if (told < 0 && told != -ENOENT) return refuse_look_at(told, operation::stat, path);
        return told == 1; // another file system may be mounted there
    }
    sys::file_facts facts{};
    int const outcome = sys::facts_of_file(path.c_str(), facts);
    // Gone, or hidden by what is mounted over a directory above; or its process has ended.
    if (outcome == -ENOENT || outcome == -ENOTDIR || outcome == -ESRCH) return false;
    if (outcome < 0) return refuse_look_at(outcome, operation::stat, path);
    return facts.device == device_ && facts.kind == sys::file_kind::directory &&
           seen_.emplace(facts.device, facts.inode).second;
}

void pin_walk::state::enter(std::string path, std::optional<result<pin_entry>>& out) {
    auto const walked = is_new(path);
    if (walked && !*walked) return;
    auto directory = walked ? listing::open(std::move(path)) : tl::unexpected{walked.error()};
    if (directory)
        open_.push_back(*std::move(directory));
    else if (directory.error() != errc::not_found) // else removed meanwhile
        out.emplace(tl::unexpect, std::move(directory).error());
}

void pin_walk::state::next(std::optional<result<pin_entry>>& out) {
    if (!std::exchange(started_, true)) start(out);
    while (!out && !(open_.empty() && places_.empty())) {
        if (open_.empty()) {
            auto const next = std::move(places_.front());
            places_.pop_front();
            device_ = next.device;
            enter(next.path, out);
            continue;
        }
        sys::entry found{};
        int const outcome = open_.back().next(found);
        if (outcome < 0) {
            out.emplace(refuse_look_at(outcome, operation::read, open_.back().path()));
            open_.pop_back();
        } else if (outcome == 0) {
            open_.pop_back();
        } else {
            auto path = open_.back().path();
            if (path.back() != '/') path += '/';
            path += found.name;
            if (found.kind == sys::entry_kind::directory) enter(std::move(path), out);
            if (found.kind == sys::entry_kind::file) out = look_at(std::move(path));
        }
    }
}

pin_walk::pin_walk(std::optional<std::string> root) : state_{new state{std::move(root)}} {
}

pin_walk::~pin_walk() {
    delete state_;
}

void pin_walk::next(std::optional<result<pin_entry>>& out) {
    state_->next(out);
}

result<void> pin_walk::walk_on(std::string const& process, std::string const& root) {
    return state_->walk_on(process, root);
}

} // namespace bpflink::detail

bpflink::pins_view bpflink::pins(std::string_view root) {
    return pins_view{{std::string{root}}};
}

bpflink::pins_view bpflink::pins() {
    return pins_view{{}};
}
