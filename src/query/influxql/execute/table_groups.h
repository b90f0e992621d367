// SPDX-License-Identifier: Apache-2.0
// The series of one table, sorted into groups by their tags.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/rows_ahead.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/series_groups.h"
#include "query/influxql/execute/summary_request.h"
#include "query/influxql/execute/table_scan.h"

namespace varve::influxql {

/// Threads: one owner.
class TableGroups {
 public:
  TableGroups(BoundTableRef table, std::vector<Variable> wanted,
              const std::optional<Expression>& condition);

  /// Lists the series and sorts them into groups, of which SLIMIT and SOFFSET leave some.
  Result<void> find(const RunOptions& options, StatementContext& context);

  /// The groups, sorted. Call once, after find().
  std::vector<GroupKey> take_keys() { return groups_.take_keys(); }
  /// Gives every group its number in the whole SELECT; they rise. Without it the first is 0.
  void number(std::vector<size_t> numbers) { numbers_ = std::move(numbers); }
  bool has_group(size_t group) const { return find_group(group).has_value(); }
  /// The part of the options' range in which rows can be.
  TimeRange range() const { return range_; }
  bool has_fields() const { return scan_.has_fields(); }

  /// Every row of every group, or, when they are asked for, summaries of some.
  Result<void> for_each_run(StatementContext& context, const VisitRun& visit,
                            const GroupSummaryRequest* summaries);
  /// The rows of the group and of some of those that follow it in the answer, held until rows are
  /// asked for again; nothing when each is better asked for alone.
  Result<std::optional<RowsAhead::Held>> read_ahead(StatementContext& context, size_t group,
                                                    const BlockRequest& wanted);
  /// The rows of one group in order of time; false when the visitor had enough.
  Result<bool> for_each_block(StatementContext& context, size_t number,
                              const BlockRequest& wanted, const VisitBlock& visit);

 private:
  void limit_groups(const RunOptions& options);
  std::optional<size_t> find_group(size_t number) const;
  RowsAhead::Order order_ahead(const BlockRequest& wanted) const;
  size_t number_of(size_t group) const { return numbers_.empty() ? group : numbers_[group]; }
  TableScan::Request in_order_of_time(size_t group, TimeRange range, uint64_t rows_limit) const;
  Result<std::optional<Rows>> settled_rows(StatementContext& context, size_t group,
                                           const BlockRequest& wanted);
  Result<bool> visit_first_rows(StatementContext& context, size_t group, uint64_t enough,
                                const BlockRequest& wanted, const VisitBlock& visit);
  Result<bool> visit_in_order(StatementContext& context, size_t group,
                              const BlockRequest& wanted, const VisitBlock& visit);

  TableScan scan_;
  TimeRange range_;
  bool is_ascending_ = true;
  /// True when groups_ hold every series, so that a scan needs no list of them.
  bool is_complete_ = true;
  SeriesGroups groups_;
  std::optional<MemoryClaim> memory_;  // Of groups_ and their keys, wherever they are.
  std::vector<size_t> numbers_;  // By group; empty: as they are.
  std::optional<RowsAhead> ahead_;
};

}  // namespace varve::influxql
