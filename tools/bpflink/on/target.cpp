// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include "arguments.hpp"
#include "netns.hpp"
#include "process.hpp"

#include <bpflink/map_ref.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace tool::on {
namespace {

namespace bl = bpflink;

[[noreturn]] void refuse(std::string const& word, int error) {
    throw std::runtime_error{fmt::format("{}: {}", word, std::strerror(error))};
}

/// @param word  its id, or the path of a pin
void add_map_of(std::string const& word, programs& to, problems& report) {
    ::bpf_map_info info{};
    __u32 size = sizeof info;
    auto const fd = report.value_of(open_map(word));
    if (!fd) return;
    if (!bl::map_ref::from_fd(*fd))
        throw std::runtime_error{
            fmt::format("{}: the pin is not a map's; of a link, show tells", word)};
    if (::bpf_obj_get_info_by_fd(fd->get(), &info, &size) < 0) refuse(word, errno);
    add_map(bl::map_id{info.id}, *fd, to, report);
}

bool is_on_bpffs(std::string const& path) {
    struct statfs system{};
    return ::statfs(path.c_str(), &system) == 0 && system.f_type == BPF_FS_MAGIC;
}

void add_path(std::string const& path, lookup& names, programs& to, problems& report) {
    struct stat file{};
    if (::stat(path.c_str(), &file) < 0) refuse(path, errno);
    if (S_ISDIR(file.st_mode)) return add_cgroup(path, to, report);
    if (is_on_bpffs(path)) return add_map_of(path, to, report);
    if (bl::netns_inode_of(path)) return add_netns(path, to, report);
    add_file(path, names, to, report);
}

void add_process_of(std::string const& word, lookup& names, programs& to, problems& report) {
    auto const process = find_process(static_cast<unsigned>(std::stoul(word)));
    if (auto const found = report.value_of(process)) add_process(*found, names, to, report);
}

} // namespace

void add_target(std::string const& word, lookup& names, programs& to, problems& report) {
    constexpr std::string_view map = "map:";
    struct stat file{};
    bool const has_colon = word.find(':') != std::string::npos; // a namespace before it, or a name
    if (word.find('/') != std::string::npos && (!has_colon || ::stat(word.c_str(), &file) == 0))
        return add_path(word, names, to, report);
    if (is_number(word) && word.size() < 10) return add_process_of(word, names, to, report);
    if (word.starts_with(map)) {
        auto const id = word.substr(map.size());
        bool const has_namespace = ::stat(path_of_netns("map").c_str(), &file) == 0; // of that name
        if (is_number(id) || !has_namespace)
            return add_map_of(std::to_string(parse_id(id)), to, report);
    }
    if (auto const where = report.value_of(find_interface(word))) add_interface(*where, to, report);
}

} // namespace tool::on
