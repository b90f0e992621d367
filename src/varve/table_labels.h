// SPDX-License-Identifier: Apache-2.0
// What people call a table, found by its id: labels for the engine's files.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "catalog/catalog.h"
#include "engine/options.h"

namespace varve {

/// Keeps an index of the last snapshot it was asked about. Threads: safe anywhere.
class TableLabelIndex {
 public:
  /// The catalog outlives it.
  explicit TableLabelIndex(const Catalog& catalog) : catalog_(catalog) {}

  /// Nothing when the catalog does not know the table.
  std::optional<engine::TableLabels> find(TableId table);

 private:
  const Catalog& catalog_;
  std::mutex mutex_;
  CatalogSnapshotRef indexed_;
  std::unordered_map<TableId, TableRef> tables_;
};

}  // namespace varve
