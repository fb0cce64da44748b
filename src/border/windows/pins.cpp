// SPDX-License-Identifier: Apache-2.0

// Pins on Windows: names in a table of the driver's own, without directories, modes or links.

#include "border/sys.hpp"
#include "border/windows/ebpfapi.hpp"
#include "error/fail.hpp"
#include "error/refusal.hpp"
#include "object/identify.hpp"
#include "pin/directory_lock.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/read_info.hpp>
#include <bpflink/views/pins.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal is_empty{EINVAL, errc::invalid_argument, "the path is empty", "", ""};
constexpr refusal has_a_zero_byte{EINVAL, errc::invalid_argument, "the path has a zero byte in it",
                                  "", ""};
constexpr refusal is_not_a_pins_name{
    EINVAL, errc::invalid_argument,
    "a pin's path must have no colon after BPF:, and must not lead out of it", "", ""};

} // namespace

result<std::string> absolute(std::string_view path, operation where) {
    auto const refused = [&](refusal const& row) {
        return refuse_by(row, {}, where, std::string{path});
    };
    if (path.empty()) return refused(is_empty);
    if (path.find('\0') != path.npos) return refused(has_a_zero_byte);
    std::array<char, ebpfapi::longest_path> real{};
    int const outcome = ebpfapi::canonical(std::string{path}.c_str(), real);
    if (outcome == -EINVAL) return refused(is_not_a_pins_name);
    if (outcome < 0) return refuse(outcome, where, std::string{path}, {}, {});
    return std::string{real.data()};
}

result<std::string> resolve(std::string_view path, operation where) {
    return absolute(path, where);
}

result<std::string> resolve_lasting(std::string_view path) {
    return absolute(path, operation::obj_pin);
}

std::string temporary_name(std::string const& path) {
    return path + "%tmp";
}

bool is_temporary(std::string_view) {
    return false; // none is made here
}

result<bool> is_same_place(std::string const& a, std::string const& b) {
    return a == b;
}

result<unique_fd> open_pin(std::string const& path) {
    auto opened = sys::obj_get(path.c_str());
    if (opened) return unique_fd{std::move(opened)};
    return refuse(opened.outcome(), operation::obj_get, path, {}, {});
}

result<named> look_at(std::string const& path) {
    named found;
    auto opened = open_pin(path);
    if (!opened && opened.error() == errc::not_found) return found;
    if (!opened) return tl::unexpected{std::move(opened).error()};
    found.facts.kind = sys::file_kind::regular;
    if (auto const is_link = require_link(*opened, path); !is_link) {
        if (is_link.error() != errc::not_a_link) return tl::unexpected{is_link.error()};
        found.what = named::kind::something_else;
        found.other = is_link.error();
        return found;
    }
    auto const header = detail::read_header(*opened);
    if (!header) return tl::unexpected{header.error()};
    found.what = named::kind::link;
    found.link = *std::move(opened);
    found.id = header->id;
    return found;
}

tl::unexpected<error> refuse_pin_at(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {}, {});
}

tl::unexpected<error> refuse_look_at(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {}, {});
}

tl::unexpected<error> refuse_change_of(int outcome, operation where, std::string const& path) {
    return refuse(outcome, where, path, {}, {});
}

namespace detail {

result<directory_lock> directory_lock::take(std::string const& path, std::chrono::milliseconds) {
    return refuse(-EOPNOTSUPP, operation::flock, path, {}, {});
}

directory_lock::~directory_lock() = default;

class pin_walk::state {
public:
    std::optional<std::string> root;
    bool started = false;
    bool ended = false;
    std::array<char, ebpfapi::longest_path> at{}; // the place in the driver's table

    void start(std::optional<result<pin_entry>>& out) {
        if (!root) return;
        auto real = absolute(*root, operation::open);
        if (!real) {
            ended = true;
            out.emplace(tl::unexpect, std::move(real).error());
            return;
        }
        root = *std::move(real);
        if (root->back() != '\\') *root += '\\';
    }
};

pin_walk::pin_walk(std::optional<std::string> root) : state_{new state{std::move(root)}} {
}

pin_walk::~pin_walk() {
    delete state_;
}

result<void> pin_walk::walk_on(std::string const&, std::string const& root) {
    return refuse(-EOPNOTSUPP, operation::open, root, {}, {});
}

void pin_walk::next(std::optional<result<pin_entry>>& out) {
    auto& [root, started, ended, at] = *state_;
    if (!std::exchange(started, true)) state_->start(out);
    while (!out && !ended) {
        auto const last = at;
        int const outcome = ebpfapi::next_pinned_link(last.data(), at);
        if (outcome < 0) out.emplace(refuse(outcome, operation::read, last.data(), {}, {}));
        if (outcome <= 0) {
            ended = true;
            return;
        }
        std::string path{at.data()};
        if (root && !path.starts_with(*root)) continue;
        auto there = look_at(path);
        if (!there)
            out.emplace(tl::unexpect, std::move(there).error());
        else if (there->what == named::kind::link) // else gone meanwhile
            out = read_header(there->link).map([&](link_header const& header) {
                return pin_entry{std::move(path), header.id, header.type};
            });
    }
}

} // namespace detail

} // namespace bpflink

bpflink::pins_view bpflink::pins(std::string_view root) {
    return pins_view{{std::string{root}}};
}

bpflink::pins_view bpflink::pins() {
    return pins_view{{}};
}
