// SPDX-License-Identifier: Apache-2.0
#include <bpflink/value_or_throw.hpp>

#include <memory>
#include <string>
#include <system_error>

namespace bpflink {
namespace {

/// std::system_error puts the code's text behind what it is given; the message has it already.
class thrown_error final : public std::system_error {
public:
    explicit thrown_error(error const& e)
        : std::system_error{e.code()}, text_{std::make_shared<std::string const>(e.message())} {}
    [[nodiscard]] char const* what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<std::string const> text_; // a copy must not throw
};

} // namespace

void detail::throw_error(error const& e) {
    throw thrown_error{e};
}

} // namespace bpflink
