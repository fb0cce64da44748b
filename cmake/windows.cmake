# The build for Windows: another border (src/border/windows.cpp), and the rooms that need nothing
# else. See docs/windows.md.
bpflink_find_dependencies(missing HEADERS)
if(missing)
  message(FATAL_ERROR "${missing}")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
add_subdirectory(src/border/windows)
if(BPFLINK_BUILD_TESTS)
  enable_testing()
  add_subdirectory(test/windows)
endif()
