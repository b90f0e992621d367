// SPDX-License-Identifier: Apache-2.0
// The answer of a subquery, kept as rows that the outer SELECT reads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// Threads: one owner.
class SubqueryRows {
 public:
  /// What the outer SELECT wants.
  struct Wanted {
    const std::vector<Variable>& variables;
    const std::optional<Expression>& condition;
    /// Source: InfluxDB 1.13: rows that are shown as they are have null there, functions take the
    /// least integer.
    NanCast nan_cast = NanCast::kAsGo;
  };
  /// Runs the subquery of a SELECT that runs with `outer`, keeps the rows for which that SELECT's
  /// condition holds, and of those the wanted variables, cast to their types.
  /// A name is looked for among the subquery's columns, then among the tags it groups by.
  static Result<SubqueryRows> run(const SelectPlan& subquery, const RunOptions& outer,
                                  const Wanted& wanted, StatementContext& context);

  /// Rows of one group of the subquery, under the key of the outer group they belong to; in rising
  /// order of the groups.
  struct Entry {
    GroupKey key;
    size_t group = 0;
    Rows rows;
  };
  std::vector<Entry>& entries() { return entries_; }
  bool has(size_t wanted) const { return has_[wanted]; }
  /// True when rows of different groups are not to be put in order of time: those of a selector
  /// over yet another subquery. Source: InfluxDB 1.8, query.exprIteratorBuilder.callIterator.
  bool keeps_group_order() const { return keeps_group_order_; }
  /// True when rows of one time come in the order of a merge (merge_order.h): those of a SELECT
  /// without functions. Others come in the order of their groups, also when descending.
  bool is_merged() const { return is_merged_; }
  size_t size_bytes() const;

 private:
  std::vector<Entry> entries_;
  std::vector<bool> has_;
  bool keeps_group_order_ = false;
  bool is_merged_ = false;
};

}  // namespace varve::influxql
