// SPDX-License-Identifier: Apache-2.0
#include "border/uapi.hpp"
#include "error/errno_name.hpp"
#include "error/names.hpp"
#include "error/one_line.hpp"

#include <bpflink/error.hpp>

#include <array>
#include <cerrno>
#include <ostream>

namespace bpflink {
namespace {

using uapi::enotsupp;

// errc{} is not a condition.
constexpr std::array<std::string_view, 15> condition_names{
    "none",           "not_supported",     "not_found",
    "already_exists", "permission_denied", "not_a_link",
    "defunct",        "program_mismatch",  "stale_revision",
    "hook_busy",      "invalid_argument",  "wrong_kind",
    "still_held",     "read_only",         "timed_out",
};

std::string describe(int number) {
    if (number == enotsupp) return "operation not supported";
    return std::generic_category().message(number);
}

std::string name_of(int number) {
    if (number == enotsupp) return "ENOTSUPP";
    if (char const* const name = errno_name(number)) return name;
    return "errno " + std::to_string(number);
}

constexpr char const* condition_category_name = "bpflink condition";

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

    /// By name: another shared object may have a copy of its own of this library.
    [[nodiscard]] bool equivalent(int number,
                                  std::error_condition const& wanted) const noexcept override {
        if (std::string_view{wanted.category().name()} == condition_category_name)
            return static_cast<errc>(wanted.value()) == condition_;
        return default_error_condition(number) == wanted;
    }

private:
    errc condition_;
};

template <std::size_t... Index>
auto const& make_categories(std::index_sequence<Index...>) noexcept {
    static std::array<errno_category, sizeof...(Index)> const all{
        errno_category{static_cast<errc>(Index)}...};
    return all;
}

/// Indexed by condition; 0 stands for none.
std::error_category const& category_of(errc condition) noexcept {
    return make_categories(
        std::make_index_sequence<condition_names.size()>{})[static_cast<std::size_t>(condition)];
}

class condition_category final : public std::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return condition_category_name; }
    [[nodiscard]] std::string message(int condition) const override {
        return to_string(static_cast<errc>(condition));
    }
    [[nodiscard]] bool equivalent(std::error_code const& code,
                                  int condition) const noexcept override {
        // Codes of this library know theirs. Of other origin: errno by its usual meaning.
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
    case EROFS: return errc::read_only;
    case ETIMEDOUT: return errc::timed_out;
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
    if (!subject_.empty()) text.append(" ").append(one_line(subject_, '\\'));
    text.append(": ").append(describe(number_)).append(" (").append(name_of(number_)).append(")");
    // It has other errors' messages in it, which are escaped already.
    if (!advice_.empty()) text.append("; ").append(one_line(advice_));
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
