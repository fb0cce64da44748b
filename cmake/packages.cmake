# SPDX-License-Identifier: Apache-2.0
# cpack: a Debian package of each component that install.cmake installs. scripts/package builds what
# belongs into them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bpflink)
set(CPACK_PACKAGE_VENDOR bpflink)
set(CPACK_PACKAGE_CONTACT "bpflink maintainers <noreply@bpflink.invalid>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_RESOURCE_FILE_README ${PROJECT_SOURCE_DIR}/CHANGELOG.md) # the packages' changelog
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_files.cmake)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY "=")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_CURRENT_BINARY_DIR}/src)
set(version ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})

# bpflink_debian_package(<component> <name> <section> <depends> <summary>)
set(CPACK_COMPONENTS_ALL)
function(bpflink_debian_package component name section depends summary)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${depends}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}
bpflink opens, lists, attaches, pins, swaps and detaches BPF links, the kernel
objects that hold a BPF program on a hook." PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
  # Only of use in a package: `cmake --install` leaves it out.
  install(FILES packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

bpflink_debian_package(bpflink-runtime libbpflink${PROJECT_VERSION_MAJOR} libs ""
  "C++ library over Linux BPF links: shared library")
set(CPACK_DEBIAN_BPFLINK-RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/triggers)

# The static library leaves libbpf, libelf and liblzma to its user.
set(lzma_depends)
if(BPFLINK_WITH_LZMA)
  set(lzma_depends ", liblzma-dev")
endif()
bpflink_debian_package(bpflink-dev libbpflink-dev libdevel
  "libbpflink${PROJECT_VERSION_MAJOR} (= ${version}), librange-v3-dev (>= 0.12), libexpected-dev (>= 1.1), \
libbpf-dev (>= 1:1.3), libelf-dev${lzma_depends}"
  "C++ library over Linux BPF links: headers, module and static library")
set(CPACK_DEBIAN_BPFLINK-DEV_PACKAGE_SUGGESTS libasio-dev) # for coro/asio.hpp

if(TARGET bpflink-tool)
  bpflink_debian_package(bpflink-tool bpflink admin ""
    "shows and handles the BPF links of the running kernel")
endif()
if(BPFLINK_SITE)
  bpflink_debian_package(bpflink-doc libbpflink-doc doc ""
    "C++ library over Linux BPF links: guide, reference and examples")
  set(CPACK_DEBIAN_BPFLINK-DOC_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_BPFLINK-DEV_PACKAGE_SUGGESTS "libasio-dev, libbpflink-doc")
endif()
include(CPack)
