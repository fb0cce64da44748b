find_program(BPFLINK_BPF_CLANG NAMES clang-19 clang-20 clang-21 clang-18 clang
             DOC "The clang that compiles BPF programs")

# What <bpf/bpf_tracing.h> calls the machine that programs are for.
set(BPFLINK_BPF_ARCH)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i[3-6]86)$")
  set(BPFLINK_BPF_ARCH -D__TARGET_ARCH_x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(BPFLINK_BPF_ARCH -D__TARGET_ARCH_arm64)
endif()

# bpflink_compile_bpf(<object> <source>.bpf.c <option>...)
#
# Makes a BPF object file.
function(bpflink_compile_bpf object source)
  if(NOT BPFLINK_BPF_CLANG)
    message(FATAL_ERROR "BPF programs need clang: install it, or set BPFLINK_BPF_CLANG")
  endif()
  get_filename_component(input ${source} ABSOLUTE)
  get_filename_component(name ${object} NAME)
  set(includes ${libbpf_INCLUDE_DIRS}) # it may be a package manager's
  list(TRANSFORM includes PREPEND -I)
  add_custom_command(OUTPUT ${object}
    COMMAND ${BPFLINK_BPF_CLANG} -target bpf -O2 -g -Wall -Werror ${BPFLINK_BPF_ARCH} ${includes}
            -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${ARGN}
            -MD -MF ${object}.d -c ${input} -o ${object}
    DEPENDS ${input} DEPFILE ${object}.d
    COMMENT "Building BPF object ${name}" VERBATIM)
endfunction()

# bpflink_embed_bpf(<target> <source>.bpf.c)
#
# Compiles a BPF program and puts the object file into a target of the same directory, so that it
# needs no file beside it. `#include "<name>.bpf.hpp"` there gives std::span bpf_objects::<name>().
function(bpflink_embed_bpf target source)
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.elf)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/bpf_objects)
  bpflink_compile_bpf(${object} ${source})

  file(CONFIGURE OUTPUT ${dir}/${name}.bpf.hpp CONTENT [[
#pragma once
#include <cstddef>
#include <span>
extern "C" std::byte const bpf_object_@name@_begin[], bpf_object_@name@_end[];
namespace bpf_objects {
inline std::span<std::byte const> @name@() {
    return {bpf_object_@name@_begin, bpf_object_@name@_end};
}
}
]] @ONLY)
  file(CONFIGURE OUTPUT ${dir}/${name}.bpf.cpp CONTENT [[
asm(R"(.pushsection .rodata
.balign 16
.global bpf_object_@name@_begin
.global bpf_object_@name@_end
.hidden bpf_object_@name@_begin
.hidden bpf_object_@name@_end
bpf_object_@name@_begin:
.incbin "@object@"
bpf_object_@name@_end:
.byte 0
.popsection)");
]] @ONLY)
  set_source_files_properties(${dir}/${name}.bpf.cpp PROPERTIES OBJECT_DEPENDS ${object})

  target_sources(${target} PRIVATE ${dir}/${name}.bpf.cpp ${object})
  target_include_directories(${target} PRIVATE ${dir})
endfunction()
