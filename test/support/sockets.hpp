// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sockets, and maps of them.

#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/map_ref.hpp>

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>

#include <doctest/doctest.h>

#include <bpf/bpf.h>
#include <sys/socket.h>
#include <unistd.h>

/// A sockmap of one socket.
struct tiny_sockmap {
    bpflink::unique_fd fd{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "tiny", 4, 4, 1, nullptr)};
    bpflink::map_ref ref = bpflink::map_ref::from_fd(fd).value();

    [[nodiscard]] bpflink::map_id id() const {
        ::bpf_map_info facts{};
        std::uint32_t size = sizeof facts;
        REQUIRE(::bpf_map_get_info_by_fd(fd.get(), &facts, &size) == 0);
        return bpflink::map_id{facts.id};
    }
    void put(bpflink::fd_view socket) const {
        std::uint32_t const key = 0;
        int const value = socket.get();
        REQUIRE(::bpf_map_update_elem(fd.get(), &key, &value, BPF_ANY) == 0);
    }
};

/// Two ends of a TCP connection over 127.0.0.1.
struct connection {
    bpflink::unique_fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    bpflink::unique_fd server;

    connection() {
        bpflink::unique_fd const listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        REQUIRE(::bind(listener.get(), raw, size) == 0);
        REQUIRE(::listen(listener.get(), 1) == 0);
        REQUIRE(::getsockname(listener.get(), raw, &size) == 0);
        REQUIRE(::connect(client.get(), raw, size) == 0);
        server = bpflink::unique_fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        REQUIRE(server);
    }
    void send() const { REQUIRE(::write(client.get(), "x", 1) == 1); }
};
