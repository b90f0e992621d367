// SPDX-License-Identifier: Apache-2.0
// A call of an aggregate, selector or transformation, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/influxql/box.h"
#include "query/influxql/expression.h"

namespace varve::influxql {

enum class Function : uint8_t {
  // Aggregates of windows.
  kCount, kSum, kMean, kMin, kMax, kFirst, kLast, kSpread, kMedian, kMode, kStddev,  // NOLINT
  kPercentile, kDistinct, kSample, kTop, kBottom, kIntegral,
  // From point to point.
  kDerivative, kNonNegativeDerivative, kDifference, kNonNegativeDifference, kMovingAverage,
  kCumulativeSum, kElapsed, kExponentialMovingAverage, kDoubleExponentialMovingAverage,
  kTripleExponentialMovingAverage, kTripleExponentialDerivative, kRelativeStrengthIndex,
  kChandeMomentumOscillator, kKaufmansEfficiencyRatio, kKaufmansAdaptiveMovingAverage,
  // Beyond the points there are.
  kHoltWinters, kHoltWintersWithFit,
};

/// By its name in lower case.
std::optional<Function> find_function(std::string_view name);

struct FunctionCall {
  Function function = Function::kCount;
  std::string name;
  /// What it works on: the result of another call, or else a variable with its type.
  std::optional<Box<FunctionCall>> inner;
  Variable argument;
  std::vector<Variable> tags;           ///< Of top() and bottom().
  std::vector<Expression> parameters;   ///< The literals after the argument (and the tags).
  DataType type = DataType::kUnknown;   ///< Of its values; kUnknown: it has none.

  /// The parameter as a number; `otherwise` when it is not given or no number.
  int64_t integer(size_t parameter, int64_t otherwise) const;
  double number(size_t parameter) const;
};

/// Requires a checked call of a known function whose variables have types.
FunctionCall make_function_call(const Call& call);

/// True for functions that choose one of the points they see.
/// Source: InfluxDB 1.8, influxql.IsSelector.
bool is_selector(Function function);

/// True for functions from point to point.
bool is_transform(Function function);

}  // namespace varve::influxql
