// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/fold.h"

#include <cmath>
#include <string>
#include <utility>

#include "query/influxql/plan/math_function.h"
#include "query/influxql/plan/time_literal.h"

namespace varve::influxql {
namespace {

using Folded = std::optional<Expression>;

Expression boolean(bool value) { return Expression{BooleanLiteral{value}}; }
Expression integer(uint64_t value) {
  return Expression{IntegerLiteral{static_cast<int64_t>(value)}};
}
Expression number(double value) { return Expression{NumberLiteral{value}}; }
Expression duration(uint64_t ns) { return Expression{DurationLiteral{static_cast<int64_t>(ns)}}; }

// Moments stay inside int64 instead of wrapping around.
Expression moment(int64_t ns, int64_t delta_ns, bool subtracts) {
  int64_t sum = 0;
  const bool overflows = subtracts ? __builtin_sub_overflow(ns, delta_ns, &sum)
                                   : __builtin_add_overflow(ns, delta_ns, &sum);
  if (overflows) sum = (delta_ns < 0) == subtracts ? INT64_MAX : INT64_MIN;
  return Expression{TimeLiteral{sum}};
}

template <class T>
Folded compare(Operator op, T left, T right) {
  switch (op) {
    case Operator::kEqual: return boolean(left == right);
    case Operator::kNotEqual: return boolean(left != right);
    case Operator::kLess: return boolean(left < right);
    case Operator::kLessOrEqual: return boolean(left <= right);
    case Operator::kGreater: return boolean(left > right);
    case Operator::kGreaterOrEqual: return boolean(left >= right);
    default: return std::nullopt;
  }
}

Folded fold_numbers(Operator op, double left, double right) {
  switch (op) {
    case Operator::kAdd: return number(left + right);
    case Operator::kSubtract: return number(left - right);
    case Operator::kMultiply: return number(left * right);
    case Operator::kDivide: return number(right == 0 ? 0 : left / right);
    case Operator::kModulo: return number(std::fmod(left, right));
    default: return compare(op, left, right);
  }
}

Folded fold_integers(Operator op, int64_t left, int64_t right) {
  const auto a = static_cast<uint64_t>(left);
  const auto b = static_cast<uint64_t>(right);
  switch (op) {
    case Operator::kAdd: return integer(a + b);
    case Operator::kSubtract: return integer(a - b);
    case Operator::kMultiply: return integer(a * b);
    case Operator::kDivide:
      return number(right == 0 ? 0 : static_cast<double>(left) / static_cast<double>(right));
    case Operator::kModulo:
      return Expression{IntegerLiteral{right == 0 || right == -1 ? 0 : left % right}};
    case Operator::kBitAnd: return integer(a & b);
    case Operator::kBitOr: return integer(a | b);
    case Operator::kBitXor: return integer(a ^ b);
    default: return compare(op, left, right);
  }
}

Folded fold_unsigned(Operator op, uint64_t left, uint64_t right) {
  const auto result = [](uint64_t value) { return Expression{UnsignedLiteral{value}}; };
  switch (op) {
    case Operator::kAdd: return result(left + right);
    case Operator::kSubtract: return result(left - right);
    case Operator::kMultiply: return result(left * right);
    case Operator::kDivide: return result(right == 0 ? 0 : left / right);
    case Operator::kModulo: return result(right == 0 ? 0 : left % right);
    default: return compare(op, left, right);
  }
}

Folded fold_booleans(Operator op, bool left, bool right) {
  switch (op) {
    case Operator::kEqual: return boolean(left == right);
    case Operator::kNotEqual: return boolean(left != right);
    case Operator::kAnd:
    case Operator::kBitAnd: return boolean(left && right);
    case Operator::kOr:
    case Operator::kBitOr: return boolean(left || right);
    case Operator::kBitXor: return boolean(left != right);
    default: return std::nullopt;
  }
}

/// Folds `left op right` of two literals; nothing when the two do not go together.
class LiteralFolder {
 public:
  LiteralFolder(Operator op, const FoldContext& context) : op_(op), context_(context) {}

  Folded operator()(const Expression& left, const Expression& right) const {
    return std::visit([&](const auto& literal) { return from(literal, right); }, left.node);
  }

 private:
  template <class T>
  Folded from(const T&, const Expression&) const {
    return std::nullopt;
  }

  Folded from(const BooleanLiteral& left, const Expression& right) const {
    if (const auto* flag = right.as<BooleanLiteral>()) {
      return fold_booleans(op_, left.value, flag->value);
    }
    if (right.is<NilLiteral>()) return boolean(false);
    return std::nullopt;
  }

  Folded from(const NilLiteral&, const Expression&) const {
    if (op_ == Operator::kEqual || op_ == Operator::kNotEqual) return boolean(false);
    return std::nullopt;
  }

  Folded from(const NumberLiteral& left, const Expression& right) const {
    if (const auto* f = right.as<NumberLiteral>()) return fold_numbers(op_, left.value, f->value);
    if (const auto* i = right.as<IntegerLiteral>()) {
      return fold_numbers(op_, left.value, static_cast<double>(i->value));
    }
    if (const auto* u = right.as<UnsignedLiteral>()) {
      return fold_numbers(op_, left.value, static_cast<double>(u->value));
    }
    if (right.is<NilLiteral>()) return boolean(false);
    return std::nullopt;
  }

  Folded from(const UnsignedLiteral& left, const Expression& right) const {
    if (const auto* f = right.as<NumberLiteral>()) {
      return fold_numbers(op_, static_cast<double>(left.value), f->value);
    }
    if (const auto* u = right.as<UnsignedLiteral>()) {
      return fold_unsigned(op_, left.value, u->value);
    }
    if (const auto* i = right.as<IntegerLiteral>()) {
      if (i->value < 0 && is_order(op_)) {
        return boolean(op_ == Operator::kGreater || op_ == Operator::kGreaterOrEqual);
      }
      return fold_unsigned(op_, left.value, static_cast<uint64_t>(i->value));
    }
    return std::nullopt;
  }

  Folded from(const IntegerLiteral& left, const Expression& right) const {
    if (const auto* f = right.as<NumberLiteral>()) {
      return fold_numbers(op_, static_cast<double>(left.value), f->value);
    }
    if (const auto* i = right.as<IntegerLiteral>()) {
      return fold_integers(op_, left.value, i->value);
    }
    if (const auto* u = right.as<UnsignedLiteral>()) {
      if (left.value < 0 && is_order(op_)) {
        return boolean(op_ == Operator::kLess || op_ == Operator::kLessOrEqual);
      }
      return fold_unsigned(op_, static_cast<uint64_t>(left.value), u->value);
    }
    if (const auto* d = right.as<DurationLiteral>()) {
      // An integer beside a duration is a moment.
      return from(TimeLiteral{left.value}, *d);
    }
    if (right.is<TimeLiteral>() || right.is<StringLiteral>()) {
      const auto time = as_time(right);
      return time ? from(DurationLiteral{left.value}, Expression{*time}) : std::nullopt;
    }
    if (right.is<NilLiteral>()) return boolean(false);
    return std::nullopt;
  }

  Folded from(const DurationLiteral& left, const Expression& right) const {
    const auto a = static_cast<uint64_t>(left.nanoseconds);
    if (const auto* d = right.as<DurationLiteral>()) {
      const auto b = static_cast<uint64_t>(d->nanoseconds);
      if (op_ == Operator::kAdd) return duration(a + b);
      if (op_ == Operator::kSubtract) return duration(a - b);
      return compare(op_, left.nanoseconds, d->nanoseconds);
    }
    if (const auto* f = right.as<NumberLiteral>()) {
      return scale(left.nanoseconds, static_cast<int64_t>(f->value));
    }
    if (const auto* i = right.as<IntegerLiteral>()) return scale(left.nanoseconds, i->value);
    if (right.is<TimeLiteral>() || right.is<StringLiteral>()) {
      const auto time = as_time(right);
      if (time && op_ == Operator::kAdd) return moment(time->nanoseconds, left.nanoseconds, false);
      return std::nullopt;
    }
    if (right.is<NilLiteral>()) return boolean(false);
    return std::nullopt;
  }

  Folded from(const TimeLiteral& left, const DurationLiteral& right) const {
    if (op_ == Operator::kAdd) return moment(left.nanoseconds, right.nanoseconds, false);
    if (op_ == Operator::kSubtract) return moment(left.nanoseconds, right.nanoseconds, true);
    return std::nullopt;
  }

  Folded from(const TimeLiteral& left, const Expression& right) const {
    if (const auto* d = right.as<DurationLiteral>()) return from(left, *d);
    if (const auto* i = right.as<IntegerLiteral>()) return from(left, DurationLiteral{i->value});
    if (const auto time = as_time(right)) {
      if (op_ == Operator::kSubtract) {
        return duration(static_cast<uint64_t>(left.nanoseconds) -
                        static_cast<uint64_t>(time->nanoseconds));
      }
      return compare(op_, left.nanoseconds, time->nanoseconds);
    }
    if (right.is<NilLiteral>()) return boolean(false);
    return std::nullopt;
  }

  Folded from(const StringLiteral& left, const Expression& right) const {
    if (const auto* text = right.as<StringLiteral>()) return from_strings(left, *text);
    if (right.is<NilLiteral>()) {
      if (op_ == Operator::kEqual || op_ == Operator::kNotEqual) return boolean(false);
      return std::nullopt;
    }
    if (right.is<DurationLiteral>() || right.is<TimeLiteral>() || right.is<IntegerLiteral>()) {
      const auto time = as_time(Expression{left});
      return time ? from(*time, right) : std::nullopt;
    }
    return std::nullopt;
  }

  Folded from_strings(const StringLiteral& left, const StringLiteral& right) const {
    if (op_ == Operator::kAdd) return Expression{StringLiteral{left.value + right.value}};
    const auto left_time = as_time(Expression{left});
    const auto right_time = as_time(Expression{right});
    if (op_ == Operator::kEqual || op_ == Operator::kNotEqual) {
      // Two ways to write one moment are equal.
      const bool is_same = left_time && right_time
                               ? left_time->nanoseconds == right_time->nanoseconds
                               : left.value == right.value;
      return boolean(is_same == (op_ == Operator::kEqual));
    }
    if (!left_time || !right_time) return std::nullopt;
    return from(*left_time, Expression{*right_time});
  }

  Folded scale(int64_t nanoseconds, int64_t factor) const {
    if (op_ == Operator::kMultiply) {
      return duration(static_cast<uint64_t>(nanoseconds) * static_cast<uint64_t>(factor));
    }
    if (op_ == Operator::kDivide) {
      if (factor == -1) return duration(0 - static_cast<uint64_t>(nanoseconds));
      return Expression{DurationLiteral{factor == 0 ? 0 : nanoseconds / factor}};
    }
    return std::nullopt;
  }

  std::optional<TimeLiteral> as_time(const Expression& literal) const {
    if (const auto* time = literal.as<TimeLiteral>()) return *time;
    if (const auto* text = literal.as<StringLiteral>(); text && looks_like_time(text->value)) {
      if (const auto parsed = parse_time(text->value, context_.zone)) {
        return TimeLiteral{parsed->to_ns()};
      }
    }
    return std::nullopt;
  }

  static bool is_order(Operator op) {
    return op == Operator::kLess || op == Operator::kLessOrEqual || op == Operator::kGreater ||
           op == Operator::kGreaterOrEqual;
  }

  Operator op_;
  const FoldContext& context_;
};

Expression fold_inside(const Expression& expression, const FoldContext& context);

bool is_boolean(const Expression& expression, bool value) {
  const auto* literal = expression.as<BooleanLiteral>();
  return literal != nullptr && literal->value == value;
}

Expression fold_binary(const Binary& binary, const FoldContext& context) {
  Expression left = fold_inside(*binary.left, context);
  Expression right = fold_inside(*binary.right, context);
  if (is_logical(binary.op)) {
    // `true AND x` is x, `false AND x` is false; OR the other way round.
    const bool neutral = binary.op == Operator::kAnd;
    if (is_boolean(left, !neutral) || is_boolean(right, !neutral)) return boolean(!neutral);
    if (is_boolean(left, neutral)) return right;
    if (is_boolean(right, neutral)) return left;
  }
  if (auto folded = LiteralFolder(binary.op, context)(left, right)) return std::move(*folded);
  return make_binary(binary.op, std::move(left), std::move(right));
}

Value literal_value(const Expression& expression) {
  if (const auto* f = expression.as<NumberLiteral>()) return f->value;
  if (const auto* i = expression.as<IntegerLiteral>()) return i->value;
  if (const auto* u = expression.as<UnsignedLiteral>()) return u->value;
  return std::monostate();
}

Expression from_value(const Value& value) {
  if (const auto* f = std::get_if<double>(&value)) return number(*f);
  if (const auto* i = std::get_if<int64_t>(&value)) return Expression{IntegerLiteral{*i}};
  return Expression{NilLiteral{}};
}

Expression fold_call(const Call& call, const FoldContext& context) {
  Call folded{.name = call.name, .arguments = {}};
  bool literals_only = true;
  for (const Expression& argument : call.arguments) {
    folded.arguments.push_back(fold_inside(argument, context));
    literals_only = literals_only && is_literal(folded.arguments.back());
  }
  if (literals_only) {
    if (call.name == "now" && call.arguments.empty() && context.now_ns) {
      return Expression{TimeLiteral{*context.now_ns}};
    }
    const auto function = find_math_function(call.name);
    if (context.folds_math && function && call.arguments.size() == argument_count(*function)) {
      const Value x = literal_value(folded.arguments.front());
      const Value y = literal_value(folded.arguments.back());
      return from_value(apply(*function, x, y));
    }
  }
  return Expression{std::move(folded)};
}

Expression fold_inside(const Expression& expression, const FoldContext& context) {
  if (const auto* binary = expression.as<Binary>()) return fold_binary(*binary, context);
  if (const auto* call = expression.as<Call>()) return fold_call(*call, context);
  if (const auto* paren = expression.as<Paren>()) {
    Expression inner = fold_inside(*paren->inner, context);
    if (inner.is<Binary>()) return Expression{Paren{std::move(inner)}};
    return inner;
  }
  return expression;
}

}  // namespace

bool is_literal(const Expression& expression) {
  return !expression.is<Variable>() && !expression.is<Wildcard>() && !expression.is<Call>() &&
         !expression.is<Distinct>() && !expression.is<Paren>() && !expression.is<Binary>();
}

Expression fold(const Expression& expression, const FoldContext& context) {
  Expression folded = fold_inside(expression, context);
  if (auto* paren = folded.as<Paren>()) {
    Expression inner = std::move(*paren->inner);
    return inner;
  }
  return folded;
}

}  // namespace varve::influxql
