// SPDX-License-Identifier: Apache-2.0
#include "replaceable.hpp"

#include "kernel_case.hpp"
#include "loaded.hpp"
#include "replaceable.bpf.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace bl = bpflink;

void loaded_program::closer::operator()(::bpf_object* object) const noexcept {
    ::bpf_object__close(object);
}

loaded_program::loaded_program(char const* name, loaded_program const* target,
                               char const* function) {
    auto const file = bpf_objects::replaceable();
    object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
    if (!object_) throw std::system_error{errno, std::generic_category(), "opening"};
    ::bpf_program* each = nullptr;
    while ((each = ::bpf_object__next_program(object_.get(), each)))
        ::bpf_program__set_autoload(each, std::strcmp(::bpf_program__name(each), name) == 0);
    program_ = ::bpf_object__find_program_by_name(object_.get(), name);
    if (target) ::bpf_program__set_attach_target(program_, target->fd().get(), function);
    ::libbpf_set_print(nullptr);
    if (::bpf_object__load(object_.get()) < 0)
        throw std::system_error{errno, std::generic_category(), "loading"};
    note_own_program(id_of_program(fd()).value());
}

bl::fd_view loaded_program::fd() const {
    return bl::fd_view{::bpf_program__fd(program_)};
}

unsigned loaded_program::verdict() const {
    char packet[64]{};
    ::bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet;
    options.data_size_in = sizeof packet;
    options.repeat = 1;
    if (::bpf_prog_test_run_opts(fd().get(), &options) < 0)
        throw std::system_error{errno, std::generic_category(), "a test run"};
    return options.retval;
}

std::unique_ptr<loaded_program> load_replacement(loaded_program const& target, char const* name) {
    try {
        return std::make_unique<loaded_program>(name, &target);
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no program that replaces a function: " + e.code().message());
        return nullptr;
    }
}
