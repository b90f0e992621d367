// SPDX-License-Identifier: Apache-2.0
// Checks a SELECT as far as its text alone allows: which functions there are, what may stand beside
// what, which arguments fit. What fails here is an error of the statement, not of the query's text.
// Source of rules and words: InfluxDB 1.12, query.Compile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/plan/condition.h"
#include "query/influxql/plan/window.h"

namespace varve::influxql {

/// A checked SELECT.
struct CompiledSelect {
  /// As written, but: fields folded, `time` taken out of them, DISTINCT x turned into distinct(x),
  /// the condition (also of subqueries) free of now().
  SelectStatement select;
  std::string time_column = "time";  ///< The alias of `time`, if it was selected.
  /// Of the outermost SELECT: without an upper bound, GROUP BY time(…) ends now.
  int64_t first_ns = kInfluxTimeMin;
  int64_t last_ns = kInfluxTimeMax;
  Interval interval;
  /// Windows before the range (after it, when descending) that functions like derivative() read.
  int64_t extra_windows = 0;
};

Result<CompiledSelect> compile(const SelectStatement& select, int64_t now_ns);

/// The interval and offset of GROUP BY time(…); zero without one. Requires a compiled SELECT.
Interval group_by_window(const SelectStatement& select);

}  // namespace varve::influxql
