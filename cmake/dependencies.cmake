# SPDX-License-Identifier: Apache-2.0
# Third-party parts: system packages, and Arrow from .deps (tools/bootstrap.sh) or the system.
set(VARVE_DEPS_DIR "${CMAKE_SOURCE_DIR}/.deps" CACHE PATH "folder filled by tools/bootstrap.sh")
set(VARVE_ARROW_PROVIDER "wheel" CACHE STRING "wheel (from .deps) or system")
set(VARVE_ARROW_MIN "24.0.0")

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark QUIET)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_path(VARVE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_package(tomlplusplus QUIET)
find_package(date REQUIRED)
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_library(VARVE_DEFLATE_LIB deflate REQUIRED)
find_library(VARVE_SNAPPY_LIB snappy REQUIRED)
find_path(VARVE_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)

# libparquet from the wheel exports a private OpenSSL. libssl and libcrypto must be direct NEEDED
# entries of every executable, ahead of libparquet, or two OpenSSL versions mix in one call chain.
# src/varve/openssl_order_test.cc proves the order in the linked binary.
add_library(varve_openssl INTERFACE)
target_link_libraries(varve_openssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)
target_link_options(varve_openssl INTERFACE "LINKER:--push-state,--no-as-needed" "-lssl" "-lcrypto" "LINKER:--pop-state")
add_library(varve::openssl ALIAS varve_openssl)

# The server's allocator: gives freed memory back in time and suffers less from many threads than the
# C library's. Not under sanitizers, which bring their own.
find_library(VARVE_JEMALLOC_LIB jemalloc REQUIRED)
add_library(varve_allocator INTERFACE)
if(NOT VARVE_SANITIZE)
  target_link_options(varve_allocator INTERFACE
    "LINKER:--push-state,--no-as-needed" "${VARVE_JEMALLOC_LIB}" "LINKER:--pop-state")
endif()
add_library(varve::allocator ALIAS varve_allocator)

add_library(varve_boost INTERFACE)
target_link_libraries(varve_boost INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(varve_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)
add_library(varve::boost ALIAS varve_boost)

add_library(varve_deflate INTERFACE)
target_link_libraries(varve_deflate INTERFACE ${VARVE_DEFLATE_LIB})
add_library(varve::deflate ALIAS varve_deflate)

add_library(varve_snappy INTERFACE)
target_link_libraries(varve_snappy INTERFACE ${VARVE_SNAPPY_LIB})
add_library(varve::snappy ALIAS varve_snappy)

if(VARVE_ARROW_PROVIDER STREQUAL "system")
  find_package(Arrow ${VARVE_ARROW_MIN} CONFIG REQUIRED)
  find_package(Parquet ${VARVE_ARROW_MIN} CONFIG REQUIRED)
  add_library(varve_parquet INTERFACE)
  target_link_libraries(varve_parquet INTERFACE varve_openssl Parquet::parquet_shared Arrow::arrow_shared)
else()
  set(_arrow "${VARVE_DEPS_DIR}/pyarrow")
  file(GLOB _arrow_so "${_arrow}/libarrow.so.*")
  list(LENGTH _arrow_so _arrow_count)
  if(NOT _arrow_count EQUAL 1)
    message(FATAL_ERROR "no Arrow in ${_arrow}: run tools/bootstrap.sh, or configure with -DVARVE_ARROW_PROVIDER=system")
  endif()
  string(REGEX REPLACE ".*\\.so\\." "" _arrow_version "${_arrow_so}")
  foreach(lib arrow parquet)
    add_library(varve_${lib}_imported SHARED IMPORTED)
    set_target_properties(varve_${lib}_imported PROPERTIES
      IMPORTED_LOCATION "${_arrow}/lib${lib}.so.${_arrow_version}"
      IMPORTED_SONAME "lib${lib}.so.${_arrow_version}")
  endforeach()
  add_library(varve_parquet INTERFACE)
  target_include_directories(varve_parquet SYSTEM INTERFACE "${_arrow}/include")
  target_link_libraries(varve_parquet INTERFACE varve_openssl varve_parquet_imported varve_arrow_imported)
endif()
add_library(varve::parquet ALIAS varve_parquet)
