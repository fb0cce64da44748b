# The warnings of this project's own code; private, never exported. -Werror comes from the presets.
add_library(bpflink-warnings INTERFACE)
target_compile_options(bpflink-warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wunused -Wnull-dereference
  # Aggregates are meant to be initialized by some of their members.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wdocumentation
    -fcomment-block-commands=errors,kernel,libbpf,cost,threads>)
