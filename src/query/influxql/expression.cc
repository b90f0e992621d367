// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/expression.h"

#include <array>

namespace varve::influxql {

std::string_view to_string(Operator op) {
  constexpr std::array<std::string_view, 18> kWords = {
      "+",  "-",  "*", "/",  "%",  "&",  "|", "^",  "AND",
      "OR", "=", "!=", "=~", "!~", "<", "<=", ">", ">="};
  static_assert(static_cast<size_t>(Operator::kGreaterOrEqual) + 1 == kWords.size());
  return kWords[static_cast<size_t>(op)];
}

int precedence(Operator op) {
  switch (op) {
    case Operator::kOr: return 1;
    case Operator::kAnd: return 2;
    case Operator::kAdd:
    case Operator::kSubtract:
    case Operator::kBitOr:
    case Operator::kBitXor: return 4;
    case Operator::kMultiply:
    case Operator::kDivide:
    case Operator::kModulo:
    case Operator::kBitAnd: return 5;
    default: return 3;
  }
}

bool is_comparison(Operator op) { return op >= Operator::kEqual; }

bool is_logical(Operator op) { return op == Operator::kAnd || op == Operator::kOr; }

std::string_view to_string(DataType type) {
  switch (type) {
    case DataType::kUnknown: return "unknown";
    case DataType::kFloat: return "float";
    case DataType::kInteger: return "integer";
    case DataType::kUnsigned: return "unsigned";
    case DataType::kString: return "string";
    case DataType::kBoolean: return "boolean";
    case DataType::kTime: return "time";
    case DataType::kDuration: return "duration";
    case DataType::kTag: return "tag";
    case DataType::kAnyField: return "field";
  }
  return "unknown";
}

bool has_call(const Expression& expression) {
  bool found = false;
  walk(expression, [&](const Expression& part) { found = found || part.is<Call>(); });
  return found;
}

const Expression& strip_parens(const Expression& expression) {
  const Expression* inner = &expression;
  while (const auto* paren = inner->as<Paren>()) inner = &*paren->inner;
  return *inner;
}

std::string_view influx_type_name(const Expression& expression) {
  constexpr std::array<std::string_view, std::variant_size_v<Expression::Node>> kNames = {
      "*influxql.VarRef",          "*influxql.Wildcard",        "*influxql.Call",
      "*influxql.Distinct",        "*influxql.NumberLiteral",   "*influxql.IntegerLiteral",
      "*influxql.UnsignedLiteral", "*influxql.BooleanLiteral",  "*influxql.StringLiteral",
      "*influxql.DurationLiteral", "*influxql.RegexLiteral",    "*influxql.TimeLiteral",
      "*influxql.NilLiteral",      "*influxql.ParenExpr",       "*influxql.BinaryExpr"};
  return kNames[expression.node.index()];
}

namespace {

// What stands inside a call does not count.
void append_operand_names(const Expression& expression, std::string& joined, bool& is_first) {
  const auto append = [&](const std::string& name) {
    if (!is_first) joined += '_';
    is_first = false;
    joined += name;
  };
  if (const auto* variable = expression.as<Variable>()) {
    append(variable->name);
  } else if (const auto* call = expression.as<Call>()) {
    append(call->name);
  } else if (const auto* binary = expression.as<Binary>()) {
    append_operand_names(*binary->left, joined, is_first);
    append_operand_names(*binary->right, joined, is_first);
  } else if (const auto* paren = expression.as<Paren>()) {
    append_operand_names(*paren->inner, joined, is_first);
  }
}

}  // namespace

std::string column_name(const Expression& expression) {
  std::string joined;
  bool is_first = true;
  append_operand_names(expression, joined, is_first);
  return joined;
}

}  // namespace varve::influxql
