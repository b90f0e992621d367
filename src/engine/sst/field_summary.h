// SPDX-License-Identifier: Apache-2.0
// What is known of a numeric field's cells without decoding them.
#pragma once

#include <cstdint>
#include <optional>

#include "model/column_vector.h"
#include "model/value.h"

namespace varve::engine {

/// What is known of one field over one run. Numbers only; a cell that holds no value is not
/// counted. Integer sums wrap. With count 0 the rest is zero.
struct FieldSummary {
  uint64_t count = 0;
  /// 8 bytes as the field's type has them (double, int64_t, uint64_t).
  uint64_t min_bits = 0;
  uint64_t max_bits = 0;
  uint64_t sum_bits = 0;
  uint64_t first_bits = 0;
  uint64_t last_bits = 0;
  friend bool operator==(const FieldSummary&, const FieldSummary&) = default;
};

/// Of the cells of a numeric column; nothing for other types.
std::optional<FieldSummary> summarize(const ColumnView& cells);
constexpr bool is_summarized(ValueType type) {
  return type == ValueType::kFloat64 || type == ValueType::kInt64 || type == ValueType::kUint64;
}

}  // namespace varve::engine
