// SPDX-License-Identifier: Apache-2.0
// Puts points into windows that have none.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

/// `points` of one group and one call, at most one a window, in the order of the options, which
/// have an interval. Windows run over the range; without a begin, from the first point.
/// A count is filled with 0 where others are filled with null.
/// `points_max`: no more than so many points are wanted (0: all).
/// Source: InfluxDB 1.8, query.floatFillIterator.
Result<Points> fill_windows(Points points, const RunOptions& options, bool is_count,
                            uint64_t points_max, StatementContext& context);

}  // namespace varve::influxql
