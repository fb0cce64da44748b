# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` installs of the library: components, a Debian package each.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bpflink)
set(kinds)
foreach(library bpflink bpflink-other)
  if(TARGET ${library})
    get_target_property(kind ${library} TYPE)
    string(REGEX REPLACE "_.*" "" kind ${kind})
    string(TOLOWER ${kind} kind)
    list(APPEND kinds ${kind})
    install(TARGETS ${library} EXPORT bpflink-${kind}-targets
            LIBRARY COMPONENT bpflink-runtime NAMELINK_COMPONENT bpflink-dev
            ARCHIVE COMPONENT bpflink-dev
            FILE_SET HEADERS COMPONENT bpflink-dev)
    install(EXPORT bpflink-${kind}-targets NAMESPACE bpflink::
            DESTINATION ${config_dir} COMPONENT bpflink-dev)
  endif()
endforeach()

if(TARGET bpflink-module)
  # Users build the module's interface themselves, with their own flags.
  install(TARGETS bpflink-module EXPORT bpflink-module-targets
          ARCHIVE COMPONENT bpflink-dev
          FILE_SET CXX_MODULES DESTINATION ${CMAKE_INSTALL_DATADIR}/bpflink/modules COMPONENT bpflink-dev)
  install(EXPORT bpflink-module-targets NAMESPACE bpflink::
          DESTINATION ${config_dir} CXX_MODULES_DIRECTORY cxx-modules COMPONENT bpflink-dev)
endif()

install(TARGETS bpflink-asio EXPORT bpflink-asio-targets FILE_SET HEADERS COMPONENT bpflink-dev)
install(EXPORT bpflink-asio-targets NAMESPACE bpflink::
        DESTINATION ${config_dir} COMPONENT bpflink-dev)

configure_package_config_file(cmake/bpflink-config.cmake.in bpflink-config.cmake
  INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(bpflink-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpflink-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/bpflink-config-version.cmake
              cmake/dependencies.cmake
              cmake/bpf_object.cmake
        DESTINATION ${config_dir} COMPONENT bpflink-dev)

# pkg-config: what a shared library is linked with is its own affair, unless all are asked for (--static).
set(requires Requires)
set(threads " -pthread")
if("shared" IN_LIST kinds)
  set(requires Requires.private)
  set(threads)
endif()
set(lzma_requires)
if(BPFLINK_WITH_LZMA)
  set(lzma_requires ", liblzma")
endif()
# Relative to the file, so that the installed tree can be moved.
foreach(dir libdir includedir)
  string(TOUPPER ${dir} upper)
  file(RELATIVE_PATH ${dir} ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_${upper}})
endforeach()
file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" up "${up}")
configure_file(cmake/bpflink.pc.in bpflink.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpflink.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT bpflink-dev)

if(TARGET bpflink-tool)
  install(TARGETS bpflink-tool RUNTIME COMPONENT bpflink-tool)
  # Its view of a fleet: the timer's units, and what Prometheus and Grafana take.
  set(fleet_dir ${PROJECT_SOURCE_DIR}/tools/bpflink/fleet)
  install(FILES ${fleet_dir}/bpflink-metrics.service ${fleet_dir}/bpflink-metrics.timer
          DESTINATION lib/systemd/system COMPONENT bpflink-tool)
  install(FILES ${fleet_dir}/alerts.yml ${fleet_dir}/dashboard.json
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/bpflink/examples COMPONENT bpflink-tool)
  if(TARGET bpflink-manual)
    set(manual_dir ${CMAKE_CURRENT_BINARY_DIR}/tools/bpflink)
    install(FILES ${manual_dir}/man/bpflink.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8
            COMPONENT bpflink-tool)
    install(FILES ${manual_dir}/bash/bpflink
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT bpflink-tool)
    install(FILES ${manual_dir}/zsh/_bpflink
            DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT bpflink-tool)
    install(FILES ${manual_dir}/fish/bpflink.fish
            DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT bpflink-tool)
  endif()
endif()

# The site of guide and reference, which scripts/docs has made; and the examples to copy.
set(BPFLINK_SITE "" CACHE PATH "The directory html of scripts/docs, to be installed; empty for none")
mark_as_advanced(BPFLINK_SITE)
if(BPFLINK_SITE)
  set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/libbpflink-doc)
  install(DIRECTORY ${BPFLINK_SITE} DESTINATION ${doc_dir} COMPONENT bpflink-doc)
  install(DIRECTORY example/ DESTINATION ${doc_dir}/examples COMPONENT bpflink-doc
          PATTERN demo EXCLUDE PATTERN expect_output.sh EXCLUDE REGEX "example/CMakeLists\\.txt$" EXCLUDE)
  install(FILES packaging/debian/libbpflink-doc DESTINATION ${CMAKE_INSTALL_DATADIR}/doc-base COMPONENT bpflink-doc)
endif()
