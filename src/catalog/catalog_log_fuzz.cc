// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the log of a catalog, and as what is left of one beside a database.
#include <cstdint>
#include <optional>

#include "catalog/catalog_choice.h"
#include "catalog/catalog_log.h"
#include "catalog/catalog_salvage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace varve;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size_bytes);
  auto log = read_catalog_log(bytes);
  if (!log) return 0;
  auto choice = choose_catalog(std::optional(std::move(*log)), std::nullopt);
  static_cast<void>(make_sense_of(choice.entries));
  if (!make_sense_of(choice.entries).empty()) __builtin_trap();
  return 0;
}
