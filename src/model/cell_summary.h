// SPDX-License-Identifier: Apache-2.0
// What is known of some cells of a numeric column without looking at them.
#pragma once

#include <cstdint>

namespace varve {

/// Numbers only; a cell that holds no value is not counted. Integer sums wrap. With count 0 the
/// rest is zero.
struct CellSummary {
  uint64_t count = 0;
  /// 8 bytes as the column's type has them (double, int64_t, uint64_t).
  uint64_t min_bits = 0;
  uint64_t max_bits = 0;
  uint64_t sum_bits = 0;
  uint64_t first_bits = 0;
  uint64_t last_bits = 0;
  friend bool operator==(const CellSummary&, const CellSummary&) = default;
};

}  // namespace varve
