# SPDX-License-Identifier: Apache-2.0
# Sets BPFLINK_MODULE_UNSUPPORTED to what keeps `import bpflink;` from being built here, if anything does.
set(BPFLINK_MODULE_UNSUPPORTED)
if(CMAKE_VERSION VERSION_LESS 3.28)
  set(BPFLINK_MODULE_UNSUPPORTED "CMake 3.28, and this is ${CMAKE_VERSION}")
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  set(BPFLINK_MODULE_UNSUPPORTED
      "clang 19, and this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
elseif(NOT CMAKE_GENERATOR MATCHES "Ninja")
  set(BPFLINK_MODULE_UNSUPPORTED "Ninja, and the generator is ${CMAKE_GENERATOR}")
elseif(NOT CMAKE_CXX_COMPILER_CLANG_SCAN_DEPS)
  set(BPFLINK_MODULE_UNSUPPORTED "clang-scan-deps of the same version (Debian: clang-tools-19)")
else()
  execute_process(COMMAND ${CMAKE_MAKE_PROGRAM} --version OUTPUT_VARIABLE _ninja)
  if(_ninja VERSION_LESS 1.11)
    string(STRIP "Ninja 1.11, and this is ${_ninja}" BPFLINK_MODULE_UNSUPPORTED)
  endif()
endif()
