// SPDX-License-Identifier: Apache-2.0
// What a SELECT is to do: found sources, typed names, no wildcards any more.
//
//   sources            symbols                       outputs
//   tables ─┐          calls: max(v), mean(w)  ──▶   expressions over the symbols, one a column
//           ├─▶ groups refs:  host, v
//   subplan ┘
//
// A subquery is a plan of its own whose outputs the outer plan reads like columns of a table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/influxql/plan/bound_table.h"
#include "query/influxql/plan/compile.h"
#include "query/influxql/plan/function_call.h"
#include "query/influxql/plan/row_expression.h"

namespace varve::influxql {

struct SelectPlan;

/// A subquery, or else a table.
struct SourcePlan {
  BoundTableRef table;
  std::unique_ptr<SelectPlan> subquery;
};

struct OutputColumn {
  std::string name;        ///< In the answer; unique unless aliases repeat.
  std::string inner_name;  ///< By which an outer SELECT finds it.
  RowExpression value;     ///< Inputs: the calls, then the refs.
  DataType type = DataType::kUnknown;
  /// Of SELECT top(v, host, 2) INTO …: each point written has it as a tag, under `inner_name`.
  bool is_point_tag = false;
};

struct SelectPlan {
  std::vector<SourcePlan> sources;
  std::vector<std::string> dimensions;  ///< Tags of GROUP BY, each once, sorted.
  Interval interval;
  const TimeZone* zone = nullptr;
  /// Of this SELECT alone. The outermost one has both ends; an inner one inherits what is open.
  TimeBounds time;
  std::optional<Expression> condition;  ///< On anything but time.
  bool is_ascending = true;
  Fill fill;
  int64_t limit = 0;
  int64_t offset = 0;
  int64_t series_limit = 0;
  int64_t series_offset = 0;

  std::string time_column = "time";
  std::vector<FunctionCall> calls;
  std::vector<Variable> refs;  ///< Fields and tags outside of calls, typed, sorted by name.
  std::vector<OutputColumn> outputs;
  /// Its one call is a selector: then rows keep the time of the point chosen.
  bool is_selector = false;

  /// True when no row can come out: nothing in it has a value.
  bool is_empty() const;
};

/// Finds tables, fields and tags of a checked SELECT whose measurements are qualified.
Result<SelectPlan> plan_select(const CompiledSelect& compiled, const Names& names, Store& store);

}  // namespace varve::influxql
