# SPDX-License-Identifier: Apache-2.0
# BPF programs in a project of C++: installed beside bpflink-config.cmake, and used by this build.

find_program(BPFLINK_BPF_CLANG NAMES clang-19 clang-20 clang-21 clang-18 clang
             DOC "The clang that compiles BPF programs")
find_program(BPFLINK_BPFTOOL bpftool PATHS /usr/sbin /sbin DOC "The bpftool that makes skeletons")
set(BPFLINK_VMLINUX_BTF /sys/kernel/btf/vmlinux CACHE FILEPATH "The BTF that vmlinux.h is made of")
mark_as_advanced(BPFLINK_BPF_CLANG BPFLINK_BPFTOOL BPFLINK_VMLINUX_BTF)

# bpflink_compile_bpf(<object> <source>.bpf.c <option>...)
#
# Makes a BPF object file.
function(bpflink_compile_bpf object source)
  if(NOT BPFLINK_BPF_CLANG)
    message(FATAL_ERROR "BPF programs need clang: install it, or set BPFLINK_BPF_CLANG")
  endif()
  set(arch) # the name that <bpf/bpf_tracing.h> has for the machine
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i[3-6]86)$")
    set(arch -D__TARGET_ARCH_x86)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arch -D__TARGET_ARCH_arm64)
  endif()
  get_filename_component(input ${source} ABSOLUTE)
  get_filename_component(name ${object} NAME)
  set(includes ${libbpf_INCLUDE_DIRS}) # it may be a package manager's
  list(TRANSFORM includes PREPEND -I)
  if(CMAKE_SYSROOT)
    list(APPEND includes --sysroot=${CMAKE_SYSROOT})
  endif()
  add_custom_command(OUTPUT ${object}
    COMMAND ${BPFLINK_BPF_CLANG} -target bpf -O2 -g -Wall -Werror ${arch} ${includes}
            -idirafter ${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${ARGN}
            -MD -MF ${object}.d -c ${input} -o ${object}
    DEPENDS ${input} DEPFILE ${object}.d
    COMMENT "Building BPF object ${name}" VERBATIM)
endfunction()

# bpflink_add_bpf_object(<target> <source>.bpf.c [SKELETON] [VMLINUX] [OPTIONS <option>...])
#
# Compiles a BPF program to <source>.bpf.o in the current binary directory, when <target> is built,
# and links the target with libbpf. The target is one of the same directory.
#
#   SKELETON  `#include "<source>.skel.h"` in the target, by bpftool: struct <source>_bpf
#   VMLINUX   `#include "vmlinux.h"` in the program, by bpftool of BPFLINK_VMLINUX_BTF
#   OPTIONS   more options for clang, such as -DNAME=1
function(bpflink_add_bpf_object target source)
  cmake_parse_arguments(PARSE_ARGV 2 asked "SKELETON;VMLINUX" "" "OPTIONS")
  if(asked_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bpflink_add_bpf_object does not know: ${asked_UNPARSED_ARGUMENTS}")
  endif()
  if((asked_SKELETON OR asked_VMLINUX) AND NOT BPFLINK_BPFTOOL)
    message(FATAL_ERROR "SKELETON and VMLINUX need bpftool: install it, or set BPFLINK_BPFTOOL")
  endif()
  if(NOT TARGET PkgConfig::libbpf)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf)
  endif()
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${target}.bpf)
  file(MAKE_DIRECTORY ${made})

  if(asked_VMLINUX)
    add_custom_command(OUTPUT ${made}/vmlinux.h
      COMMAND ${BPFLINK_BPFTOOL} btf dump file ${BPFLINK_VMLINUX_BTF} format c > ${made}/vmlinux.h
      COMMENT "Building vmlinux.h" VERBATIM)
    list(APPEND asked_OPTIONS -I${made})
  endif()
  bpflink_compile_bpf(${object} ${source} ${asked_OPTIONS})
  if(asked_VMLINUX)
    add_custom_command(OUTPUT ${object} DEPENDS ${made}/vmlinux.h APPEND)
  endif()
  set(outputs ${object})
  if(asked_SKELETON)
    add_custom_command(OUTPUT ${made}/${name}.skel.h
      COMMAND ${BPFLINK_BPFTOOL} gen skeleton ${object} name ${name}_bpf > ${made}/${name}.skel.h
      DEPENDS ${object} COMMENT "Building skeleton ${name}.skel.h" VERBATIM)
    list(APPEND outputs ${made}/${name}.skel.h)
    target_include_directories(${target} SYSTEM PRIVATE ${made})
  endif()
  # By a target of its own: as a source of the other, an object file would be linked into it.
  add_custom_target(${target}-${name}-bpf DEPENDS ${outputs})
  add_dependencies(${target} ${target}-${name}-bpf)
  target_link_libraries(${target} PRIVATE PkgConfig::libbpf)
endfunction()
