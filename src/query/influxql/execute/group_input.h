// SPDX-License-Identifier: Apache-2.0
// The sources of one SELECT as groups of rows: tables and subqueries look the same from here.
//
//   table cpu ──series──▶ group (cpu, host=a)      subquery ──its groups──▶ group (cpu, host=a)
//                         group (cpu, host=b)
// Rows can be had in two ways: as runs of one series, in any order of runs (for what merges), or
// group by group in order of time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/time_range.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/execute/subquery_rows.h"
#include "query/influxql/execute/table_groups.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// Threads: one owner.
class GroupInput {
 public:
  /// Finds the groups and runs the subqueries. `wanted` are typed. The plan and the context
  /// outlive the input.
  static Result<std::unique_ptr<GroupInput>> open(const SelectPlan& plan,
                                                  const RunOptions& options,
                                                  const std::vector<Variable>& wanted,
                                                  StatementContext& context);

  /// Sorted; a group may turn out to have no rows.
  const std::vector<GroupKey>& groups() const { return groups_; }
  /// The number of a group, if there is such a one.
  std::optional<size_t> find(const GroupKey& key) const;
  /// Holds the times of all rows; may be empty.
  TimeRange extent() const { return extent_; }
  /// True when some source can give values for a wanted variable.
  bool has(size_t wanted) const { return has_[wanted]; }

  /// Every row of every group; times rise within a run. With `summaries`, not null, these may come
  /// instead of rows.
  Result<void> for_each_run(const VisitRun& visit, const GroupSummaryRequest* summaries);
  /// See TableGroups::read_ahead(); nothing when there is more than one source, too.
  Result<std::optional<RowsAhead::Held>> read_ahead(size_t group, const BlockRequest& wanted);
  /// The rows of one group in order of time, rising or falling as the options say.
  Result<void> for_each_block(size_t group, const BlockRequest& wanted, const VisitBlock& visit);

 private:
  GroupInput(RunOptions options, StatementContext& context)
      : options_(std::move(options)), context_(context), memory_(context.budget) {}
  Result<void> add_sources(const SelectPlan& plan, const std::vector<Variable>& wanted);
  Result<void> number_groups();
  Result<Rows> gather(size_t group, const BlockRequest& wanted);

  RunOptions options_;
  StatementContext& context_;
  MemoryClaim memory_;
  std::vector<GroupKey> groups_;
  mutable size_t found_last_ = 0;  // By find().
  std::vector<bool> has_;
  TimeRange extent_{.begin_ns = INT64_MAX, .end_ns = INT64_MIN};
  std::vector<std::unique_ptr<TableGroups>> tables_;
  std::vector<std::unique_ptr<SubqueryRows>> subqueries_;
  std::map<size_t, std::vector<const Rows*>> rows_of_;  // Of subqueries, by group.
};

}  // namespace varve::influxql
