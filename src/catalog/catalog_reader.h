// SPDX-License-Identifier: Apache-2.0
// Builds the whole picture from what is stored.
#pragma once

#include "base/result.h"
#include "catalog/key_value.h"
#include "catalog/snapshot.h"

namespace varve {

/// kCorrupt names the key that does not make sense: a value that cannot be read, a child without
/// its parent, a name twice, segments that overlap.
Result<CatalogSnapshot> read_catalog(KeyValue& key_value);

}  // namespace varve
