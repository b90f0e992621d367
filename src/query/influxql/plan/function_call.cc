// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/function_call.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "query/influxql/plan/type_check.h"

namespace varve::influxql {
namespace {

constexpr std::array<std::pair<std::string_view, Function>, 34> kNames = {{
    {"count", Function::kCount},
    {"sum", Function::kSum},
    {"mean", Function::kMean},
    {"min", Function::kMin},
    {"max", Function::kMax},
    {"first", Function::kFirst},
    {"last", Function::kLast},
    {"spread", Function::kSpread},
    {"median", Function::kMedian},
    {"mode", Function::kMode},
    {"stddev", Function::kStddev},
    {"percentile", Function::kPercentile},
    {"distinct", Function::kDistinct},
    {"sample", Function::kSample},
    {"top", Function::kTop},
    {"bottom", Function::kBottom},
    {"integral", Function::kIntegral},
    {"derivative", Function::kDerivative},
    {"non_negative_derivative", Function::kNonNegativeDerivative},
    {"difference", Function::kDifference},
    {"non_negative_difference", Function::kNonNegativeDifference},
    {"moving_average", Function::kMovingAverage},
    {"cumulative_sum", Function::kCumulativeSum},
    {"elapsed", Function::kElapsed},
    {"exponential_moving_average", Function::kExponentialMovingAverage},
    {"double_exponential_moving_average", Function::kDoubleExponentialMovingAverage},
    {"triple_exponential_moving_average", Function::kTripleExponentialMovingAverage},
    {"triple_exponential_derivative", Function::kTripleExponentialDerivative},
    {"relative_strength_index", Function::kRelativeStrengthIndex},
    {"chande_momentum_oscillator", Function::kChandeMomentumOscillator},
    {"kaufmans_efficiency_ratio", Function::kKaufmansEfficiencyRatio},
    {"kaufmans_adaptive_moving_average", Function::kKaufmansAdaptiveMovingAverage},
    {"holt_winters", Function::kHoltWinters},
    {"holt_winters_with_fit", Function::kHoltWintersWithFit},
}};

}  // namespace

std::optional<Function> find_function(std::string_view name) {
  for (const auto& [known, function] : kNames) {
    if (known == name) return function;
  }
  return std::nullopt;
}

int64_t FunctionCall::integer(size_t parameter, int64_t otherwise) const {
  if (parameter >= parameters.size()) return otherwise;
  if (const auto* integer = parameters[parameter].as<IntegerLiteral>()) return integer->value;
  if (const auto* duration = parameters[parameter].as<DurationLiteral>()) {
    return duration->nanoseconds;
  }
  return otherwise;
}

double FunctionCall::number(size_t parameter) const {
  if (parameter >= parameters.size()) return 0;
  if (const auto* number = parameters[parameter].as<NumberLiteral>()) return number->value;
  return static_cast<double>(integer(parameter, 0));
}

FunctionCall make_function_call(const Call& call) {
  FunctionCall made;
  const auto function = find_function(call.name);
  CHECK(function.has_value() && !call.arguments.empty());
  made.function = *function;
  made.name = call.name;
  const Expression& first = call.arguments.front();
  if (const auto* inner = first.as<Call>()) {
    made.inner = Box<FunctionCall>(make_function_call(*inner));
  } else if (const auto* variable = first.as<Variable>()) {
    made.argument = *variable;
  }
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    if (const auto* tag = call.arguments[i].as<Variable>()) {
      made.tags.push_back(*tag);
    } else {
      made.parameters.push_back(call.arguments[i]);
    }
  }
  const auto type = type_of(Expression{call});
  made.type = type ? *type : DataType::kUnknown;
  return made;
}

bool is_selector(Function function) {
  switch (function) {
    case Function::kFirst:
    case Function::kLast:
    case Function::kMin:
    case Function::kMax:
    case Function::kPercentile:
    case Function::kSample:
    case Function::kTop:
    case Function::kBottom:
      return true;
    default:
      return false;
  }
}

bool is_transform(Function function) {
  return function >= Function::kDerivative && function <= Function::kKaufmansAdaptiveMovingAverage;
}

}  // namespace varve::influxql
