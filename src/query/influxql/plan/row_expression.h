// SPDX-License-Identifier: Apache-2.0
// An expression ready to be computed over columns: names have become numbers of input columns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/value.h"
#include "query/influxql/expression.h"
#include "query/influxql/plan/math_function.h"

namespace re2 {
class RE2;
}

namespace varve::influxql {

struct RowExpression {
  enum class Kind : uint8_t { kNil, kLiteral, kRegex, kInput, kBinary, kMath };
  Kind kind = Kind::kNil;
  Value literal;
  std::shared_ptr<const re2::RE2> regex;
  size_t input = 0;
  Operator op = Operator::kAdd;
  MathFunction function = MathFunction::kAbs;
  std::vector<RowExpression> children;
};

/// The input column of a variable or a function call; nothing: it has no value in any row.
using InputOf = std::function<std::optional<size_t>(const Expression&)>;

/// `input_of` is asked for variables and for calls of functions that are not of numbers.
RowExpression make_row_expression(const Expression& expression, const InputOf& input_of);

}  // namespace varve::influxql
