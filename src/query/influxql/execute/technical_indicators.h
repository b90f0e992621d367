// SPDX-License-Identifier: Apache-2.0
// The functions of technical analysis: exponential moving averages, RSI, Kaufman's and Chande's.
#pragma once

#include "query/influxql/execute/points.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// True for exponential_moving_average … kaufmans_adaptive_moving_average.
bool is_technical(Function function);

/// `points` hold numbers, no nulls. The first points make no result until the hold period is over.
/// Source: InfluxDB 1.8, query/internal/gota.
Points apply_technical(const FunctionCall& call, const Points& points);

}  // namespace varve::influxql
