// SPDX-License-Identifier: Apache-2.0
// The highest ids that a store has met, whatever became of what they named.
#pragma once

#include <algorithm>
#include <unordered_map>

#include "model/ids.h"

namespace varve::engine {

/// 0: none.
struct SeenIds {
  TableId table{};
  SegmentId segment{};
  /// Of fields, by table.
  std::unordered_map<TableId, ColumnId> columns;

  void add(TableId id) { table = std::max(table, id); }
  void add(SegmentId id) { segment = std::max(segment, id); }
  void add(TableId id, ColumnId column) {
    ColumnId& known = columns[id];
    known = std::max(known, column);
  }
  /// What another shard has met, so of other tables.
  void add(SeenIds&& other) {
    add(other.table);
    add(other.segment);
    columns.merge(other.columns);
  }
};

}  // namespace varve::engine
