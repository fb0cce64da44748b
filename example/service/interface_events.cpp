// SPDX-License-Identifier: Apache-2.0
#include "interface_events.hpp"

#include <cerrno>
#include <system_error>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace service {

interface_events::interface_events()
    : socket_{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)} {
    ::sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (!socket_ ||
        ::bind(socket_.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address) < 0)
        throw std::system_error{errno, std::generic_category(), "rtnetlink"};
}

void interface_events::drain() const noexcept {
    char nothing = 0;
    // ENOBUFS says that some were lost: as good as one more.
    while (::recv(socket_.get(), &nothing, sizeof nothing, MSG_TRUNC) >= 0 || errno == ENOBUFS ||
           errno == EINTR) {
    }
}

} // namespace service
