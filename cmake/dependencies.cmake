# SPDX-License-Identifier: Apache-2.0
# bpflink_find_dependencies(<missing> [HEADERS] [LIBRARIES] [LZMA] [ASIO])
#
# Finds what bpflink's headers need, what its libraries do, liblzma for libraries with
# BPFLINK_WITH_LZMA, and for coro/asio.hpp standalone Asio, in BPFLINK_ASIO_INCLUDE_DIR. <missing> is empty, or tells a person what there is not and how to get
# it. The build uses this, and find_package(bpflink) on whatever machine: it is installed beside
# bpflink-config.cmake.
function(bpflink_find_dependencies out)
  cmake_parse_arguments(PARSE_ARGV 1 need "HEADERS;LIBRARIES;LZMA;ASIO" "" "")
  set(missing)

  if(need_HEADERS)
    # A target may be there without a package: another part of the same build can make it.
    if(NOT TARGET range-v3::range-v3)
      find_package(range-v3 QUIET)
      if(range-v3_FOUND)
        mark_as_advanced(range-v3_DIR) # it is not this project's to set, as one that only uses bpflink
      else()
        list(APPEND missing "range-v3 (Debian: librange-v3-dev)")
      endif()
    endif()
    if(NOT TARGET tl::expected)
      find_package(tl-expected QUIET)
      if(tl-expected_FOUND)
        mark_as_advanced(tl-expected_DIR)
      else()
        list(APPEND missing "tl::expected (Debian: libexpected-dev)")
      endif()
    endif()
  endif()

  if(need_LIBRARIES)
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads QUIET) # for sets, whose links close side by side
    if(NOT Threads_FOUND)
      list(APPEND missing "threads of the C library")
    endif()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(libbpf QUIET IMPORTED_TARGET libbpf)
      if(NOT libbpf_FOUND)
        list(APPEND missing "libbpf 1.3 (Debian: libbpf-dev, Debian 12: libbpf-dev/bookworm-backports)")
      elseif(libbpf_VERSION VERSION_LESS 1.3)
        list(APPEND missing
             "libbpf 1.3, and this is ${libbpf_VERSION} (Debian 12: libbpf-dev/bookworm-backports)")
      endif()
      pkg_check_modules(libelf QUIET IMPORTED_TARGET libelf)
      if(NOT libelf_FOUND)
        list(APPEND missing "libelf (Debian: libelf-dev)")
      endif()
    else()
      list(APPEND missing "pkg-config, to find libbpf and libelf (Debian: pkg-config)")
    endif()
  endif()

  if(need_LZMA)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(liblzma QUIET IMPORTED_TARGET liblzma)
    endif()
    if(NOT liblzma_FOUND)
      list(APPEND missing "liblzma (Debian: liblzma-dev)")
    endif()
  endif()

  if(need_ASIO)
    find_path(BPFLINK_ASIO_INCLUDE_DIR asio/version.hpp DOC "Where standalone Asio is")
    mark_as_advanced(BPFLINK_ASIO_INCLUDE_DIR)
    set(asio ${BPFLINK_ASIO_INCLUDE_DIR})
    if(NOT asio)
      list(APPEND missing
           "standalone Asio 1.22 (Debian: libasio-dev; elsewhere: set BPFLINK_ASIO_INCLUDE_DIR)")
    else()
      file(STRINGS ${asio}/asio/version.hpp version REGEX "define ASIO_VERSION ")
      if(version MATCHES "ASIO_VERSION ([0-9]+)" AND CMAKE_MATCH_1 LESS 102200) # 1.22.0
        list(APPEND missing "standalone Asio 1.22, and that in ${asio} is older (Debian: libasio-dev)")
      endif()
    endif()
  endif()

  if(missing)
    list(JOIN missing ", " missing)
    set(missing "bpflink needs what is not found here: ${missing}")
  endif()
  set(${out} "${missing}" PARENT_SCOPE)
endfunction()
