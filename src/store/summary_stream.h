// SPDX-License-Identifier: Apache-2.0
// Rows that need not be read, because the Store keeps what an aggregate asks of them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/cell_summary.h"
#include "store/store.h"

namespace varve {

/// What stands for rows of one series and one window that are not given themselves.
struct RunSummary {
  KeyHash series;
  /// Of the first and the last row. When a first or a last value is asked for, these are its times.
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  /// One for each ScanSpec::columns, in its order. What was not asked for may be anything.
  std::vector<CellSummary> columns;
};
using VisitSummary = std::function<Result<void>(const RunSummary&)>;

/// What Store::scan may give for a ScanSpec::group_by without tags that has an aggregate of every
/// column. The same aggregates follow from the rows and the summaries together, except for the
/// times of kMin and kMax.
class SummaryStream : public BatchStream {
 public:
  /// Call before the first next(), which from then on may visit summaries instead of giving their
  /// rows, and fails when the visitor does. Without it every row is given.
  virtual void take_summaries(VisitSummary visit) = 0;
};

}  // namespace varve
