// SPDX-License-Identifier: Apache-2.0
#include "pins_lock.hpp"

#include <bpflink/lifecycle/link_set.hpp>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>

namespace service {
namespace bl = bpflink;

bl::result<bl::unique_fd> lock_pins(std::string const& pins) {
    co_await bl::link_set::open(pins); // says what is wrong with it
    auto const path = pins + "/%lock"; // no interface's pin has this name: see bpflink::pin_name
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    bl::unique_fd lock{failure ? -1 : ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!lock) {
        auto const number = failure ? failure.value() : errno;
        co_await tl::unexpected{bl::error{number, bl::operation::mkdir, path}};
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) co_return std::move(lock);
    co_return tl::unexpected{bl::error{errno, bl::operation::flock, bl::errc::timed_out, pins,
                                       "another instance has these pins: end it, or choose "
                                       "another directory"}};
}

} // namespace service
