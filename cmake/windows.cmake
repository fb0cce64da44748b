# SPDX-License-Identifier: Apache-2.0
# The build for Windows: another border (src/border/windows.cpp), and the rooms that need nothing
# else. See docs/windows.md.
if(BPFLINK_NO_COROUTINES)
  message(FATAL_ERROR "BPFLINK_NO_COROUTINES is an option of the build for Linux")
endif()
bpflink_find_dependencies(missing HEADERS)
if(missing)
  message(FATAL_ERROR "${missing}")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
add_subdirectory(src/border/windows)
if(BPFLINK_INSTALL)
  include(${CMAKE_CURRENT_LIST_DIR}/install_windows.cmake)
endif()
if(BPFLINK_BUILD_TESTS)
  enable_testing()
  add_subdirectory(test/windows)
endif()
