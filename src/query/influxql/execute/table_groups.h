// SPDX-License-Identifier: Apache-2.0
// The series of one table, sorted into groups by their tags.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/table_scan.h"

namespace varve::influxql {

/// Threads: one owner.
class TableGroups {
 public:
  TableGroups(BoundTableRef table, std::vector<Variable> wanted,
              const std::optional<Expression>& condition);

  /// Lists the series and sorts them into groups, of which SLIMIT and SOFFSET leave some.
  Result<void> find(const RunOptions& options, StatementContext& context);

  /// The groups, sorted.
  std::vector<GroupKey> keys() const;
  /// Gives every group its number in the whole SELECT. Call once, after find().
  void number(const std::function<size_t(const GroupKey&)>& number_of);
  bool has_group(size_t group) const { return series_of_.contains(group); }
  /// The part of the options' range in which rows can be.
  TimeRange range() const { return range_; }
  bool has_fields() const { return scan_.has_fields(); }

  /// Every row of every group.
  Result<void> for_each_run(StatementContext& context, const VisitRun& visit);
  /// The rows of one group in order of time; false when the visitor had enough.
  Result<bool> for_each_block(StatementContext& context, size_t group,
                              const BlockRequest& wanted, const VisitBlock& visit);

 private:
  void limit_groups(const RunOptions& options);
  TableScan::Request in_order_of_time(const std::vector<KeyHash>& series, TimeRange range,
                                      uint64_t rows_limit) const;
  Result<bool> visit_first_rows(StatementContext& context, const std::vector<KeyHash>& series,
                                uint64_t enough, const BlockRequest& wanted,
                                const VisitBlock& visit);

  TableScan scan_;
  TimeRange range_;
  bool is_ascending_ = true;
  /// True when groups_ hold every series, so that a scan needs no list of them.
  bool is_complete_ = true;
  std::map<GroupKey, std::vector<KeyHash>> groups_;
  std::map<size_t, std::vector<KeyHash>> series_of_;
  std::unordered_map<KeyHash, size_t> group_of_;
};

}  // namespace varve::influxql
