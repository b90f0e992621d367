// SPDX-License-Identifier: Apache-2.0
#include "catalog/reserved_keys.h"

#include <limits>

#include "catalog/record_json.h"

namespace varve {

std::string encode_generation(uint64_t generation) {
  return record::object("\"generation\":" + std::to_string(generation));
}

Result<uint64_t> decode_generation(std::string_view value) {
  const record::Record record(kGenerationKey);
  const auto members = TRY(record.parse(value));
  return static_cast<uint64_t>(
      TRY(record.number(members, "generation", 0, std::numeric_limits<int64_t>::max())));
}

}  // namespace varve
