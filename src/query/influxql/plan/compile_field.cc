// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/compile_field.h"

#include <algorithm>
#include <array>

#include "query/influxql/ast_text.h"
#include "query/influxql/duration.h"
#include "query/influxql/plan/fold.h"
#include "query/influxql/plan/math_function.h"

namespace varve::influxql {
namespace {

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

template <size_t kSize>
bool is_one_of(std::string_view name, const std::array<std::string_view, kSize>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 4> kSimpleSelectors = {"max", "min", "first", "last"};
constexpr std::array<std::string_view, 7> kSimpleAggregates = {
    "count", "sum", "mean", "median", "mode", "stddev", "spread"};
constexpr std::array<std::string_view, 6> kTransforms = {
    "derivative",     "non_negative_derivative", "elapsed", "difference",
    "cumulative_sum", "non_negative_difference"};
constexpr std::array<std::string_view, 5> kMovingAverages = {
    "exponential_moving_average", "double_exponential_moving_average",
    "triple_exponential_moving_average", "relative_strength_index",
    "triple_exponential_derivative"};
constexpr std::array<std::string_view, 2> kKaufmans = {"kaufmans_efficiency_ratio",
                                                       "kaufmans_adaptive_moving_average"};

std::string wrong_count(std::string_view name, std::string_view expected, size_t got) {
  return "invalid number of arguments for " + std::string(name) + ", expected " +
         std::string(expected) + ", got " + std::to_string(got);
}

std::string at_least(size_t least, size_t most) {
  return "at least " + std::to_string(least) + " but no more than " + std::to_string(most);
}

/// The expression inside distinct(x) or DISTINCT x, as arguments; null for others.
std::optional<std::vector<Expression>> distinct_arguments(const Expression& expression) {
  if (const auto* call = expression.as<Call>(); call && call->name == "distinct") {
    return call->arguments;
  }
  if (const auto* distinct = expression.as<Distinct>()) {
    return std::vector<Expression>{Expression{Variable{.name = distinct->name}}};
  }
  return std::nullopt;
}

}  // namespace

Result<void> FieldCompiler::compile(const Expression& expression) {
  if (expression.is<Variable>()) {
    facts_.has_plain_fields = true;
    return {};
  }
  if (expression.is<Wildcard>()) {
    facts_.has_plain_fields = true;
    if (!allows_wildcard_) return refuse("unable to use wildcard in a binary expression");
    return {};
  }
  if (expression.is<RegexLiteral>()) {
    if (!allows_wildcard_) return refuse("unable to use regex in a binary expression");
    facts_.has_plain_fields = true;
    return {};
  }
  if (const auto* call = expression.as<Call>()) return compile_call(*call);
  if (expression.is<Distinct>()) {
    ++facts_.call_count;
    return compile_distinct(*distinct_arguments(expression), false);
  }
  if (const auto* binary = expression.as<Binary>()) return compile_binary(*binary);
  if (const auto* paren = expression.as<Paren>()) return compile(*paren->inner);
  return refuse("field must contain at least one variable");
}

Result<void> FieldCompiler::compile_binary(const Binary& binary) {
  // Wildcards are not expanded inside of arithmetic.
  allows_wildcard_ = false;
  if (is_literal(*binary.left)) {
    if (is_literal(*binary.right)) {
      return refuse("cannot perform a binary expression on two literals");
    }
    return compile(*binary.right);
  }
  TRY_VOID(compile(*binary.left));
  return is_literal(*binary.right) ? Result<void>() : compile(*binary.right);
}

Result<void> FieldCompiler::compile_call(const Call& call) {
  if (find_math_function(call.name)) return compile_math(call);
  ++facts_.call_count;
  if (call.name == "percentile") return compile_percentile(call);
  if (call.name == "sample") return compile_sample(call);
  if (call.name == "distinct") return compile_distinct(call.arguments, false);
  if (call.name == "top" || call.name == "bottom") return compile_top_bottom(call);
  if (is_one_of(call.name, kTransforms)) return compile_transform(call);
  if (call.name == "moving_average") return compile_moving_average(call);
  if (is_one_of(call.name, kMovingAverages) || is_one_of(call.name, kKaufmans) ||
      call.name == "chande_momentum_oscillator") {
    return compile_technical(call);
  }
  if (call.name == "integral") return compile_integral(call);
  if (call.name == "holt_winters" || call.name == "holt_winters_with_fit") {
    return compile_holt_winters(call);
  }
  return compile_simple(call);
}

Result<void> FieldCompiler::compile_math(const Call& call) {
  const size_t wanted = argument_count(*find_math_function(call.name));
  if (call.arguments.size() != wanted) {
    return refuse(wrong_count(call.name, std::to_string(wanted), call.arguments.size()));
  }
  for (const Expression& argument : call.arguments) {
    if (!is_literal(argument)) TRY_VOID(compile(argument));
  }
  return {};
}

Result<void> FieldCompiler::compile_simple(const Call& call) {
  if (is_one_of(call.name, kSimpleAggregates)) {
    facts_.only_selectors = false;
  } else if (!is_one_of(call.name, kSimpleSelectors)) {
    return refuse("undefined function " + call.name + "()");
  }
  if (call.arguments.size() != 1) {
    return refuse(wrong_count(call.name, "1", call.arguments.size()));
  }
  if (call.name == "count") {
    if (const auto arguments = distinct_arguments(call.arguments[0])) {
      return compile_distinct(*arguments, true);
    }
  }
  return compile_symbol(call.name, call.arguments[0]);
}

Result<void> FieldCompiler::compile_symbol(std::string_view name, const Expression& argument) {
  if (argument.is<Variable>()) return {};
  if (argument.is<Wildcard>()) {
    if (!allows_wildcard_) {
      return refuse("unsupported expression with wildcard: " + std::string(name) + "()");
    }
    facts_.only_selectors = false;
    return {};
  }
  if (argument.is<RegexLiteral>()) {
    if (!allows_wildcard_) {
      return refuse("unsupported expression with regex field: " + std::string(name) + "()");
    }
    facts_.only_selectors = false;
    return {};
  }
  return refuse("expected field argument in " + std::string(name) + "()");
}

Result<void> FieldCompiler::compile_percentile(const Call& call) {
  if (call.arguments.size() != 2) {
    return refuse(wrong_count("percentile", "2", call.arguments.size()));
  }
  if (!call.arguments[1].is<IntegerLiteral>() && !call.arguments[1].is<NumberLiteral>()) {
    return refuse("expected float argument in percentile()");
  }
  return compile_symbol("percentile", call.arguments[0]);
}

Result<void> FieldCompiler::compile_sample(const Call& call) {
  if (call.arguments.size() != 2) {
    return refuse(wrong_count("sample", "2", call.arguments.size()));
  }
  const auto* size = call.arguments[1].as<IntegerLiteral>();
  if (size == nullptr) return refuse("expected integer argument in sample()");
  if (size->value <= 0) {
    return refuse("sample window must be greater than 1, got " + std::to_string(size->value));
  }
  return compile_symbol("sample", call.arguments[0]);
}

Result<void> FieldCompiler::compile_distinct(const std::vector<Expression>& arguments,
                                             bool is_nested) {
  if (arguments.empty()) return refuse("distinct function requires at least one argument");
  if (arguments.size() != 1) return refuse("distinct function can only have one argument");
  if (!arguments[0].is<Variable>()) return refuse("expected field argument in distinct()");
  if (!is_nested) facts_.has_distinct = true;
  facts_.only_selectors = false;
  return {};
}

Result<void> FieldCompiler::compile_top_bottom(const Call& call) {
  if (!facts_.top_or_bottom.empty()) {
    return refuse("selector function " + facts_.top_or_bottom +
                  "() cannot be combined with other functions");
  }
  if (call.arguments.size() < 2) {
    return refuse("invalid number of arguments for " + call.name +
                  ", expected at least 2, got " + std::to_string(call.arguments.size()));
  }
  const auto* limit = call.arguments.back().as<IntegerLiteral>();
  if (limit == nullptr) {
    return refuse("expected integer as last argument in " + call.name + "(), found " +
                  to_string(call.arguments.back()));
  }
  if (limit->value <= 0) {
    return refuse("limit (" + std::to_string(limit->value) + ") in " + call.name +
                  " function must be at least 1");
  }
  if (context_.limit > 0 && limit->value > context_.limit) {
    return refuse("limit (" + std::to_string(limit->value) + ") in " + call.name +
                  " function can not be larger than the LIMIT (" +
                  std::to_string(context_.limit) + ") in the select statement");
  }
  if (!call.arguments[0].is<Variable>()) {
    return refuse("expected first argument to be a field in " + call.name + "(), found " +
                  to_string(call.arguments[0]));
  }
  for (size_t i = 1; i + 1 < call.arguments.size(); ++i) {
    if (!call.arguments[i].is<Variable>()) {
      return refuse("only fields or tags are allowed in " + call.name + "(), found " +
                    to_string(call.arguments[i]));
    }
    if (!context_.has_target) {
      // Each becomes a column of its own.
      ++facts_.field_count;
      facts_.has_plain_fields = true;
    }
  }
  facts_.top_or_bottom = call.name;
  return {};
}

Result<void> FieldCompiler::compile_nested(const Expression& expression) {
  if (const auto arguments = distinct_arguments(expression)) {
    return compile_distinct(*arguments, true);
  }
  return compile(expression);
}

Result<void> FieldCompiler::compile_transform_input(std::string_view name,
                                                    const Expression& argument,
                                                    bool allows_distinct) {
  if (argument.is<Call>()) {
    if (context_.interval.is_zero()) {
      return refuse(std::string(name) + " aggregate requires a GROUP BY interval");
    }
    return allows_distinct ? compile_nested(argument) : compile(argument);
  }
  if (!context_.interval.is_zero() && !context_.inherits_interval) {
    return refuse("aggregate function required inside the call to " + std::string(name));
  }
  return compile_symbol(name, argument);
}

Result<void> FieldCompiler::compile_transform(const Call& call) {
  const bool takes_unit = call.name == "derivative" || call.name == "non_negative_derivative" ||
                          call.name == "elapsed";
  const size_t count = call.arguments.size();
  if (count < 1 || count > (takes_unit ? 2u : 1u)) {
    return refuse(wrong_count(call.name, takes_unit ? at_least(1, 2) : "1", count));
  }
  if (count == 2) {
    const auto* unit = call.arguments[1].as<DurationLiteral>();
    if (unit == nullptr) {
      return refuse("second argument to " + call.name + " must be a duration, got " +
                    std::string(influx_type_name(call.arguments[1])));
    }
    if (unit->nanoseconds <= 0) {
      return refuse("duration argument must be positive, got " +
                    format_duration(unit->nanoseconds));
    }
  }
  facts_.only_selectors = false;
  facts_.extra_windows = std::max<int64_t>(facts_.extra_windows, 1);
  return compile_transform_input(call.name, call.arguments[0], true);
}

Result<void> FieldCompiler::compile_moving_average(const Call& call) {
  if (call.arguments.size() != 2) {
    return refuse(wrong_count("moving_average", "2", call.arguments.size()));
  }
  const auto* size = call.arguments[1].as<IntegerLiteral>();
  if (size == nullptr) {
    return refuse("second argument for moving_average must be an integer, got " +
                  std::string(influx_type_name(call.arguments[1])));
  }
  if (size->value <= 1) {
    return refuse("moving_average window must be greater than 1, got " +
                  std::to_string(size->value));
  }
  facts_.only_selectors = false;
  facts_.extra_windows = std::max(facts_.extra_windows, size->value);
  return compile_transform_input("moving_average", call.arguments[0], true);
}

Result<void> FieldCompiler::compile_technical(const Call& call) {
  const bool is_chande = call.name == "chande_momentum_oscillator";
  const size_t most = is_one_of(call.name, kKaufmans) ? 3 : 4;
  const size_t count = call.arguments.size();
  if (count < 2 || count > most) return refuse(wrong_count(call.name, at_least(2, most), count));
  const auto* period = call.arguments[1].as<IntegerLiteral>();
  if (period == nullptr) return refuse(call.name + " period must be an integer");
  if (period->value < 1) return refuse(call.name + " period must be greater than or equal to 1");
  if (count >= 3) {
    const auto* hold = call.arguments[2].as<IntegerLiteral>();
    if (hold == nullptr) return refuse(call.name + " hold period must be an integer");
    const int64_t least = call.name == "triple_exponential_derivative" ? 1 : 0;
    if (hold->value < least && hold->value != -1) {
      return refuse(call.name + " hold period must be greater than or equal to " +
                    std::to_string(least));
    }
  }
  if (count >= 4) {
    const auto* warmup = call.arguments[3].as<StringLiteral>();
    if (warmup == nullptr) return refuse(call.name + " warmup type must be a string");
    if (warmup->value != "exponential" && warmup->value != "simple" &&
        !(is_chande && warmup->value == "none")) {
      return refuse(call.name + " warmup type must be one of: " +
                    (is_chande ? "'none' " : "") + "'exponential' 'simple'");
    }
  }
  facts_.only_selectors = false;
  facts_.extra_windows = std::max(facts_.extra_windows, period->value);
  return compile_transform_input(call.name, call.arguments[0], false);
}

Result<void> FieldCompiler::compile_integral(const Call& call) {
  const size_t count = call.arguments.size();
  if (count < 1 || count > 2) return refuse(wrong_count("integral", at_least(1, 2), count));
  if (count == 2) {
    const auto* unit = call.arguments[1].as<DurationLiteral>();
    if (unit == nullptr) return refuse("second argument must be a duration");
    if (unit->nanoseconds <= 0) {
      return refuse("duration argument must be positive, got " +
                    format_duration(unit->nanoseconds));
    }
  }
  facts_.only_selectors = false;
  return compile_symbol("integral", call.arguments[0]);
}

Result<void> FieldCompiler::compile_holt_winters(const Call& call) {
  if (call.arguments.size() != 3) {
    return refuse(wrong_count(call.name, "3", call.arguments.size()));
  }
  const auto* count = call.arguments[1].as<IntegerLiteral>();
  if (count == nullptr) {
    return refuse("expected integer argument as second arg in " + call.name);
  }
  if (count->value <= 0) {
    return refuse("second arg to " + call.name + " must be greater than 0, got " +
                  std::to_string(count->value));
  }
  const auto* season = call.arguments[2].as<IntegerLiteral>();
  if (season == nullptr) {
    return refuse("expected integer argument as third arg in " + call.name);
  }
  if (season->value < 0) {
    return refuse("third arg to " + call.name + " cannot be negative, got " +
                  std::to_string(season->value));
  }
  facts_.only_selectors = false;
  if (!call.arguments[0].is<Call>()) {
    return refuse("must use aggregate function with " + call.name);
  }
  if (context_.interval.is_zero()) {
    return refuse(call.name + " aggregate requires a GROUP BY interval");
  }
  return compile_nested(call.arguments[0]);
}

}  // namespace varve::influxql
