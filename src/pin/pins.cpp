// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/pins.hpp>

#include <cerrno>
#include <utility>

namespace bpflink::detail {

/// A directory that is being listed.
class pin_walk::listing {
public:
    static result<listing> open(std::string path) {
        void* stream = nullptr;
        if (int const outcome = sys::list_begin(path.c_str(), stream); outcome < 0)
            return fail(outcome, operation::open, std::move(path));
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

namespace {

/// Empty where the pin is not a link's, or gone by now.
std::optional<result<pin_entry>> look_at(std::string path) {
    auto const fd = open_pin(path);
    if (!fd && fd.error() == errc::not_found) return std::nullopt;
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

result<pin_walk::listing> pin_walk::open_root() const {
    auto path = absolute(root_, operation::open);
    if (!path) return tl::unexpected{std::move(path).error()};
    while (path->size() > 1 && path->back() == '/')
        path->pop_back();
    auto opened = listing::open(*path);
    if (opened && sys::is_on_bpffs(path->c_str()) != 1)
        return fail(-EINVAL, operation::open, errc::invalid_argument, *std::move(path),
                    "the directory is not on a bpffs");
    return opened;
}

pin_walk::pin_walk(std::string const& root) : root_{root} {
}
pin_walk::pin_walk(pin_walk&&) noexcept = default;
pin_walk& pin_walk::operator=(pin_walk&&) noexcept = default;
pin_walk::~pin_walk() = default;

void pin_walk::next(std::optional<result<pin_entry>>& out) {
    auto const enter = [&](result<listing> directory) {
        if (directory)
            open_.push_back(*std::move(directory));
        else if (directory.error() != errc::not_found || open_.empty()) // else removed meanwhile
            out.emplace(tl::unexpect, std::move(directory).error());
    };
    if (!std::exchange(started_, true)) enter(open_root());
    while (!out && !open_.empty()) {
        sys::entry found{};
        int const outcome = open_.back().next(found);
        if (outcome < 0) {
            out.emplace(fail(outcome, operation::read, open_.back().path()));
            open_.pop_back();
        } else if (outcome == 0) {
            open_.pop_back();
        } else {
            auto path = open_.back().path() + "/" + found.name;
            if (found.kind == sys::entry_kind::directory) enter(listing::open(std::move(path)));
            if (found.kind == sys::entry_kind::file) out = look_at(std::move(path));
        }
    }
}

} // namespace bpflink::detail

bpflink::pins_view bpflink::pins(std::string_view root) {
    return pins_view{{std::string{root}}};
}
