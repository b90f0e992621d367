// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/row_expression.h"

#include <re2/re2.h>

#include <utility>

namespace varve::influxql {
namespace {

RowExpression make_literal(Value value) {
  RowExpression literal;
  literal.kind = RowExpression::Kind::kLiteral;
  literal.literal = std::move(value);
  return literal;
}

RowExpression make_input(const Expression& expression, const InputOf& input_of) {
  RowExpression input;
  if (const auto index = input_of(expression)) {
    input.kind = RowExpression::Kind::kInput;
    input.input = *index;
  }
  return input;
}

}  // namespace

RowExpression make_row_expression(const Expression& expression, const InputOf& input_of) {
  if (const auto* paren = expression.as<Paren>()) {
    return make_row_expression(*paren->inner, input_of);
  }
  if (const auto* number = expression.as<NumberLiteral>()) return make_literal(number->value);
  if (const auto* integer = expression.as<IntegerLiteral>()) return make_literal(integer->value);
  if (const auto* literal = expression.as<UnsignedLiteral>()) return make_literal(literal->value);
  if (const auto* boolean = expression.as<BooleanLiteral>()) return make_literal(boolean->value);
  if (const auto* text = expression.as<StringLiteral>()) return make_literal(text->value);
  if (const auto* regex = expression.as<RegexLiteral>()) {
    RowExpression pattern;
    pattern.kind = RowExpression::Kind::kRegex;
    pattern.regex = std::make_shared<const re2::RE2>(regex->pattern, re2::RE2::Quiet);
    return pattern;
  }
  if (expression.is<Variable>()) return make_input(expression, input_of);
  RowExpression node;
  if (const auto* binary = expression.as<Binary>()) {
    node.kind = RowExpression::Kind::kBinary;
    node.op = binary->op;
    node.children.push_back(make_row_expression(*binary->left, input_of));
    node.children.push_back(make_row_expression(*binary->right, input_of));
  } else if (const auto* call = expression.as<Call>()) {
    const auto function = find_math_function(call->name);
    if (!function) return make_input(expression, input_of);
    if (call->arguments.size() != argument_count(*function)) return node;
    node.kind = RowExpression::Kind::kMath;
    node.function = *function;
    for (const Expression& argument : call->arguments) {
      node.children.push_back(make_row_expression(argument, input_of));
    }
  }
  return node;
}

}  // namespace varve::influxql
