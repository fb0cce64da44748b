// SPDX-License-Identifier: Apache-2.0
#include "all_links.bpf.hpp"
#include "serve.hpp"
#include "snapshot/raw_link_record.h"

#include <bpflink/fd.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

// What a careful C programmer writes by libbpf's calls for the commands of bpf(2). Of bpflink there
// is only the type that closes a descriptor.

namespace {

using bpflink::unique_fd;

int need(int outcome, char const* what) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), what};
    return outcome;
}

unique_fd get(std::string const& path) {
    return unique_fd{need(::bpf_obj_get(path.c_str()), "bpf_obj_get")};
}

std::uint32_t id_of(int link) {
    ::bpf_link_info info{};
    std::uint32_t size = 12; // type, id and program
    need(::bpf_link_get_info_by_fd(link, &info, &size), "bpf_link_get_info_by_fd");
    return info.id;
}

/// The kernel answers bpf_link_get_info_by_fd() for maps and programs, too: the name tells.
void require_link(int fd) {
    auto const self = "/proc/self/fd/" + std::to_string(fd);
    std::array<char, 64> kind{};
    need(static_cast<int>(::readlink(self.c_str(), kind.data(), kind.size() - 1)), "readlink");
    if (!std::strstr(kind.data(), "bpf-link") && !std::strstr(kind.data(), "bpf_link"))
        throw std::runtime_error{"not a link's pin"};
}

class one_link {
public:
    explicit one_link(place const& where)
        : cgroup_{need(::open(where.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")},
          iter_{get(where.bpffs + "/iter")}, first_{get(where.bpffs + "/first")},
          second_{get(where.bpffs + "/second")}, pinned_{where.bpffs + "/link"},
          pin_{where.bpffs + "/libbpf"}, link_{egress(first_)} {}

    tally attach_iter() {
        int const fd = ::bpf_link_create(iter_.get(), 0, BPF_TRACE_ITER, nullptr);
        ::close(need(fd, "bpf_link_create"));
        return {.seen = 1};
    }
    tally attach_cgroup() {
        ::close(egress(second_));
        return {.seen = 1};
    }
    tally update() {
        int const next = (++turn_ % 2 == 0 ? first_ : second_).get();
        need(::bpf_link_update(link_.get(), next, nullptr), "bpf_link_update");
        return {.seen = 1};
    }
    tally pin() {
        need(::bpf_obj_pin(link_.get(), pin_.c_str()), "bpf_obj_pin");
        need(::unlink(pin_.c_str()), "unlink");
        return {.seen = 1};
    }
    /// Removes the pin only if it is still this link's, as bpflink does.
    tally pin_checked() {
        need(::bpf_obj_pin(link_.get(), pin_.c_str()), "bpf_obj_pin");
        auto const there = get(pin_);
        require_link(there.get());
        if (id_of(there.get()) != id_of(link_.get())) throw std::runtime_error{"another's pin"};
        need(::unlink(pin_.c_str()), "unlink");
        return {.seen = 1};
    }
    tally load_pinned() {
        ::close(need(::bpf_obj_get(pinned_.c_str()), "bpf_obj_get"));
        return {.seen = 1};
    }
    /// Makes sure that it is a link and no map or program, as bpflink does; the way is bpftool's.
    tally load_pinned_checked() {
        auto const fd = get(pinned_);
        require_link(fd.get());
        return {.seen = 1};
    }

private:
    [[nodiscard]] int egress(unique_fd const& program) const {
        return need(
            ::bpf_link_create(program.get(), cgroup_.get(), BPF_CGROUP_INET_EGRESS, nullptr),
            "bpf_link_create");
    }

    unique_fd cgroup_, iter_, first_, second_;
    std::string pinned_, pin_;
    unique_fd link_; // what is updated and pinned
    unsigned turn_ = 0;
};

/// The library's own iterator, loaded and read by libbpf's calls.
class snapshot_by_hand {
public:
    tally take() {
        if (!object_) load();
        unique_fd const link{
            need(::bpf_link_create(program_, 0, BPF_TRACE_ITER, nullptr), "bpf_link_create")};
        auto const own = id_of(link.get());
        unique_fd const iterator{need(::bpf_iter_create(link.get()), "bpf_iter_create")};
        tally all;
        for (;;) {
            static std::array<raw_link_record, 32 * 1024 / sizeof(raw_link_record)> buffer;
            auto const size = ::read(iterator.get(), buffer.data(), sizeof buffer);
            if (need(static_cast<int>(size), "read") == 0) return all;
            auto const count = static_cast<std::size_t>(size) / sizeof(raw_link_record);
            for (auto const& record : std::span{buffer}.first(count)) {
                if (record.id == own) continue;
                all.numbers += record.program;
                ++all.seen;
            }
        }
    }

private:
    void load() {
        auto const file = bpf_objects::all_links();
        object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
        if (!object_ || ::bpf_object__load(object_.get()) < 0)
            throw std::runtime_error{"the iterator over links is refused"};
        program_ = ::bpf_program__fd(::bpf_object__next_program(object_.get(), nullptr));
    }

    std::unique_ptr<::bpf_object, decltype(&::bpf_object__close)> object_{nullptr,
                                                                          ::bpf_object__close};
    int program_ = -1;
};

} // namespace

int main(int argc, char** argv) try {
    one_link one{place_from(argc, argv)};
    snapshot_by_hand snapshot;
    serve({{"ids", {by_hand::link_ids}},
           {"handles", {by_hand::links}},
           {"infos", {by_hand::infos}},
           {"snapshot", {[&] { return snapshot.take(); }}},
           {"attach_iter", {[&] { return one.attach_iter(); }}},
           {"attach_cgroup", {[&] { return one.attach_cgroup(); }}},
           {"update", {[&] { return one.update(); }}},
           {"pin", {[&] { return one.pin(); }}},
           {"pin_checked", {[&] { return one.pin_checked(); }}},
           {"load_pinned", {[&] { return one.load_pinned(); }}},
           {"load_pinned_checked", {[&] { return one.load_pinned_checked(); }}}});
} catch (std::exception const& e) {
    std::printf("error %s\n", e.what());
    return 1;
}
