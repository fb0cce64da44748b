# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` installs of the build for Windows: the library, its headers and its package for CMake.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bpflink)
install(TARGETS bpflink EXPORT bpflink-static-targets FILE_SET HEADERS)
install(EXPORT bpflink-static-targets NAMESPACE bpflink:: DESTINATION ${config_dir})
configure_package_config_file(cmake/windows-config.cmake.in bpflink-config.cmake INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(bpflink-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpflink-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/bpflink-config-version.cmake
              cmake/dependencies.cmake
        DESTINATION ${config_dir})
