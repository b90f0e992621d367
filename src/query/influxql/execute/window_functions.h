// SPDX-License-Identifier: Apache-2.0
// Aggregates that need every point of a window at once: median, mode, percentile, top …
#pragma once

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// True for median, mode, stddev, percentile, distinct, sample, top, bottom, and count of the
/// result of another call.
bool is_window_function(const FunctionCall& call);

/// Makes the points of each window into those of the result. `points` are in the order of the
/// options and hold values only (see without_nulls).
/// `keeps_times`: a chosen point keeps its own time; else it carries its window's. Errors: as of
/// StatementContext::check() and MemoryClaim::set().
Result<Points> apply_window_function(const FunctionCall& call, const RunOptions& options,
                                     const Points& points, bool keeps_times,
                                     StatementContext& context);

/// The points that say something.
Points without_nulls(Points points);

}  // namespace varve::influxql
