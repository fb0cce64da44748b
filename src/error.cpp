// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

#include <bpflink/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <ostream>

namespace bpflink {
namespace {

constexpr int enotsupp = 524; // the kernel's own, which libc does not know

// errc{} is no condition.
constexpr std::array<std::string_view, 11> condition_names{
    "none",           "not_supported",     "not_found",
    "already_exists", "permission_denied", "not_a_link",
    "defunct",        "program_mismatch",  "stale_revision",
    "hook_busy",      "invalid_argument",
};

std::string describe(int number) {
    if (number == enotsupp) return "operation not supported";
    return std::generic_category().message(number);
}

std::string errno_name(int number) {
    if (number == enotsupp) return "ENOTSUPP";
    if (char const* const name = ::strerrorname_np(number)) return name;
    return "errno " + std::to_string(number);
}

/// errno values whose condition is known: one category for each condition, so that a plain
/// std::error_code carries both.
class errno_category final : public std::error_category {
public:
    explicit constexpr errno_category(errc condition) noexcept : condition_{condition} {}

    [[nodiscard]] char const* name() const noexcept override { return "bpflink"; }
    [[nodiscard]] std::string message(int number) const override { return describe(number); }
    [[nodiscard]] std::error_condition default_error_condition(int number) const noexcept override {
        return std::generic_category().default_error_condition(number == enotsupp ? EOPNOTSUPP
                                                                                  : number);
    }

    [[nodiscard]] errc condition() const noexcept { return condition_; }

private:
    errc condition_;
};

template <std::size_t... Index>
auto const& make_categories(std::index_sequence<Index...>) noexcept {
    static std::array<errno_category, sizeof...(Index)> const all{
        errno_category{static_cast<errc>(Index)}...};
    return all;
}

/// Indexed by condition; 0 is none.
std::error_category const& category_of(errc condition) noexcept {
    return make_categories(
        std::make_index_sequence<condition_names.size()>{})[static_cast<std::size_t>(condition)];
}

class condition_category final : public std::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return "bpflink condition"; }
    [[nodiscard]] std::string message(int condition) const override {
        return to_string(static_cast<errc>(condition));
    }
    [[nodiscard]] bool equivalent(std::error_code const& code,
                                  int condition) const noexcept override {
        if (auto const* const ours = dynamic_cast<errno_category const*>(&code.category()))
            return ours->condition() == static_cast<errc>(condition);
        // Codes of other origin: errno by its usual meaning.
        return (code.category() == std::system_category() ||
                code.category() == std::generic_category()) &&
               usual_condition(code.value()) == static_cast<errc>(condition);
    }
};

} // namespace

std::string to_string(errc condition) {
    return detail::name_or_number(condition_names, static_cast<unsigned>(condition));
}

std::ostream& operator<<(std::ostream& out, errc condition) {
    return out << to_string(condition);
}

std::error_condition make_error_condition(errc condition) noexcept {
    static condition_category const category;
    return {static_cast<int>(condition), category};
}

errc usual_condition(int number) noexcept {
    switch (number) {
    case EOPNOTSUPP:
    case ENOSYS:
    case enotsupp: return errc::not_supported;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH: return errc::not_found;
    case EEXIST: return errc::already_exists;
    case EPERM:
    case EACCES: return errc::permission_denied;
    case ENOLINK: return errc::defunct;
    case ESTALE: return errc::stale_revision;
    case EBUSY: return errc::hook_busy;
    case EINVAL:
    case EBADF:
    case ERANGE:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case EAFNOSUPPORT: return errc::invalid_argument;
    default: return errc{};
    }
}

error::error(int number, operation where, std::string subject)
    : error{number, where, usual_condition(number), std::move(subject)} {
}

error::error(int number, operation where, errc condition, std::string subject, std::string advice)
    : number_{number}, where_{where}, condition_{condition}, subject_{std::move(subject)},
      advice_{std::move(advice)} {
}

std::error_code error::code() const noexcept {
    return {number_, category_of(condition_)};
}

std::string error::message() const {
    std::string text = to_string(where_);
    if (!subject_.empty()) text += " " + subject_;
    text += ": " + describe(number_) + " (" + errno_name(number_) + ")";
    if (!advice_.empty()) text += "; " + advice_;
    return text;
}

void error::add_advice(std::string_view more) {
    if (!advice_.empty()) advice_ += "; ";
    advice_ += more;
}

bool operator==(error const& a, error const& b) noexcept {
    return a.number_ == b.number_ && a.where_ == b.where_ && a.condition_ == b.condition_ &&
           a.subject_ == b.subject_ && a.advice_ == b.advice_;
}

std::ostream& error::print(std::ostream& out, error const& e) {
    return out << e.message();
}

} // namespace bpflink
