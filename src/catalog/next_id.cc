// SPDX-License-Identifier: Apache-2.0
#include "catalog/next_id.h"

#include <limits>
#include <string>

#include "catalog/records.h"

namespace varve {

Result<uint32_t> take_id(KeyValueTransaction& change, std::string_view kind) {
  const std::string key = std::string(kNextPrefix) + std::string(kind);
  const auto stored = TRY(change.get(key));
  const uint32_t id = stored ? TRY(decode_counter(key, *stored)) : 1;
  if (id == std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kTooLarge, "no ids are left for kind " + std::string(kind));
  }
  TRY_VOID(change.put(key, encode_counter(id + 1)));
  return id;
}

tl::unexpected<Error> no_database(std::string_view name) {
  return fail(ErrorCode::kNotFound, "database not found: " + std::string(name));
}

}  // namespace varve
