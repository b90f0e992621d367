// SPDX-License-Identifier: Apache-2.0
// The highest ids that a store has met, whatever became of what they named.
#pragma once

#include <algorithm>

#include "model/ids.h"

namespace varve::engine {

/// 0: none.
struct SeenIds {
  TableId table{};
  SegmentId segment{};

  void add(TableId id) { table = std::max(table, id); }
  void add(SegmentId id) { segment = std::max(segment, id); }
  void add(const SeenIds& other) {
    add(other.table);
    add(other.segment);
  }
};

}  // namespace varve::engine
