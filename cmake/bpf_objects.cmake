# SPDX-License-Identifier: Apache-2.0
include(${CMAKE_CURRENT_LIST_DIR}/bpf_object.cmake)

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
