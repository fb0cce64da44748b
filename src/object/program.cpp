// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "info/refuse_info.hpp"
#include "object/by_id.hpp"
#include "object/identify.hpp"
#include "pin/path.hpp"

#include <bpflink/hook/any_hook.hpp>
#include <bpflink/program.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::refusal;

constexpr refusal null_pointer{EINVAL, errc::invalid_argument, "the program is a null pointer", "",
                               "bpf_program__fd"};
constexpr refusal of_another_type{EINVAL, errc::invalid_argument, "it is of type {} is needed", "",
                                  "bpf_prog_get_type"};

constexpr std::array not_loaded{
    refusal{ENOENT, errc::invalid_argument, "it is not loaded", "load its bpf_object first",
            "bpf_program__fd"},
    refusal{EINVAL, errc::invalid_argument, "it is not loaded", "load its bpf_object first",
            "bpf_program__fd"},
};

error wrong_type(std::string subject, program_type is, program_type wanted) {
    return refuse_by(of_another_type, {match::yes, to_string(is) + ", and " + to_string(wanted)},
                     operation::prog_get_info, std::move(subject))
        .value();
}

std::string described(::bpf_program const* prog) {
    return std::string{"program '"} + sys::program_name(prog) + "'";
}

/// The meaning of 0 to libbpf and the kernel; its section's name alone makes it an attach type.
detail::borrowed_program loaded_by_libbpf(fd_view fd, program_type type,
                                          ::bpf_program const* prog) {
    auto const number = sys::program_expected_attach_type(prog);
    if (number != 0) return {fd, type, static_cast<attach_type>(number)};
    // kernel/bpf/syscall.c, bpf_prog_load_fixup_attach_type()
    if (type == program_type::cgroup_sock) return {fd, type, attach_type::cgroup_inet_sock_create};
    if (type != program_type::cgroup_skb) return {fd, type, std::nullopt, true};
    if (std::string_view{sys::program_section(prog)} == "cgroup_skb/ingress")
        return {fd, type, attach_type::cgroup_inet_ingress};
    return {fd, type}; // SEC("cgroup/skb"): for either direction
}

} // namespace

namespace detail {

error wrong_program_type(program_id id, program_type is, program_type wanted) {
    return wrong_type("program " + std::to_string(id.value()), is, wanted);
}

result<program_id_and_type> identify_program(fd_view fd, std::string subject) {
    if (auto is_one = require_program(fd, std::move(subject)); !is_one)
        return tl::unexpected{std::move(is_one).error()};
    uapi::object_info_head head{};
    std::uint32_t size = sizeof head;
    if (int const outcome = sys::obj_get_info(fd.get(), &head, size); outcome < 0)
        return refuse_info(outcome, operation::prog_get_info, fd);
    return program_id_and_type{program_id{head.id}, static_cast<program_type>(head.type)};
}

result<borrowed_program> inspect(fd_view fd, program_type wanted) {
    return identify_program(fd, describe(fd))
        .and_then([&](program_id_and_type facts) -> result<borrowed_program> {
            if (facts.type != wanted)
                return tl::unexpected{wrong_program_type(facts.id, facts.type, wanted)};
            return borrowed_program{fd, wanted, std::nullopt};
        });
}

result<borrowed_program> inspect(::bpf_program const* prog) {
    if (!prog) return refuse_by(null_pointer, {}, operation::prog_get_info, {});
    int const fd = sys::program_fd(prog);
    if (fd < 0) return refuse(fd, operation::prog_get_info, described(prog), {}, {not_loaded});
    return loaded_by_libbpf(fd_view{fd}, static_cast<program_type>(sys::program_type(prog)), prog);
}

result<borrowed_program> inspect(::bpf_program const* prog, program_type wanted) {
    auto const type = prog ? static_cast<program_type>(sys::program_type(prog)) : wanted;
    if (type != wanted) return tl::unexpected{wrong_type(described(prog), type, wanted)};
    return inspect(prog);
}

} // namespace detail

result<program> program::from_id(program_id id) {
    auto opened = sys::prog_get_fd_by_id(id.value());
    if (!opened) return refuse_id(opened.outcome(), operation::prog_get_fd_by_id, id.value());
    return from_fd(std::move(opened));
}

result<program> program::load_pinned(std::string_view path) {
    return absolute(path, operation::obj_get).and_then([](std::string&& where) {
        return open_pin(where).and_then(
            [&](unique_fd&& fd) { return checked(std::move(fd), std::move(where)); });
    });
}

result<program_info> program::info() const {
    return detail::read_program_info(fd_);
}

result<program> program::from_fd(unique_fd&& fd) {
    return checked(std::move(fd), describe(fd_view{fd}));
}

result<program> program::checked(unique_fd&& fd, std::string subject) {
    return detail::identify_program(fd, std::move(subject))
        .map([&](detail::program_id_and_type facts) { return program{std::move(fd), facts}; });
}

} // namespace bpflink
