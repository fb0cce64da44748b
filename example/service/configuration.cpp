// SPDX-License-Identifier: Apache-2.0
#include "configuration.hpp"

#include <asio/ip/address.hpp>
#include <concepts>
#include <functional>
#include <limits>
#include <set>
#include <string_view>
#include <toml++/toml.h>
#include <type_traits>

#include <net/if.h>

namespace service {
namespace {

constexpr auto npos = std::string::npos;

/// Reads keys of a table, and collects what is wrong with it.
class reader {
public:
    explicit reader(toml::table const& table) : table_{table} {}

    /// @return whether the key is there, and is what it has to be
    template <class T>
    bool read(std::string_view key, T& into) {
        known_.emplace(key);
        auto const node = table_.get(key);
        if (!node) return false;
        using stored =
            std::conditional_t<std::same_as<T, bool>, bool,
                               std::conditional_t<std::integral<T>, std::int64_t, std::string>>;
        auto const value = node->template value_exact<stored>();
        if (!value) return complain(key, "has another type");
        if constexpr (std::integral<T> && !std::same_as<T, bool>)
            if (*value < 1 || *value > std::numeric_limits<T>::max())
                return complain(key, "is out of range");
        into = static_cast<T>(*value);
        return true;
    }

    void require(std::string_view key, std::string& into) {
        if (read(key, into)) {
            if (into.empty()) complain(key, "is empty");
        } else if (!table_.contains(key))
            complain(key, "is missing");
    }

    bool complain(std::string_view key, std::string_view what) {
        if (!complaints_.empty()) complaints_ += ", ";
        complaints_.append(key).append(" ").append(what);
        return false;
    }

    /// All mistakes, unknown keys too: a misspelt one would do nothing.
    [[nodiscard]] std::string finish() {
        for (auto const& [key, value] : table_)
            if (!known_.contains(std::string_view{key})) complain(key, "is not a key");
        return complaints_;
    }

private:
    toml::table const& table_;
    std::set<std::string, std::less<>> known_;
    std::string complaints_;
};

} // namespace

tl::expected<configuration, std::string> read_configuration(std::string const& path) {
    configuration read;
    std::string complaints;
    try {
        auto const table = toml::parse_file(path);
        reader from{table};
        from.require("interface", read.interface);
        if (read.interface.size() >= IFNAMSIZ || read.interface.find_first_of("/: \t\n") != npos)
            from.complain("interface", "cannot be an interface's name");
        from.require("object", read.object);
        from.require("program", read.program);
        from.require("pins", read.pins);
        while (read.pins.size() > 1 && read.pins.ends_with('/'))
            read.pins.pop_back();
        if (from.read("counters", read.counters) && read.counters.empty())
            from.complain("counters", "is empty");
        from.read("wait", read.wait);
        from.read("keep", read.keep);
        from.read("port", read.port);
        asio::error_code failure;
        if (from.read("address", read.address))
            static_cast<void>(asio::ip::make_address(read.address, failure));
        if (failure) from.complain("address", "is not an IP address");
        complaints = from.finish();
    } catch (toml::parse_error const& e) {
        complaints = e.description();
        if (auto const line = e.source().begin.line)
            complaints += " in line " + std::to_string(line);
    }
    if (complaints.empty()) return read;
    return tl::unexpected{path + ": " + complaints};
}

} // namespace service
