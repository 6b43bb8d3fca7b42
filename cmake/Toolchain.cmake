set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(BECKON_WERROR "Treat warnings as errors (CI does)" OFF)
set(BECKON_SANITIZE "" CACHE STRING "Sanitizers for the whole tree, e.g. address,undefined or thread")
option(BECKON_FUZZERS "Build the libFuzzer targets (clang only)" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_UNITY_BUILD)
  # A local name may be that of a constant in another file; the debug tree, which is no unity build, keeps the whole
  # warning. What stands in an unnamed namespace counts as a header's.
  add_compile_options(-Wno-shadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wshadow=local -Wno-subobject-linkage)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 takes Asio's allocation of coroutine frames for a mismatched new and delete and, once the standard library
  # comes from a precompiled header, sees faults inside its strings. clang and the sanitizers look at the same things.
  add_compile_options(-Wno-mismatched-new-delete -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
endif()
if(BECKON_WERROR)
  add_compile_options(-Werror)
endif()

if(BECKON_SANITIZE)
  # clang 14 cannot compile coroutines under -fsanitize=function. -fsanitize=vptr makes a pipe to look at a type that it
  # meets for the first time: in a test without descriptors it then reports a fault that is none.
  set(flags -fsanitize=${BECKON_SANITIZE} -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND BECKON_SANITIZE MATCHES "undefined")
    list(APPEND flags -fno-sanitize=function,vptr -fno-sanitize-recover=all)
  endif()
  add_compile_options(${flags})
  add_link_options(${flags})
endif()
if(BECKON_FUZZERS)
  # Coverage counters everywhere, so that the fuzzers see into the libraries.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
