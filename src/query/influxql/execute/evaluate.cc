// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/evaluate.h"

#include <re2/re2.h>

#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace varve::influxql {
namespace {

template <class T>
struct Cells {
  std::vector<T> values;
  std::vector<CellState> states;  // Empty: all have values.
};

/// One side of an operator.
struct Operand {
  ColumnView view;
  std::shared_ptr<const void> owner;
  const re2::RE2* regex = nullptr;
  bool is_constant = false;  // Row 0 counts for all.
  bool is_nil = false;       // No value in any row.

  bool has_value(size_t row) const { return view.has_value(is_constant ? 0 : row); }
  template <class T>
  const T& at(size_t row) const {
    return static_cast<const T*>(view.values)[is_constant ? 0 : row];
  }
};

bool is_number(const Operand& operand) {
  return !operand.is_nil && operand.regex == nullptr &&
         (operand.view.type == ValueType::kFloat64 || operand.view.type == ValueType::kInt64 ||
          operand.view.type == ValueType::kUint64);
}

bool is_type(const Operand& operand, ValueType type) {
  return !operand.is_nil && operand.regex == nullptr && operand.view.type == type;
}

bool is_text(const Operand& operand) {
  return !operand.is_nil && operand.regex == nullptr && is_variable_size(operand.view.type);
}

template <class T>
constexpr ValueType value_type_of() {
  if constexpr (std::is_same_v<T, double>) return ValueType::kFloat64;
  if constexpr (std::is_same_v<T, int64_t>) return ValueType::kInt64;
  if constexpr (std::is_same_v<T, uint64_t>) return ValueType::kUint64;
  if constexpr (std::is_same_v<T, uint8_t>) return ValueType::kBool;
  return ValueType::kString;
}

template <class T>
Operand own(std::shared_ptr<Cells<T>> cells) {
  Operand operand;
  operand.view = {.type = value_type_of<T>(),
                  .values = cells->values.data(),
                  .states = cells->states.empty() ? nullptr : cells->states.data(),
                  .row_count = cells->values.size()};
  operand.owner = std::move(cells);
  return operand;
}

Operand nil() {
  Operand operand;
  operand.is_nil = true;
  return operand;
}

Operand constant(const Value& value) {
  const auto make = [](auto cell) {
    auto cells = std::make_shared<Cells<decltype(cell)>>();
    cells->values.push_back(cell);
    Operand operand = own(std::move(cells));
    operand.is_constant = true;
    return operand;
  };
  if (const auto* f64 = std::get_if<double>(&value)) return make(*f64);
  if (const auto* i64 = std::get_if<int64_t>(&value)) return make(*i64);
  if (const auto* u64 = std::get_if<uint64_t>(&value)) return make(*u64);
  if (const auto* flag = std::get_if<bool>(&value)) return make(static_cast<uint8_t>(*flag));
  if (const auto* text = std::get_if<std::string>(&value)) return make(std::string_view(*text));
  return nil();
}

template <class To, class From>
Operand convert(const Operand& operand) {
  auto cells = std::make_shared<Cells<To>>();
  const auto from = operand.view.as<From>();
  cells->values.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) cells->values[i] = static_cast<To>(from[i]);
  if (operand.view.states != nullptr) {
    cells->states.assign(operand.view.states, operand.view.states + from.size());
  }
  Operand converted = own(std::move(cells));
  converted.is_constant = operand.is_constant;
  return converted;
}

template <class To>
Operand as_number(const Operand& operand) {
  if (operand.view.type == value_type_of<To>()) return operand;
  if (operand.view.type == ValueType::kFloat64) return convert<To, double>(operand);
  if (operand.view.type == ValueType::kInt64) return convert<To, int64_t>(operand);
  return convert<To, uint64_t>(operand);
}

// The values of f for every row, also where a side has none: those cells hold zero.
template <class Out, class In, class F>
std::shared_ptr<Cells<Out>> map(const Operand& left, const Operand& right, size_t row_count,
                                F&& f) {
  auto cells = std::make_shared<Cells<Out>>();
  cells->values.resize(row_count);
  Out* out = cells->values.data();
  const auto* a = static_cast<const In*>(left.view.values);
  const auto* b = static_cast<const In*>(right.view.values);
  if (left.is_constant && right.is_constant) {
    for (size_t i = 0; i < row_count; ++i) out[i] = f(a[0], b[0]);
  } else if (left.is_constant) {
    for (size_t i = 0; i < row_count; ++i) out[i] = f(a[0], b[i]);
  } else if (right.is_constant) {
    for (size_t i = 0; i < row_count; ++i) out[i] = f(a[i], b[0]);
  } else {
    for (size_t i = 0; i < row_count; ++i) out[i] = f(a[i], b[i]);
  }
  return cells;
}

bool all_have_values(const Operand& left, const Operand& right) {
  return left.view.states == nullptr && right.view.states == nullptr;
}

// Arithmetic: no value on either side makes none.
template <class Out, class In, class F>
Operand arithmetic(const Operand& left, const Operand& right, size_t row_count, F&& f) {
  auto cells = map<Out, In>(left, right, row_count, f);
  if (!all_have_values(left, right)) {
    cells->states.resize(row_count);
    for (size_t i = 0; i < row_count; ++i) {
      const bool has_both = left.has_value(i) && right.has_value(i);
      cells->states[i] = has_both ? CellState::kValue : CellState::kAbsent;
      if (!has_both) cells->values[i] = Out{};
    }
  }
  return own(std::move(cells));
}

// Comparison: no value on either side makes false.
template <class In, class F>
Operand comparison(const Operand& left, const Operand& right, size_t row_count, F&& f) {
  auto cells = map<uint8_t, In>(left, right, row_count, [&](const In& a, const In& b) {
    return static_cast<uint8_t>(f(a, b));
  });
  if (!all_have_values(left, right)) {
    for (size_t i = 0; i < row_count; ++i) {
      cells->values[i] &= static_cast<uint8_t>(left.has_value(i) && right.has_value(i));
    }
  }
  return own(std::move(cells));
}

Operand all_false(size_t row_count) {
  auto cells = std::make_shared<Cells<uint8_t>>();
  cells->values.assign(row_count, 0);
  return own(std::move(cells));
}

template <class T>
Operand compare_as(Operator op, const Operand& left, const Operand& right, size_t row_count) {
  const auto with = [&](auto f) { return comparison<T>(left, right, row_count, f); };
  switch (op) {
    case Operator::kEqual: return with([](const T& a, const T& b) { return a == b; });
    case Operator::kNotEqual: return with([](const T& a, const T& b) { return a != b; });
    case Operator::kLess: return with([](const T& a, const T& b) { return a < b; });
    case Operator::kLessOrEqual: return with([](const T& a, const T& b) { return a <= b; });
    case Operator::kGreater: return with([](const T& a, const T& b) { return a > b; });
    default: return with([](const T& a, const T& b) { return a >= b; });
  }
}

// Signed beside unsigned: a negative number is less than every unsigned one.
Operand compare_signs(Operator op, const Operand& left, const Operand& right, size_t row_count) {
  const auto at = [](const Operand& operand, size_t row) -> __int128 {
    return operand.view.type == ValueType::kInt64
               ? static_cast<__int128>(operand.at<int64_t>(row))
               : static_cast<__int128>(operand.at<uint64_t>(row));
  };
  auto cells = std::make_shared<Cells<uint8_t>>();
  cells->values.resize(row_count);
  for (size_t i = 0; i < row_count; ++i) {
    if (!left.has_value(i) || !right.has_value(i)) continue;
    const __int128 a = at(left, i);
    const __int128 b = at(right, i);
    cells->values[i] = op == Operator::kLess          ? a < b
                       : op == Operator::kLessOrEqual ? a <= b
                       : op == Operator::kGreater     ? a > b
                                                      : a >= b;
  }
  return own(std::move(cells));
}

Operand compare_numbers(Operator op, const Operand& left, const Operand& right, size_t row_count) {
  if (left.view.type == ValueType::kFloat64 || right.view.type == ValueType::kFloat64) {
    return compare_as<double>(op, as_number<double>(left), as_number<double>(right), row_count);
  }
  if (left.view.type == right.view.type) {
    return left.view.type == ValueType::kInt64
               ? compare_as<int64_t>(op, left, right, row_count)
               : compare_as<uint64_t>(op, left, right, row_count);
  }
  if (op != Operator::kEqual && op != Operator::kNotEqual) {
    return compare_signs(op, left, right, row_count);
  }
  return compare_as<uint64_t>(op, as_number<uint64_t>(left), as_number<uint64_t>(right),
                              row_count);
}

Operand compute_floats(Operator op, const Operand& left, const Operand& right, size_t row_count) {
  const auto with = [&](auto f) { return arithmetic<double, double>(left, right, row_count, f); };
  switch (op) {
    case Operator::kAdd: return with([](double a, double b) { return a + b; });
    case Operator::kSubtract: return with([](double a, double b) { return a - b; });
    case Operator::kMultiply: return with([](double a, double b) { return a * b; });
    case Operator::kDivide: return with([](double a, double b) { return b == 0 ? 0.0 : a / b; });
    case Operator::kModulo: return with([](double a, double b) { return std::fmod(a, b); });
    default: return nil();
  }
}

template <class T>
Operand compute_integers(Operator op, const Operand& left, const Operand& right,
                         size_t row_count) {
  const auto with = [&](auto f) { return arithmetic<T, T>(left, right, row_count, f); };
  // Through uint64, where overflow wraps.
  switch (op) {
    case Operator::kAdd:
      return with([](T a, T b) { return T(uint64_t(a) + uint64_t(b)); });
    case Operator::kSubtract:
      return with([](T a, T b) { return T(uint64_t(a) - uint64_t(b)); });
    case Operator::kMultiply:
      return with([](T a, T b) { return T(uint64_t(a) * uint64_t(b)); });
    case Operator::kDivide:
      return with([](T a, T b) {
        if (b == 0) return T(0);
        return b == T(-1) && std::is_signed_v<T> ? T(0 - uint64_t(a)) : T(a / b);
      });
    case Operator::kModulo:
      return with([](T a, T b) {
        return b == 0 || (b == T(-1) && std::is_signed_v<T>) ? T(0) : T(a % b);
      });
    case Operator::kBitAnd: return with([](T a, T b) { return T(a & b); });
    case Operator::kBitOr: return with([](T a, T b) { return T(a | b); });
    case Operator::kBitXor: return with([](T a, T b) { return T(a ^ b); });
    default: return nil();
  }
}

Operand compute_numbers(Operator op, const Operand& left, const Operand& right, size_t row_count,
                        IntegerDivision division) {
  const bool are_signed =
      left.view.type == ValueType::kInt64 && right.view.type == ValueType::kInt64;
  const bool makes_float = are_signed && op == Operator::kDivide &&
                           division == IntegerDivision::kFloat;
  if (left.view.type == ValueType::kFloat64 || right.view.type == ValueType::kFloat64 ||
      makes_float) {
    return compute_floats(op, as_number<double>(left), as_number<double>(right), row_count);
  }
  if (are_signed) return compute_integers<int64_t>(op, left, right, row_count);
  return compute_integers<uint64_t>(op, as_number<uint64_t>(left), as_number<uint64_t>(right),
                                    row_count);
}

// AND, OR and the bit operators of booleans. No value counts as false beside a boolean.
Operand combine_booleans(Operator op, const Operand& left, const Operand& right,
                         size_t row_count) {
  auto cells = std::make_shared<Cells<uint8_t>>();
  cells->values.resize(row_count);
  const auto flag = [](const Operand& operand, size_t row) {
    return is_type(operand, ValueType::kBool) && operand.has_value(row) &&
           operand.at<uint8_t>(row) != 0;
  };
  for (size_t i = 0; i < row_count; ++i) {
    const bool a = flag(left, i);
    const bool b = flag(right, i);
    cells->values[i] = op == Operator::kAnd || op == Operator::kBitAnd ? a && b
                       : op == Operator::kBitXor                       ? a != b
                                                                       : a || b;
  }
  return own(std::move(cells));
}

Operand match(const Operand& text, const re2::RE2& regex, bool is_negated, size_t row_count) {
  auto cells = std::make_shared<Cells<uint8_t>>();
  cells->values.resize(row_count);
  if (!is_text(text)) return own(std::move(cells));
  // Tags and states repeat: equal neighbours are matched once.
  std::string_view last;
  bool last_matches = false;
  bool has_last = false;
  for (size_t i = 0; i < row_count; ++i) {
    if (!text.has_value(i)) continue;
    const std::string_view cell = text.at<std::string_view>(i);
    if (!has_last || cell != last) {
      last = cell;
      last_matches = re2::RE2::PartialMatch(re2::StringPiece(cell.data(), cell.size()), regex);
      has_last = true;
    }
    cells->values[i] = last_matches != is_negated;
  }
  return own(std::move(cells));
}

Operand compute_binary(Operator op, const Operand& left, const Operand& right, size_t row_count,
                       IntegerDivision division) {
  if (op == Operator::kMatch || op == Operator::kNotMatch) {
    return right.regex == nullptr
               ? all_false(row_count)
               : match(left, *right.regex, op == Operator::kNotMatch, row_count);
  }
  const bool are_booleans =
      (is_type(left, ValueType::kBool) && (right.is_nil || is_type(right, ValueType::kBool))) ||
      (left.is_nil && is_type(right, ValueType::kBool));
  if (is_comparison(op)) {
    const bool is_equality = op == Operator::kEqual || op == Operator::kNotEqual;
    if (is_number(left) && is_number(right)) return compare_numbers(op, left, right, row_count);
    if (is_equality && is_text(left) && is_text(right)) {
      return compare_as<std::string_view>(op, left, right, row_count);
    }
    if (is_equality && are_booleans && !left.is_nil && !right.is_nil) {
      return compare_as<uint8_t>(op, left, right, row_count);
    }
    return all_false(row_count);
  }
  if (is_logical(op)) return combine_booleans(op, left, right, row_count);
  if (are_booleans && (op == Operator::kBitAnd || op == Operator::kBitOr ||
                       op == Operator::kBitXor)) {
    return combine_booleans(op, left, right, row_count);
  }
  if (!is_number(left) || !is_number(right)) return nil();
  return compute_numbers(op, left, right, row_count, division);
}

Operand compute_math(MathFunction function, const std::vector<Operand>& arguments,
                     size_t row_count) {
  for (const Operand& argument : arguments) {
    if (!is_number(argument)) return nil();
  }
  const Operand& first = arguments.front();
  if (keeps_integers(function) && first.view.type != ValueType::kFloat64) {
    if (function != MathFunction::kAbs || first.view.type == ValueType::kUint64) return first;
    return arithmetic<int64_t, int64_t>(first, first, row_count, [](int64_t x, int64_t) {
      return x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x;
    });
  }
  const Operand x = as_number<double>(first);
  const Operand y = as_number<double>(arguments.back());
  return arithmetic<double, double>(x, y, row_count, [function](double a, double b) {
    return apply(function, a, b);
  });
}

Operand compute(const RowExpression& expression, std::span<const ColumnView> inputs,
                size_t row_count, IntegerDivision division) {
  switch (expression.kind) {
    case RowExpression::Kind::kNil:
      return nil();
    case RowExpression::Kind::kLiteral:
      return constant(expression.literal);
    case RowExpression::Kind::kRegex: {
      Operand pattern;
      pattern.regex = expression.regex.get();
      return pattern;
    }
    case RowExpression::Kind::kInput: {
      Operand input;
      input.view = inputs[expression.input];
      CHECK(input.view.row_count == row_count);
      return input;
    }
    case RowExpression::Kind::kBinary:
      return compute_binary(expression.op,
                            compute(expression.children[0], inputs, row_count, division),
                            compute(expression.children[1], inputs, row_count, division),
                            row_count, division);
    case RowExpression::Kind::kMath:
      break;
  }
  std::vector<Operand> arguments;
  for (const RowExpression& child : expression.children) {
    arguments.push_back(compute(child, inputs, row_count, division));
  }
  return compute_math(expression.function, arguments, row_count);
}

// A constant becomes a column; nothing becomes absent cells.
Operand spread(const Operand& operand, size_t row_count) {
  if (operand.is_nil || operand.regex != nullptr) {
    auto cells = std::make_shared<Cells<double>>();
    cells->values.resize(row_count);
    cells->states.assign(row_count, CellState::kAbsent);
    return own(std::move(cells));
  }
  const auto copies = [&](auto cell) {
    auto cells = std::make_shared<Cells<decltype(cell)>>();
    cells->values.assign(row_count, cell);
    return own(std::move(cells));
  };
  switch (operand.view.type) {
    case ValueType::kFloat64: return copies(operand.at<double>(0));
    case ValueType::kInt64:
    case ValueType::kTimestamp: return copies(operand.at<int64_t>(0));
    case ValueType::kUint64: return copies(operand.at<uint64_t>(0));
    case ValueType::kBool: return copies(operand.at<uint8_t>(0));
    case ValueType::kString:
    case ValueType::kBytes: break;
  }
  return copies(operand.at<std::string_view>(0));
}

}  // namespace

Evaluated evaluate(const RowExpression& expression, std::span<const ColumnView> inputs,
                   size_t row_count, IntegerDivision division) {
  Operand result = compute(expression, inputs, row_count, division);
  if (result.is_nil || result.is_constant || result.regex != nullptr) {
    result = spread(result, row_count);
  }
  return {.view = result.view, .owner = std::move(result.owner)};
}

std::vector<uint8_t> evaluate_condition(const RowExpression& expression,
                                        std::span<const ColumnView> inputs, size_t row_count) {
  const Evaluated result = evaluate(expression, inputs, row_count, IntegerDivision::kCut);
  std::vector<uint8_t> mask(row_count, 0);
  if (result.view.type != ValueType::kBool) return mask;
  for (size_t i = 0; i < row_count; ++i) {
    mask[i] = result.view.has_value(i) && result.view.as<uint8_t>()[i] != 0;
  }
  return mask;
}

}  // namespace varve::influxql
