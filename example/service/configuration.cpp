// SPDX-License-Identifier: Apache-2.0
#include "configuration.hpp"

#include <asio/ip/address.hpp>
#include <cerrno>
#include <fstream>

#include <CLI/CLI.hpp>

#include <net/if.h>

namespace service {
namespace {

bool is_interface(std::string const& name) {
    return !name.empty() && name.size() < IFNAMSIZ &&
           name.find_first_of("/: \t\n") == std::string::npos;
}

bool is_address(std::string const& text) {
    asio::error_code failure;
    asio::ip::make_address(text, failure);
    return !failure;
}

/// A check of CLI11's, which wants the mistake, or an empty text.
template <class Holds>
auto check(Holds holds, char const* mistake) {
    return [=](std::string const& text) { return std::string{holds(text) ? "" : mistake}; };
}

} // namespace

bpflink::result<configuration> read_configuration(std::string const& path) {
    configuration read;
    CLI::App keys;
    keys.allow_config_extras(CLI::config_extras_mode::error); // a misspelt one would do nothing
    auto const is_text = check([](std::string const& text) { return !text.empty(); }, "is empty");
    keys.add_option("interface", read.interface)
        ->required()
        ->check(check(is_interface, "cannot be an interface's name"));
    keys.add_option("object", read.object)->required()->check(is_text);
    keys.add_option("program", read.program)->required()->check(is_text);
    keys.add_option("counters", read.counters)->check(is_text);
    keys.add_option("pins", read.pins)->required()->check(is_text);
    keys.add_option("wait", read.wait);
    keys.add_option("keep", read.keep);
    keys.add_option("address", read.address)->check(check(is_address, "is not an IP address"));
    keys.add_option("port", read.port)->check(CLI::Range(1, 65535));
    try {
        std::ifstream file{path};
        if (!file) throw CLI::FileError::Missing(path);
        keys.parse_from_stream(file);
    } catch (CLI::ParseError const& e) {
        return tl::unexpected{bpflink::error{EINVAL, bpflink::operation::read,
                                             bpflink::errc::invalid_argument, path, e.what()}};
    }
    while (read.pins.size() > 1 && read.pins.ends_with('/'))
        read.pins.pop_back();
    return read;
}

} // namespace service
