// SPDX-License-Identifier: Apache-2.0
// Rows handed from one step of an execution to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"
#include "query/influxql/execute/points.h"

namespace varve::influxql {

/// Rows of one group that belong to one series, times rising. Valid during the call that gets it.
struct RowRun {
  size_t group = 0;
  std::span<const int64_t> times_ns;
  std::span<const ColumnView> columns;  ///< One for each wanted variable.
};
using VisitRun = std::function<Result<void>(const RowRun&)>;

/// Rows of one group in order of time. Valid during the call that gets it.
struct RowBlock {
  std::span<const int64_t> times_ns;
  std::span<const ColumnView> columns;

  size_t row_count() const { return times_ns.size(); }
};
/// Says whether to go on.
using VisitBlock = std::function<Result<bool>(const RowBlock&)>;

/// Some groups with few rows each, all of which are here: those of group i are [parts[i].begin,
/// parts[i].end). Valid until the next rows are asked for.
struct GroupsBlock {
  struct Part {
    const GroupKey* key = nullptr;
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Part> parts;  ///< Those with rows, in the order of the answer.
  std::span<const int64_t> times_ns;
  std::vector<ColumnView> columns;
};

/// How rows are asked for in order of time.
struct BlockRequest {
  /// At most so many are needed (0: all); more may come.
  uint64_t rows_limit = 0;
  /// Texts in this column and those after it decide the order of rows of one time.
  size_t first_tie_column = 0;
  /// The order of rows of one time is the same whatever the limit, as pages of an answer need it.
  /// Else it may be found with fewer rows, or left to the series.
  bool is_page = false;
};

/// Takes the rows of a SELECT, group by group, in order. Columns may change their type from block
/// to block, since a fill value takes the place of a text. Threads: one at a time.
class GroupConsumer {
 public:
  virtual ~GroupConsumer() = default;
  virtual Result<void> begin_group(const GroupKey& key) = 0;
  virtual Result<void> rows(const RowBlock& block) = 0;
  virtual Result<void> end_group() = 0;
  /// The same as the three above for each group, which is what it does here.
  virtual Result<void> groups(const GroupsBlock& block);
};

}  // namespace varve::influxql
