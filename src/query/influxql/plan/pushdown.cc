// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/pushdown.h"

#include <re2/re2.h>

#include <string>
#include <utility>

namespace varve::influxql {
namespace {

bool is_number(DataType type) {
  return type == DataType::kFloat || type == DataType::kInteger || type == DataType::kUnsigned;
}

std::optional<CompareOp> compare_op(Operator op) {
  switch (op) {
    case Operator::kEqual: return CompareOp::kEqual;
    case Operator::kNotEqual: return CompareOp::kNotEqual;
    case Operator::kLess: return CompareOp::kLess;
    case Operator::kLessOrEqual: return CompareOp::kLessEqual;
    case Operator::kGreater: return CompareOp::kGreater;
    case Operator::kGreaterOrEqual: return CompareOp::kGreaterEqual;
    default: return std::nullopt;
  }
}

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::kLess: return CompareOp::kGreater;
    case CompareOp::kLessEqual: return CompareOp::kGreaterEqual;
    case CompareOp::kGreater: return CompareOp::kLess;
    case CompareOp::kGreaterEqual: return CompareOp::kLessEqual;
    default: return op;
  }
}

std::optional<Value> literal_value(const Expression& expression) {
  if (const auto* number = expression.as<NumberLiteral>()) return number->value;
  if (const auto* integer = expression.as<IntegerLiteral>()) return integer->value;
  if (const auto* literal = expression.as<UnsignedLiteral>()) return literal->value;
  if (const auto* boolean = expression.as<BooleanLiteral>()) return boolean->value;
  if (const auto* text = expression.as<StringLiteral>()) return text->value;
  return std::nullopt;
}

class Pusher {
 public:
  explicit Pusher(const BoundTable& table) : table_(table) {}

  /// Nothing when the store cannot decide it.
  std::optional<Predicate> convert(const Expression& expression) const {
    if (const auto* paren = expression.as<Paren>()) return convert(*paren->inner);
    if (const auto* boolean = expression.as<BooleanLiteral>()) {
      return Predicate::always(boolean->value);
    }
    const auto* binary = expression.as<Binary>();
    if (binary == nullptr) return std::nullopt;
    if (is_logical(binary->op)) {
      auto left = convert(*binary->left);
      auto right = left ? convert(*binary->right) : std::nullopt;
      if (!left || !right) return std::nullopt;
      std::vector<Predicate> parts = {std::move(*left), std::move(*right)};
      return binary->op == Operator::kAnd ? Predicate::all_of(std::move(parts))
                                          : Predicate::any_of(std::move(parts));
    }
    if (compares_unknown(*binary)) return Predicate::always(false);
    if (const auto* variable = binary->left->as<Variable>()) {
      return convert_comparison(*variable, binary->op, *binary->right, false);
    }
    if (const auto* variable = binary->right->as<Variable>()) {
      return convert_comparison(*variable, binary->op, *binary->left, true);
    }
    return std::nullopt;
  }

  /// What must hold of the tags alone; what they do not decide counts as true.
  Predicate convert_tags(const Expression& expression) const {
    if (const auto* paren = expression.as<Paren>()) return convert_tags(*paren->inner);
    const auto* binary = expression.as<Binary>();
    if (binary != nullptr && is_logical(binary->op)) {
      std::vector<Predicate> parts = {convert_tags(*binary->left), convert_tags(*binary->right)};
      return binary->op == Operator::kAnd ? Predicate::all_of(std::move(parts))
                                          : Predicate::any_of(std::move(parts));
    }
    auto decided = convert(expression);
    return decided && decided->is_on_tags_only() ? std::move(*decided) : Predicate::always(true);
  }

 private:
  // A name that is neither tag nor field has no value, and that equals nothing and differs from
  // nothing: not from a field, nor from another such name.
  bool compares_unknown(const Binary& binary) const {
    const auto* left = binary.left->as<Variable>();
    const auto* right = binary.right->as<Variable>();
    if (left == nullptr || right == nullptr) return false;
    const auto is_tag = [&](const Variable& name) {
      return name.name == "_name" || name.type == DataType::kTag || table_.table->tag(name.name);
    };
    const auto is_unknown = [&](const Variable& name) {
      return name.type == DataType::kUnknown && !is_tag(name) && !table_.fields.contains(name.name);
    };
    return (is_unknown(*left) && !is_tag(*right)) || (is_unknown(*right) && !is_tag(*left));
  }

  std::optional<Predicate> convert_comparison(const Variable& variable, Operator op,
                                              const Expression& operand, bool is_swapped) const {
    const bool is_tag =
        variable.type == DataType::kTag ||
        (variable.type == DataType::kUnknown && !table_.fields.contains(variable.name));
    if (const auto* regex = operand.as<RegexLiteral>()) {
      if (op != Operator::kMatch && op != Operator::kNotMatch) return Predicate::always(false);
      return is_tag ? match_tag(variable, regex->pattern, op == Operator::kNotMatch)
                    : match_field(variable, regex->pattern, op == Operator::kNotMatch);
    }
    const auto value = literal_value(operand);
    const auto compare = compare_op(op);
    if (!value || !compare) return std::nullopt;
    if (is_tag) return compare_tag(variable, *compare, *value);
    return compare_field(variable, is_swapped ? mirrored(*compare) : *compare, *value);
  }

  std::optional<Predicate> compare_tag(const Variable& variable, CompareOp op,
                                       const Value& value) const {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || (op != CompareOp::kEqual && op != CompareOp::kNotEqual)) {
      return Predicate::always(false);
    }
    const bool wants_equal = op == CompareOp::kEqual;
    if (variable.name == "_name") return Predicate::always((*text == table_.name) == wants_equal);
    const Column* column = table_.table->tag(variable.name);
    if (column == nullptr) return Predicate::always(text->empty() == wants_equal);
    return Predicate::compare_tag(column->id, op, *text);
  }

  std::optional<Predicate> match_tag(const Variable& variable, const std::string& pattern,
                                     bool is_negated) const {
    const Column* column = table_.table->tag(variable.name);
    if (column != nullptr) return Predicate::match_tag(column->id, pattern, is_negated);
    const std::string text = variable.name == "_name" ? table_.name : "";
    return Predicate::always(re2::RE2::PartialMatch(text, re2::RE2(pattern, re2::RE2::Quiet)) !=
                             is_negated);
  }

  // Any of the field's columns may hold the cell; the others then match nothing.
  template <class Make>
  Predicate any_column(const Variable& field, Make&& make) const {
    std::vector<Predicate> parts;
    for (const Column* column : columns_for(table_, field)) parts.push_back(make(*column));
    if (parts.empty()) return Predicate::always(false);
    return parts.size() == 1 ? parts.front() : Predicate::any_of(std::move(parts));
  }

  std::optional<Predicate> match_field(const Variable& field, const std::string& pattern,
                                       bool is_negated) const {
    if (field.type != DataType::kString) return Predicate::always(false);
    return any_column(field, [&](const Column& column) {
      return Predicate::match_field(column.id, pattern, is_negated);
    });
  }

  std::optional<Predicate> compare_field(const Variable& field, CompareOp op,
                                         const Value& value) const {
    const bool is_equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
    if (std::holds_alternative<std::string>(value)) {
      if (field.type != DataType::kString || !is_equality) return Predicate::always(false);
    } else if (std::holds_alternative<bool>(value)) {
      if (field.type != DataType::kBoolean || !is_equality) return Predicate::always(false);
    } else if (!is_number(field.type)) {
      return Predicate::always(false);
    }
    for (const Column* column : columns_for(table_, field)) {
      // `v::integer` of a float cuts the fraction off before it is compared.
      if (field.type != DataType::kFloat && to_data_type(column->type) != field.type) {
        return std::nullopt;
      }
    }
    return any_column(field, [&](const Column& column) {
      return Predicate::compare_field(column.id, column.type, op, value);
    });
  }

  const BoundTable& table_;
};

bool is_tag(const Expression& expression) {
  const auto* variable = expression.as<Variable>();
  return variable != nullptr && variable->type == DataType::kTag;
}

// Two tags that a series lacks are not equal, though both are the empty text.
void refuse_equal_absence(Expression& expression) {
  if (auto* paren = expression.as<Paren>()) return refuse_equal_absence(*paren->inner);
  auto* binary = expression.as<Binary>();
  if (binary == nullptr) return;
  if (is_logical(binary->op)) {
    refuse_equal_absence(*binary->left);
    refuse_equal_absence(*binary->right);
  } else if (binary->op == Operator::kEqual && is_tag(*binary->left) && is_tag(*binary->right)) {
    Expression has_text = make_binary(Operator::kNotEqual, *binary->left,
                                      Expression{StringLiteral{.value = ""}});
    expression = make_binary(Operator::kAnd, Expression{*binary}, std::move(has_text));
  }
}

void split_and(const Expression& expression, std::vector<const Expression*>& parts) {
  const Expression& inner = strip_parens(expression);
  const auto* binary = inner.as<Binary>();
  if (binary == nullptr || binary->op != Operator::kAnd) {
    parts.push_back(&inner);
    return;
  }
  split_and(*binary->left, parts);
  split_and(*binary->right, parts);
}

}  // namespace

PushedCondition push_down(const std::optional<Expression>& condition, const BoundTable& table) {
  PushedCondition pushed;
  if (!condition) return pushed;
  const Pusher pusher(table);
  std::vector<const Expression*> parts;
  split_and(*condition, parts);
  std::vector<Predicate> predicates;
  for (const Expression* part : parts) {
    if (auto predicate = pusher.convert(*part)) {
      predicates.push_back(std::move(*predicate));
    } else if (pushed.rest) {
      pushed.rest = make_binary(Operator::kAnd, std::move(*pushed.rest), *part);
    } else {
      pushed.rest = *part;
    }
  }
  if (pushed.rest) refuse_equal_absence(*pushed.rest);
  if (!predicates.empty()) pushed.predicate = Predicate::all_of(std::move(predicates));
  pushed.tags = pusher.convert_tags(*condition);
  return pushed;
}

std::vector<const Column*> columns_for(const BoundTable& table, const Variable& field) {
  std::vector<const Column*> columns;
  const auto variants = table.fields.find(field.name);
  if (variants == table.fields.end()) return columns;
  for (const Column* column : variants->second) {
    const DataType type = to_data_type(column->type);
    if (type == field.type || (is_number(type) && is_number(field.type))) {
      columns.push_back(column);
    }
  }
  return columns;
}

}  // namespace varve::influxql
