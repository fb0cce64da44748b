# SPDX-License-Identifier: Apache-2.0
# The sources that the port lies in. scripts/package --source makes a port with the tarball, its name and its SHA-512.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
