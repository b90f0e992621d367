// SPDX-License-Identifier: Apache-2.0
// Constant folding: `5 / 2 * f` becomes `2.5 * f`, `now() - 1h` a moment.
#pragma once

#include <cstdint>
#include <optional>

#include "model/query_result.h"
#include "query/influxql/expression.h"

namespace varve::influxql {

/// What may be put in while folding.
struct FoldContext {
  std::optional<int64_t> now_ns;    ///< The value of now(); without it now() stays a call.
  const TimeZone* zone = nullptr;   ///< How times without a zone are read; null: UTC.
  bool folds_math = false;          ///< sin(1), pow(2, 3) … become numbers.
};

/// The folded copy, without parentheses around it. Integers wrap, 5 / 2 is 2.5, x / 0 is 0.
/// Source: InfluxDB 1.8, influxql.Reduce.
Expression fold(const Expression& expression, const FoldContext& context);

/// True for numbers, strings, booleans, durations, moments, regular expressions and nil.
bool is_literal(const Expression& expression);

}  // namespace varve::influxql
