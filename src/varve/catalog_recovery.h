// SPDX-License-Identifier: Apache-2.0
// Names for rows whose names the catalog lost: ids, columns and types are in the engine's files.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/key_value.h"
#include "engine/sst/sst_writer.h"
#include "model/ids.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve {

struct CatalogPlace;

/// What the engine knows of a table.
struct StoredTable {
  TableId id{};
  MergeMode mode = MergeMode::kMerge;
  std::string name;                        ///< Empty: no file says it.
  std::vector<engine::SstColumn> columns;  ///< By rising id, each once; names may be empty.
  std::vector<std::pair<SegmentId, TimeRange>> segments;
};

/// Adds the tables, columns and segments that the entries lack, in the policy that has their
/// segments, else in a new database `recovered-<n>` for each group of tables that share segments;
/// no id is changed, and all counters are above them. Gives what it did, one sentence each. Pure.
std::vector<std::string> add_stored_tables(const std::vector<StoredTable>& tables,
                                           CatalogEntries& entries);

/// Opens the engine, writes all rows into files, looks at them, and adds what the catalog lacks.
Result<std::vector<std::string>> recover_tables(const CatalogPlace& place, KeyValue& catalog);

}  // namespace varve
