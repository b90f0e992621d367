// SPDX-License-Identifier: Apache-2.0
// The type of an expression whose variables have theirs.
#pragma once

#include <functional>

#include "base/result.h"
#include "query/influxql/expression.h"

namespace varve::influxql {

/// Says the type of a variable.
using VariableType = std::function<DataType(const Variable&)>;

/// kUnknown where nothing is known (then it is nobody's error). Errors are InfluxDB's, for example
/// `type error: f::float & 1: incompatible types: float and integer`.
/// As in InfluxDB, i / 2 of integers is called an integer though its value is a float.
/// Source: InfluxDB 1.8, influxql.TypeValuerEval.
Result<DataType> type_of(const Expression& expression, const VariableType& variable_type);

/// The same for variables that carry their types.
Result<DataType> type_of(const Expression& expression);

}  // namespace varve::influxql
