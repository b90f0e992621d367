// SPDX-License-Identifier: Apache-2.0
// Which of the catalog's two stored forms is right, and what is to be mended. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog_log.h"

namespace varve {

/// What the database file says.
struct StoredDatabase {
  CatalogEntries entries;
  uint64_t generation = 0;  ///< 0: an earlier Varve, which had none.
  /// Rows that an earlier Varve wrote, without checksums.
  bool has_unchecked = false;
  /// An earlier Varve, or a person, has changed it since, and knew of no log.
  bool is_changed_by_others = false;
  /// All there is was read, and is as it was written.
  bool is_sound = true;
};

struct CatalogChoice {
  CatalogEntries entries;
  uint64_t generation = 0;
  /// Some change is in neither: entries may be missing, and removed ones may be back.
  bool is_lossy = false;
  /// They are those of the database, and of some there is no checksum.
  bool is_unchecked = false;
  /// The database has other entries, or an older generation.
  bool database_differs = false;
  /// Not a mere crash: it has what no crash leaves.
  bool database_is_wrong = false;
  /// It lacks changes, or parts.
  bool log_is_wrong = false;
  /// It lacks what an earlier Varve, which knew of no log, has changed since. That is no damage.
  bool log_is_overtaken = false;
};

/// Nothing: the file does not exist. At least one does.
CatalogChoice choose_catalog(const std::optional<CatalogLogContent>& log,
                             const std::optional<StoredDatabase>& database);

}  // namespace varve
