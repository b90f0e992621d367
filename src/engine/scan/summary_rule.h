// SPDX-License-Identifier: Apache-2.0
// Which runs of a file may be answered by their summaries, so that nobody decodes them: those that
// lie in one window, whose summaries give exactly what the rows would.
// Threads: immutable once made; safe anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/cell_summary.h"
#include "model/partial_state.h"
#include "model/scan_spec.h"
#include "model/write_batch.h"

namespace varve::engine {

class SummaryRule {
 public:
  /// Nothing when only rows can answer the spec.
  static std::optional<SummaryRule> make(const ScanSpec& spec, MergeMode mode);

  /// Those of ScanSpec::columns.
  size_t column_count() const { return columns_.size(); }
  bool is_in_one_window(int64_t time_first_ns, int64_t time_last_ns) const;
  /// Whether summaries of so many rows give what is wanted of each column.
  bool trusts(std::span<const std::optional<CellSummary>> columns, uint64_t row_count) const;

 private:
  struct Wanted {
    ValueType type = ValueType::kFloat64;
    StateParts parts = 0;
    bool is_wanted = false;
  };
  static bool trusts(const Wanted& wanted, const CellSummary& cells, uint64_t row_count);
  explicit SummaryRule(const Window& window) : window_(window) {}

  Window window_;
  std::vector<Wanted> columns_;
};

/// Of doubles: whether one may be NaN, since then minimum and maximum may be anything.
bool has_nan(const CellSummary& cells);

}  // namespace varve::engine
