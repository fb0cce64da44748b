# SPDX-License-Identifier: Apache-2.0
# Run by cpack between installing and packaging: what Debian wants of a package's files, and
# `cmake --install` leaves as it is.
find_program(gzip gzip REQUIRED)

function(compress file)
  execute_process(COMMAND ${gzip} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(GLOB pages ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/man*/*.[1-9])
foreach(page IN LISTS pages)
  compress(${page})
endforeach()

file(TIMESTAMP ${CPACK_RESOURCE_FILE_README} date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(GLOB notices ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/doc/*/copyright)
foreach(notice IN LISTS notices)
  get_filename_component(directory ${notice} DIRECTORY)
  get_filename_component(package ${directory} NAME)
  file(COPY_FILE ${CPACK_RESOURCE_FILE_README} ${directory}/changelog)
  file(WRITE ${directory}/changelog.Debian
    "bpflink (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * The changes are in changelog.gz.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  compress(${directory}/changelog)
  compress(${directory}/changelog.Debian)
endforeach()
