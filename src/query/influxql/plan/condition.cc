// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/condition.h"

#include <algorithm>
#include <string>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/plan/time_literal.h"
#include "query/influxql/token.h"

namespace varve::influxql {
namespace {

bool is_time(const Expression& expression) {
  const auto* variable = expression.as<Variable>();
  return variable != nullptr && to_lower(variable->name) == "time";
}

Operator mirrored(Operator op) {
  switch (op) {
    case Operator::kLess: return Operator::kGreater;
    case Operator::kLessOrEqual: return Operator::kGreaterOrEqual;
    case Operator::kGreater: return Operator::kLess;
    case Operator::kGreaterOrEqual: return Operator::kLessOrEqual;
    default: return op;
  }
}

Result<void> check_range(const Moment& moment) {
  const int64_t ns = moment.to_ns();
  if (ns > kInfluxTimeMax) {
    return fail(ErrorCode::kInvalidInput,
                "time " + moment.to_string() + " overflows time literal");
  }
  // The least time stands for "no bound" and cannot be written.
  if (ns < kInfluxTimeMin + 1) {
    return fail(ErrorCode::kInvalidInput,
                "time " + moment.to_string() + " underflows time literal");
  }
  return {};
}

Moment moment_of(int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t fraction = ((ns % kSecond) + kSecond) % kSecond;
  return {(ns / kSecond) - (ns % kSecond < 0 ? 1 : 0), static_cast<int32_t>(fraction)};
}

Result<int64_t> time_value(const Expression& operand, const FoldContext& context) {
  if (const auto* text = operand.as<StringLiteral>(); text && looks_like_time(text->value)) {
    const auto moment = parse_time(text->value, context.zone);
    if (!moment) return fail(ErrorCode::kInvalidInput, "invalid timestamp string");
    TRY_VOID(check_range(*moment));
    return moment->to_ns();
  }
  const Expression value = fold(operand, context);
  if (const auto* time = value.as<TimeLiteral>()) {
    TRY_VOID(check_range(moment_of(time->nanoseconds)));
    return time->nanoseconds;
  }
  if (const auto* duration = value.as<DurationLiteral>()) return duration->nanoseconds;
  if (const auto* integer = value.as<IntegerLiteral>()) return integer->value;
  if (const auto* number = value.as<NumberLiteral>()) {
    constexpr double kLimit = 9.2e18;
    return static_cast<int64_t>(std::clamp(number->value, -kLimit, kLimit));
  }
  return fail(ErrorCode::kInvalidInput, "invalid operation: time and " +
                                            std::string(influx_type_name(value)) +
                                            " are not compatible");
}

Result<TimeBounds> time_bounds(Operator op, const Expression& operand,
                               const FoldContext& context) {
  const int64_t ns = TRY(time_value(operand, context));
  switch (op) {
    case Operator::kGreater: return TimeBounds{ns == INT64_MAX ? ns : ns + 1, std::nullopt};
    case Operator::kGreaterOrEqual: return TimeBounds{ns, std::nullopt};
    case Operator::kLess: return TimeBounds{std::nullopt, ns == INT64_MIN ? ns : ns - 1};
    case Operator::kLessOrEqual: return TimeBounds{std::nullopt, ns};
    case Operator::kEqual: return TimeBounds{ns, ns};
    default: break;
  }
  return fail(ErrorCode::kInvalidInput,
              "invalid time comparison operator: " + std::string(to_string(op)));
}

Result<SplitCondition> split(const Expression& condition, const FoldContext& context);

Result<SplitCondition> split_binary(const Binary& binary, const FoldContext& context) {
  if (is_logical(binary.op)) {
    SplitCondition left = TRY(split(*binary.left, context));
    SplitCondition right = TRY(split(*binary.right, context));
    SplitCondition both{.condition = {}, .time = left.time.intersect(right.time)};
    if (!right.condition) {
      both.condition = std::move(left.condition);
    } else if (!left.condition) {
      both.condition = std::move(right.condition);
    } else {
      const Expression joined =
          make_binary(binary.op, std::move(*left.condition), std::move(*right.condition));
      both.condition = fold(joined, {});
    }
    return both;
  }
  if (is_time(*binary.left)) {
    return SplitCondition{{}, TRY(time_bounds(binary.op, *binary.right, context))};
  }
  if (is_time(*binary.right)) {
    return SplitCondition{{}, TRY(time_bounds(mirrored(binary.op), *binary.left, context))};
  }
  return SplitCondition{fold(Expression{binary}, context), {}};
}

Result<SplitCondition> split(const Expression& condition, const FoldContext& context) {
  if (const auto* binary = condition.as<Binary>()) return split_binary(*binary, context);
  if (const auto* paren = condition.as<Paren>()) {
    SplitCondition inner = TRY(split(*paren->inner, context));
    if (inner.condition && inner.condition->is<Binary>()) {
      inner.condition = Expression{Paren{std::move(*inner.condition)}};
    }
    return inner;
  }
  if (condition.is<BooleanLiteral>()) return SplitCondition{condition, {}};
  return fail(ErrorCode::kInvalidInput, "invalid condition expression: " + to_string(condition));
}

}  // namespace

TimeBounds TimeBounds::intersect(const TimeBounds& other) const {
  TimeBounds both = *this;
  if (other.first_ns) both.first_ns = std::max(*other.first_ns, first_ns.value_or(INT64_MIN));
  if (other.last_ns) both.last_ns = std::min(*other.last_ns, last_ns.value_or(INT64_MAX));
  return both;
}

Result<SplitCondition> split_condition(const std::optional<Expression>& condition,
                                       const FoldContext& context) {
  if (!condition) return SplitCondition{};
  SplitCondition result = TRY(split(*condition, context));
  if (result.condition) {
    if (auto* paren = result.condition->as<Paren>()) {
      Expression inner = std::move(*paren->inner);
      result.condition = std::move(inner);
    }
    const auto* literal = result.condition->as<BooleanLiteral>();
    if (literal != nullptr && literal->value) result.condition.reset();
  }
  return result;
}

bool mentions_time(const std::optional<Expression>& condition) {
  bool found = false;
  if (condition) {
    walk(*condition, [&](const Expression& part) {
      const auto* binary = part.as<Binary>();
      found = found || (binary != nullptr && (is_time(*binary->left) || is_time(*binary->right)));
    });
  }
  return found;
}

}  // namespace varve::influxql
