# beckon_library(core SOURCES ... DEPENDS ...): the library of one folder, as beckon::core.
function(beckon_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(beckon_${name} STATIC ${arg_SOURCES})
  add_library(beckon::${name} ALIAS beckon_${name})
  target_include_directories(beckon_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(beckon_${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
  target_precompile_headers(beckon_${name} REUSE_FROM beckon_asio)
endfunction()

# beckon_program(beckond SOURCES ... DEPENDS ...)
function(beckon_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM beckon_asio)
endfunction()

# beckon_test(core SOURCES ... DEPENDS ... [TIMEOUT seconds] [LABEL area] [PROGRAMS ...]):
# one binary for a folder; every TEST in it is a ctest of its own, with a time limit.
# LABEL is the area (the folder's name unless given); PROGRAMS are built first.
function(beckon_test name)
  cmake_parse_arguments(arg "" "TIMEOUT;LABEL" "SOURCES;DEPENDS;PROGRAMS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL ${name})
  endif()
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_DEPENDS} beckon_test_support GTest::gtest GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_test REUSE_FROM beckon_asio)
  if(arg_PROGRAMS)
    add_dependencies(${name}_test ${arg_PROGRAMS})
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABEL})
endfunction()

# beckon_fuzzer(frames SOURCE ... DEPENDS ... CORPUS folder): tests/fuzz target, run by ctest for
# BECKON_FUZZ_SECONDS seconds over its corpus (a copy, so that the source tree stays as it is).
set(BECKON_FUZZ_SECONDS 20 CACHE STRING "How long ctest runs each fuzz target, in seconds")
function(beckon_fuzzer name)
  cmake_parse_arguments(arg "" "SOURCE;CORPUS" "DEPENDS" ${ARGN})
  if(NOT BECKON_FUZZERS)
    return()
  endif()
  add_executable(fuzz_${name} ${arg_SOURCE})
  target_link_libraries(fuzz_${name} PRIVATE ${arg_DEPENDS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
  file(MAKE_DIRECTORY ${found})
  math(EXPR limit "${BECKON_FUZZ_SECONDS} + 120")
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} -max_total_time=${BECKON_FUZZ_SECONDS}
    -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -artifact_prefix=${found}/ ${found} ${arg_CORPUS})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${limit} LABELS fuzz)
endfunction()
