# The environment's LIBQI_PEER names the folder of an installed libqi 4.0.5 (include/, lib/), which is built and kept
# outside the project (docs/interop.md). Where it is set, BECKON_LIBQI_VERSION is libqi's version.
set(BECKON_LIBQI $ENV{LIBQI_PEER})
set(BECKON_LIBQI_VERSION "")
if(BECKON_LIBQI)
  file(GLOB library ${BECKON_LIBQI}/lib/libqi.so.*.*.*)
  if(NOT library OR NOT EXISTS ${BECKON_LIBQI}/include/qi/session.hpp)
    message(FATAL_ERROR "LIBQI_PEER=${BECKON_LIBQI} holds no libqi: include/qi/session.hpp or lib/libqi.so.4.0.5 is missing")
  endif()
  string(REGEX REPLACE ".*/libqi\\.so\\." "" BECKON_LIBQI_VERSION ${library})
  find_program(BECKON_GXX g++ REQUIRED)
endif()

# beckon_libqi_program(name SOURCE): a program of ours on libqi's API, in bin/. libqi knows neither our warnings nor our
# sanitizers, and wants GNU's C++17.
function(beckon_libqi_program name source)
  set(program ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name})
  add_custom_command(OUTPUT ${program}
    COMMAND ${BECKON_GXX} -std=gnu++17 -O2 -I${PROJECT_SOURCE_DIR} -isystem ${BECKON_LIBQI}/include
      -MD -MF ${CMAKE_CURRENT_BINARY_DIR}/${name}.d ${CMAKE_CURRENT_SOURCE_DIR}/${source}
      -o ${program} -L${BECKON_LIBQI}/lib -Wl,-rpath,${BECKON_LIBQI}/lib -lqi -lboost_thread -lssl -lcrypto -pthread
    DEPENDS ${source}
    DEPFILE ${CMAKE_CURRENT_BINARY_DIR}/${name}.d
    COMMENT "Building ${name} against libqi ${BECKON_LIBQI_VERSION}" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${program})
endfunction()
