# SPDX-License-Identifier: Apache-2.0
# Compiler, linker and sanitizer settings shared by every room.
find_program(VARVE_CCACHE ccache)
if(VARVE_CCACHE)
  # Paths below the checkout count as relative ones, so that several checkouts share one cache.
  set(VARVE_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    ${VARVE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${VARVE_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${VARVE_LAUNCHER})
endif()
find_program(VARVE_MOLD NAMES mold)
find_program(VARVE_LLD NAMES ld.lld ld.lld-19)
if(VARVE_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(VARVE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wno-gnu-statement-expression)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # TRY is a GNU statement expression, which -Wpedantic reports.
  add_compile_options(-Wno-pedantic -Wno-missing-field-initializers)
  if(VARVE_SANITIZE)
    # Instrumented code hides from g++ 12 that a std::variant was set.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
else()
  # libstdc++ 12's own stable_sort calls what it deprecates, and clang reports it where it is used.
  add_compile_options(-Wno-missing-field-initializers -Wno-missing-designated-field-initializers
    -Wno-deprecated-declarations)
endif()
if(VARVE_WERROR)
  add_compile_options(-Werror)
endif()

if(VARVE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(VARVE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  # Fences are unknown to it; Asio's stand where its locks order things already.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_link_options(-fsanitize=thread)
elseif(VARVE_SANITIZE)
  message(FATAL_ERROR "VARVE_SANITIZE is '${VARVE_SANITIZE}'; it must be empty, address or thread")
endif()
if(VARVE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
