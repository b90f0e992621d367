// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/type_check.h"

#include <string>
#include <vector>

#include "query/influxql/ast_text.h"
#include "query/influxql/plan/fold.h"
#include "query/influxql/plan/math_function.h"

namespace varve::influxql {
namespace {

bool is_number(DataType type) {
  return type == DataType::kFloat || type == DataType::kInteger || type == DataType::kUnsigned;
}

bool is_text(DataType type) { return type == DataType::kString || type == DataType::kTag; }

// What an operator makes of two known types; kUnknown when it can make nothing.
DataType combine(Operator op, DataType left, DataType right) {
  switch (op) {
    case Operator::kEqual:
    case Operator::kNotEqual:
    case Operator::kLess:
    case Operator::kLessOrEqual:
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      return DataType::kBoolean;
    case Operator::kMatch:
    case Operator::kNotMatch:
      return is_text(left) ? DataType::kBoolean : DataType::kUnknown;
    case Operator::kAnd:
    case Operator::kOr:
      return left == DataType::kBoolean ? DataType::kBoolean : DataType::kUnknown;
    case Operator::kBitAnd:
    case Operator::kBitOr:
    case Operator::kBitXor:
      if (left == DataType::kBoolean) return DataType::kBoolean;
      if (left == DataType::kFloat || right == DataType::kFloat) return DataType::kUnknown;
      break;
    default:
      break;
  }
  if (!is_number(left) || !is_number(right)) return DataType::kUnknown;
  if (left == DataType::kFloat || right == DataType::kFloat) return DataType::kFloat;
  return left == DataType::kUnsigned || right == DataType::kUnsigned ? DataType::kUnsigned
                                                                     : DataType::kInteger;
}

class TypeChecker {
 public:
  explicit TypeChecker(const VariableType& variable_type) : variable_type_(variable_type) {}

  Result<DataType> check(const Expression& expression) const {
    if (const auto* variable = expression.as<Variable>()) return variable_type_(*variable);
    if (const auto* call = expression.as<Call>()) return check_call(*call);
    if (const auto* binary = expression.as<Binary>()) return check_binary(expression, *binary);
    if (const auto* paren = expression.as<Paren>()) return check(*paren->inner);
    if (expression.is<NumberLiteral>()) return DataType::kFloat;
    if (expression.is<IntegerLiteral>()) return DataType::kInteger;
    if (expression.is<UnsignedLiteral>()) return DataType::kUnsigned;
    if (expression.is<StringLiteral>()) return DataType::kString;
    if (expression.is<BooleanLiteral>()) return DataType::kBoolean;
    return DataType::kUnknown;
  }

 private:
  Result<DataType> check_call(const Call& call) const {
    std::vector<DataType> arguments;
    for (const Expression& argument : call.arguments) arguments.push_back(TRY(check(argument)));
    if (call.name == "count" || call.name == "elapsed") return DataType::kInteger;
    for (const std::string_view name :
         {"mean", "median", "integral", "stddev", "derivative", "non_negative_derivative",
          "moving_average", "exponential_moving_average", "double_exponential_moving_average",
          "triple_exponential_moving_average", "relative_strength_index",
          "triple_exponential_derivative", "kaufmans_efficiency_ratio",
          "kaufmans_adaptive_moving_average", "chande_momentum_oscillator", "holt_winters",
          "holt_winters_with_fit"}) {
      if (call.name == name) return DataType::kFloat;
    }
    const DataType first = arguments.empty() ? DataType::kUnknown : arguments.front();
    const auto function = find_math_function(call.name);
    if (first == DataType::kUnknown && function && !keeps_integers(*function)) {
      return DataType::kFloat;
    }
    return first;
  }

  Result<DataType> check_binary(const Expression& expression, const Binary& binary) const {
    const DataType left = TRY(check(*binary.left));
    const DataType right = TRY(check(*binary.right));
    const auto refuse = [&](const std::string& message) {
      return fail(ErrorCode::kInvalidInput,
                  "type error: " + to_string(expression) + ": " + message);
    };
    const auto mixes_signs = [&](DataType a, DataType b, const Expression& unsigned_side,
                                 const Expression& integer_side) -> std::string {
      if (a != DataType::kUnsigned || b != DataType::kInteger) return {};
      const std::string op(to_string(binary.op));
      if (is_literal(unsigned_side)) {
        return "cannot use " + op + " with an integer and unsigned literal";
      }
      if (is_literal(integer_side)) return {};
      return "cannot use " + op +
             " between an integer and unsigned, an explicit cast is required";
    };
    std::string mixture = mixes_signs(left, right, *binary.left, *binary.right);
    if (mixture.empty()) mixture = mixes_signs(right, left, *binary.right, *binary.left);
    if (!mixture.empty()) return refuse(mixture);
    if (left == DataType::kUnknown) return right;
    if (right == DataType::kUnknown) return left;
    const DataType type = combine(binary.op, left, right);
    if (type == DataType::kUnknown) {
      return refuse("incompatible types: " + std::string(to_string(left)) + " and " +
                    std::string(to_string(right)));
    }
    return type;
  }

  const VariableType& variable_type_;
};

}  // namespace

Result<DataType> type_of(const Expression& expression, const VariableType& variable_type) {
  return TypeChecker(variable_type).check(expression);
}

Result<DataType> type_of(const Expression& expression) {
  return type_of(expression, [](const Variable& variable) { return variable.type; });
}

}  // namespace varve::influxql
