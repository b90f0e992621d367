// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/series_condition.h"

#include <re2/re2.h>

#include <utility>

#include "query/influxql/ast_text.h"

namespace varve::influxql {
namespace {

constexpr std::string_view kNameOfMeasurement = "_name";

class Decider {
 public:
  Decider(const BoundTable& table, bool undecided_is) : table_(table), assumed_(undecided_is) {}

  Predicate decide(const Expression& expression) {
    if (const auto* paren = expression.as<Paren>()) return decide(*paren->inner);
    if (const auto* boolean = expression.as<BooleanLiteral>()) {
      return Predicate::always(boolean->value);
    }
    const auto* binary = expression.as<Binary>();
    if (binary == nullptr) return leave(expression);
    if (is_logical(binary->op)) {
      Predicate left = decide(*binary->left);
      std::vector<Predicate> parts = {std::move(left), decide(*binary->right)};
      return binary->op == Operator::kAnd ? Predicate::all_of(std::move(parts))
                                          : Predicate::any_of(std::move(parts));
    }
    const auto* name = binary->left->as<Variable>();
    const Expression* value = &*binary->right;
    if (name == nullptr) {
      name = binary->right->as<Variable>();
      value = &*binary->left;
    }
    if (name == nullptr || is_field(*name)) return leave(expression);
    if (const auto* text = value->as<StringLiteral>()) {
      return compare(name->name, text->value, binary->op == Operator::kEqual);
    }
    if (const auto* regex = value->as<RegexLiteral>()) {
      return match(name->name, regex->pattern, binary->op == Operator::kMatch);
    }
    if (const auto* other = value->as<Variable>(); other != nullptr && !is_field(*other)) {
      return Predicate::all_of({has(name->name), binary->op == Operator::kEqual
                                                     ? has(other->name)
                                                     : compare(other->name, "", true)});
    }
    return leave(expression);
  }

  std::optional<Expression> take_undecided() { return std::move(undecided_); }

 private:
  bool is_field(const Variable& variable) const {
    if (variable.name == kNameOfMeasurement || variable.type == DataType::kTag) return false;
    return variable.type != DataType::kUnknown || table_.fields.contains(variable.name);
  }

  Predicate leave(const Expression& expression) {
    if (!undecided_) undecided_ = expression;
    return Predicate::always(assumed_);
  }

  Predicate has(const std::string& name) const { return compare(name, "", false); }

  Predicate compare(const std::string& name, const std::string& text, bool wants_equal) const {
    if (name == kNameOfMeasurement) return Predicate::always((text == table_.name) == wants_equal);
    const Column* column = table_.table->tag(name);
    if (column == nullptr) return Predicate::always(text.empty() == wants_equal);
    return Predicate::compare_tag(
        column->id, wants_equal ? CompareOp::kEqual : CompareOp::kNotEqual, text);
  }

  Predicate match(const std::string& name, const std::string& pattern, bool wants_match) const {
    const Column* column = table_.table->tag(name);
    if (column != nullptr) return Predicate::match_tag(column->id, pattern, !wants_match);
    const std::string text = name == kNameOfMeasurement ? table_.name : "";
    return Predicate::always(re2::RE2::PartialMatch(text, re2::RE2(pattern, re2::RE2::Quiet)) ==
                             wants_match);
  }

  const BoundTable& table_;
  const bool assumed_;
  std::optional<Expression> undecided_;
};

}  // namespace

SeriesCondition series_condition(const std::optional<Expression>& condition,
                                 const BoundTable& table) {
  SeriesCondition decided;
  if (!condition) return decided;
  Decider strict(table, false);
  decided.certain = strict.decide(*condition);
  decided.undecided = strict.take_undecided();
  decided.possible = decided.undecided ? Decider(table, true).decide(*condition) : decided.certain;
  return decided;
}

Result<void> check_quoted_values(const Expression& condition) {
  const Expression& inner = strip_parens(condition);
  const auto* binary = inner.as<Binary>();
  if (binary == nullptr) return {};
  if (is_logical(binary->op)) {
    TRY_VOID(check_quoted_values(*binary->left));
    return check_quoted_values(*binary->right);
  }
  const bool is_equality = binary->op == Operator::kEqual || binary->op == Operator::kNotEqual;
  const bool are_names = binary->left->as<Variable>() != nullptr &&
                         binary->right->as<Variable>() != nullptr;
  if (!is_equality || !are_names) return {};
  return fail(ErrorCode::kInvalidInput,
              "bad WHERE clause for metaquery; one term must be a string literal tag value within "
              "single quotes: " + to_string(inner));
}

}  // namespace varve::influxql
