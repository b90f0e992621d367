// SPDX-License-Identifier: Apache-2.0
// What the files of the catalog that change things share.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "catalog/key_value.h"

namespace varve {

/// The next id of that kind. Counted in the same transaction that uses it, so that no id is given
/// twice, and never taken back.
Result<uint32_t> take_id(KeyValueTransaction& change, std::string_view kind);

/// `database not found: x`.
tl::unexpected<Error> no_database(std::string_view name);

}  // namespace varve
