// SPDX-License-Identifier: Apache-2.0
// Functions from point to point: derivative, difference, moving_average, cumulative_sum, elapsed;
// and integral, the area under the points of a window.
#pragma once

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// True for the functions above.
bool is_point_function(Function function);

/// `points` hold numbers (of any type for elapsed), in the order of the options, and no nulls.
Points apply_point_function(const FunctionCall& call, const RunOptions& options,
                            const Points& points);

}  // namespace varve::influxql
