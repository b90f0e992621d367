// SPDX-License-Identifier: Apache-2.0
// WHERE taken apart: bounds of time here, everything else there.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "query/influxql/expression.h"
#include "query/influxql/plan/fold.h"

namespace varve::influxql {

/// InfluxDB's ends of time; the first is never the time of a row. Source: InfluxDB 1.8,
/// influxql.MinTime, MaxTime.
inline constexpr int64_t kInfluxTimeMin = INT64_MIN + 2;
inline constexpr int64_t kInfluxTimeMax = INT64_MAX - 1;

/// Both ends included; a missing one is open.
struct TimeBounds {
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;

  TimeBounds intersect(const TimeBounds& other) const;
  friend bool operator==(const TimeBounds&, const TimeBounds&) = default;
};

struct SplitCondition {
  /// Nothing: every row. Folded.
  std::optional<Expression> condition;
  TimeBounds time;
};

/// Comparisons with `time` are taken out wherever they stand and all hold together, whether AND
/// or OR joins them. Errors are InfluxDB's: `invalid time comparison operator: !=` …
/// Source: InfluxDB 1.8, influxql.ConditionExpr.
Result<SplitCondition> split_condition(const std::optional<Expression>& condition,
                                       const FoldContext& context);

/// True when `time` occurs in a comparison.
bool mentions_time(const std::optional<Expression>& condition);

}  // namespace varve::influxql
