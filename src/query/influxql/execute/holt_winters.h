// SPDX-License-Identifier: Apache-2.0
// holt_winters(): forecasts points from those there are, by damped and seasonal smoothing.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// `points` are those of windows of `interval_ns`, in order of time, without nulls.
/// holt_winters_with_fit() also gives the fitted values of the past.
/// Source: InfluxDB 1.8, query.FloatHoltWintersReducer.
Result<Points> apply_holt_winters(const FunctionCall& call, int64_t interval_ns,
                                  const Points& points);

}  // namespace varve::influxql
