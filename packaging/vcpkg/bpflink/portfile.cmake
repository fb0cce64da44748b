# SPDX-License-Identifier: Apache-2.0
# An overlay port: vcpkg install bpflink --overlay-ports=packaging/vcpkg
include("${CMAKE_CURRENT_LIST_DIR}/source.cmake")

vcpkg_check_features(OUT_FEATURE_OPTIONS feature_options FEATURES tool BPFLINK_BUILD_TOOL)
vcpkg_find_acquire_program(PKGCONFIG)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${feature_options}
    -DBPFLINK_WITH_LZMA=ON
    -DBPFLINK_BUILD_TESTS=OFF
    -DBPFLINK_BUILD_EXAMPLES=OFF
    -DBPFLINK_BUILD_MODULE=OFF # not tried where the port moves the package files to
    "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/bpflink)
vcpkg_fixup_pkgconfig()
if("tool" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES bpflink AUTO_CLEAN)
endif()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
