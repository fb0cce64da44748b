# SPDX-License-Identifier: Apache-2.0
# The warnings of this project's own code; private, never exported. -Werror comes from the presets.
add_library(bpflink-warnings INTERFACE)
target_compile_options(bpflink-warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wunused -Wnull-dereference
  # Aggregates are meant to be initialized by some of their members.
  -Wno-missing-field-initializers
  # GCC 12, when it optimizes, sees overlaps and overflows in "text" + std::string,
  # and what is in an empty std::optional used.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-maybe-uninitialized>
  # Not of what is a module or imports one: importers with other comment commands cannot load it.
  $<$<AND:$<CXX_COMPILER_ID:Clang>,$<NOT:$<BOOL:$<TARGET_PROPERTY:CXX_SCAN_FOR_MODULES>>>>:
    -Wdocumentation -fcomment-block-commands=errors,kernel,libbpf,cost,threads>)
