// SPDX-License-Identifier: Apache-2.0
// A WHERE that is asked of series instead of rows, as SHOW does.
// Source: InfluxDB 1.13, tsdb/index.go, seriesByExprIterator.
//
// A comparison of a tag with a text or a regular expression is decided by the series; one of two
// tags asks only whether the series has them. With a text any operator but = means !=. What says
// something about fields, or compares with anything else, cannot be decided.
#pragma once

#include <optional>

#include "base/result.h"
#include "model/predicate.h"
#include "query/influxql/expression.h"
#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

/// Predicates on tags alone.
struct SeriesCondition {
  Predicate certain;   ///< Where what cannot be decided is taken as false.
  Predicate possible;  ///< Where it is taken as true.
  /// The first comparison that cannot be decided; nothing: both predicates are the same.
  std::optional<Expression> undecided;
};

/// The condition is folded.
SeriesCondition series_condition(const std::optional<Expression>& condition,
                                 const BoundTable& table);

/// Fails where two names are compared: one should have been a text in single quotes.
Result<void> check_quoted_values(const Expression& condition);

}  // namespace varve::influxql
