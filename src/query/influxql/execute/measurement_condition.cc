// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/measurement_condition.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>

#include "query/influxql/ast_text.h"

namespace varve::influxql {
namespace {

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

// As Go's %#v prints it.
std::string go_text(const Expression& expression) {
  const auto literal = [](const char* type, const std::string& value) {
    return "&influxql." + std::string(type) + "{Val:" + value + "}";
  };
  if (const auto* variable = expression.as<Variable>()) {
    return "&influxql.VarRef{Val:\"" + variable->name + "\", Type:0}";
  }
  if (const auto* text = expression.as<StringLiteral>()) {
    return literal("StringLiteral", '"' + text->value + '"');
  }
  const std::string text = to_string(expression);
  if (expression.as<BooleanLiteral>()) return literal("BooleanLiteral", text);
  if (expression.as<IntegerLiteral>()) return literal("IntegerLiteral", text);
  if (expression.as<NumberLiteral>()) return literal("NumberLiteral", text);
  return text;
}

Result<bool> compare(const Binary& binary, const std::string& name,
                     const std::vector<TagSet>& series) {
  const bool is_regex = binary.op == Operator::kMatch || binary.op == Operator::kNotMatch;
  const bool is_positive = binary.op == Operator::kEqual || binary.op == Operator::kMatch;
  if (!is_regex && binary.op != Operator::kEqual && binary.op != Operator::kNotEqual) {
    return refuse("invalid tag comparison operator");
  }
  const auto* tag = binary.left->as<Variable>();
  const std::string op(to_string(binary.op));
  if (tag == nullptr) return refuse("left side of '" + op + "' must be a tag key");
  std::function<bool(const std::string&)> matches;
  std::unique_ptr<re2::RE2> regex;
  if (is_regex) {
    const auto* literal = binary.right->as<RegexLiteral>();
    if (literal == nullptr) {
      return refuse("right side of '" + op + "' must be a regular expression");
    }
    regex = std::make_unique<re2::RE2>(literal->pattern, re2::RE2::Quiet);
    matches = [&](const std::string& text) { return re2::RE2::PartialMatch(text, *regex); };
  } else {
    const auto* literal = binary.right->as<StringLiteral>();
    if (literal == nullptr) return refuse("right side of '" + op + "' must be a tag value string");
    matches = [literal](const std::string& text) { return text == literal->value; };
  }
  if (tag->name == "_name") return matches(name) == is_positive;
  bool has_tag = false;
  bool has_match = false;
  for (const TagSet& tags : series) {
    const auto found = tags.find(tag->name);
    if (found == tags.end()) continue;
    has_tag = true;
    has_match = has_match || matches(found->second);
  }
  return has_tag && has_match == is_positive;
}

}  // namespace

Result<bool> holds_for_measurement(const Expression& condition, const std::string& name,
                                   const std::vector<TagSet>& series) {
  if (const auto* paren = condition.as<Paren>()) {
    return holds_for_measurement(*paren->inner, name, series);
  }
  const auto* binary = condition.as<Binary>();
  if (binary == nullptr) return refuse("invalid measurement expression " + go_text(condition));
  if (!is_logical(binary->op)) return compare(*binary, name, series);
  const bool left = TRY(holds_for_measurement(*binary->left, name, series));
  const bool right = TRY(holds_for_measurement(*binary->right, name, series));
  return binary->op == Operator::kAnd ? left && right : left || right;
}

Result<void> check_tag_operators(const std::optional<Expression>& condition) {
  bool is_fine = true;
  if (condition) {
    walk(*condition, [&](const Expression& part) {
      const auto* binary = part.as<Binary>();
      if (binary == nullptr) return;
      switch (binary->op) {
        case Operator::kEqual:
        case Operator::kNotEqual:
        case Operator::kMatch:
        case Operator::kNotMatch:
        case Operator::kAnd:
        case Operator::kOr:
          return;
        default:
          is_fine = false;
      }
    });
  }
  if (!is_fine) return refuse("invalid tag comparison operator");
  return {};
}

}  // namespace varve::influxql
