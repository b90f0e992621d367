// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/compile.h"

#include <algorithm>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/plan/compile_field.h"
#include "query/influxql/plan/fold.h"
#include "query/influxql/plan/math_function.h"
#include "query/influxql/plan/time_literal.h"
#include "query/influxql/plan/time_zone.h"
#include "query/influxql/token.h"

namespace varve::influxql {
namespace {

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

// From year 1 to 1970: what Go's Truncate counts from. It does not fit 64 bits of nanoseconds.
constexpr int64_t kSecondsBefore1970 = 62'135'596'800;

// The time since the last multiple of the interval, counted from year 1.
int64_t since_multiple(int64_t ns, int64_t every_ns) {
  const __int128 total = static_cast<__int128>(kSecondsBefore1970) * 1'000'000'000 + ns;
  return static_cast<int64_t>(((total % every_ns) + every_ns) % every_ns);
}

class Compiler {
 public:
  Compiler(int64_t now_ns, bool is_subquery) : now_ns_(now_ns), is_subquery_(is_subquery) {}

  Result<CompiledSelect> run(const SelectStatement& select, const CompiledSelect* parent) {
    compiled_.select = select;
    TRY_VOID(preprocess(parent));
    TRY_VOID(compile_fields());
    TRY_VOID(validate_fields());
    TRY_VOID(compile_sources());
    rewrite_distinct();
    return std::move(compiled_);
  }

 private:
  SelectStatement& select() { return compiled_.select; }

  FoldContext fold_context() {
    return {.now_ns = now_ns_, .zone = zone_, .folds_math = false};
  }

  Result<void> preprocess(const CompiledSelect* parent) {
    if (!select().time_zone.empty()) zone_ = find_time_zone(select().time_zone);
    const SplitCondition split = TRY(split_condition(select().condition, fold_context()));
    if (split.condition) TRY_VOID(validate_condition(*split.condition));
    TRY_VOID(compile_dimensions());
    if (is_subquery_ && select().condition) {
      FoldContext context = fold_context();
      context.folds_math = true;
      select().condition = fold(*select().condition, context);
    } else {
      select().condition = split.condition;
    }
    compiled_.first_ns = split.time.first_ns.value_or(kInfluxTimeMin);
    // An aggregate by time ends now unless it says otherwise.
    compiled_.last_ns =
        split.time.last_ns.value_or(compiled_.interval.is_zero() ? kInfluxTimeMax : now_ns_);
    if (parent != nullptr) TRY_VOID(inherit(*parent));
    return {};
  }

  Result<void> inherit(const CompiledSelect& parent) {
    if (!select().sort.empty() && select().is_ascending() != parent.select.is_ascending()) {
      return refuse("subqueries must be ordered in the same direction as the query itself");
    }
    compiled_.first_ns = std::max(compiled_.first_ns, parent.first_ns);
    compiled_.last_ns = std::min(compiled_.last_ns, parent.last_ns);
    if (!parent.interval.is_zero() && compiled_.interval.is_zero()) {
      compiled_.interval = parent.interval;
      inherits_interval_ = true;
    }
    return {};
  }

  Result<void> validate_condition(const Expression& condition) {
    if (const auto* binary = condition.as<Binary>()) {
      TRY_VOID(validate_condition(*binary->left));
      return validate_condition(*binary->right);
    }
    const auto* call = condition.as<Call>();
    if (call == nullptr) return {};
    const auto function = find_math_function(call->name);
    if (!function) return refuse("invalid function call in condition: " + to_string(condition));
    // log() counts as a function of one argument here, as in InfluxDB.
    const size_t wanted = *function == MathFunction::kLog ? 1 : argument_count(*function);
    if (call->arguments.size() != wanted) {
      return refuse("invalid number of arguments for " + call->name + ", expected " +
                    std::to_string(wanted) + ", got " + std::to_string(call->arguments.size()));
    }
    for (const Expression& argument : call->arguments) TRY_VOID(validate_condition(argument));
    return {};
  }

  Result<void> compile_dimensions() {
    for (Dimension& dimension : select().dimensions) {
      Expression folded = fold(dimension.expression, {});
      if (const auto* variable = folded.as<Variable>()) {
        if (to_lower(variable->name) == "time") {
          return refuse("time() is a function and expects at least one argument");
        }
      } else if (auto* call = folded.as<Call>()) {
        TRY_VOID(compile_time_dimension(*call));
      } else if (!folded.is<Wildcard>() && !folded.is<RegexLiteral>()) {
        return refuse("only time and tag dimensions allowed");
      }
      dimension.expression = std::move(folded);
    }
    return {};
  }

  Result<void> compile_time_dimension(Call& call) {
    if (call.name != "time") return refuse("only time() calls allowed in dimensions");
    if (call.arguments.empty() || call.arguments.size() > 2) {
      return refuse("time dimension expected 1 or 2 arguments");
    }
    const auto* duration = call.arguments[0].as<DurationLiteral>();
    if (duration == nullptr) return refuse("time dimension must have duration argument");
    if (compiled_.interval.duration_ns != 0) {
      return refuse("multiple time dimensions not allowed");
    }
    compiled_.interval.duration_ns = duration->nanoseconds;
    if (call.arguments.size() == 2) {
      compiled_.interval.offset_ns = TRY(time_offset(call.arguments[1]));
      // Later readers find the offset as a duration, whatever it was written as.
      call.arguments[1] = Expression{DurationLiteral{compiled_.interval.offset_ns}};
    }
    return {};
  }

  Result<int64_t> time_offset(const Expression& argument) {
    const int64_t every = compiled_.interval.duration_ns;
    if (const auto* offset = argument.as<DurationLiteral>()) {
      return every == 0 ? 0 : offset->nanoseconds % every;
    }
    if (const auto* call = argument.as<Call>()) {
      if (call->name != "now") return refuse("time dimension offset function must be now()");
      if (!call->arguments.empty()) {
        return refuse("time dimension offset now() function requires no arguments");
      }
      return every <= 0 ? 0 : since_multiple(now_ns_, every);
    }
    if (const auto* text = argument.as<StringLiteral>(); text && looks_like_time(text->value)) {
      if (!parse_time(text->value, zone_)) return refuse("invalid timestamp string");
      return refuse("invalid time dimension offset: " + to_string(argument));
    }
    return refuse("time dimension offset must be duration or now()");
  }

  Result<void> compile_fields() {
    context_ = {.interval = compiled_.interval,
                .inherits_interval = inherits_interval_,
                .limit = select().limit,
                .has_target = select().target.has_value()};
    std::vector<Field> kept;
    for (Field& field : select().fields) {
      const auto* variable = field.expression.as<Variable>();
      if (variable != nullptr && variable->name == "time") {
        // Time is always the first column; selecting it can only rename it.
        if (!field.alias.empty()) compiled_.time_column = field.alias;
        continue;
      }
      field.expression =
          fold(field.expression, {.now_ns = {}, .zone = nullptr, .folds_math = true});
      ++facts_.field_count;
      TRY_VOID(FieldCompiler(context_, facts_).compile(field.expression));
      kept.push_back(std::move(field));
    }
    select().fields = std::move(kept);
    compiled_.extra_windows = facts_.extra_windows;
    return {};
  }

  Result<void> validate_fields() {
    if (facts_.field_count == 0) return refuse("at least 1 non-time field must be queried");
    if (facts_.call_count > 1 && !facts_.top_or_bottom.empty()) {
      return refuse("selector function " + facts_.top_or_bottom +
                    "() cannot be combined with other functions");
    }
    if (facts_.call_count == 0) {
      if (select().fill.mode == FillMode::kNone) {
        return refuse("fill(none) must be used with a function");
      }
      if (select().fill.mode == FillMode::kLinear) {
        return refuse("fill(linear) must be used with a function");
      }
      if (!compiled_.interval.is_zero() && !inherits_interval_) {
        return refuse("GROUP BY requires at least one aggregate function");
      }
    }
    if (facts_.has_distinct && (facts_.call_count != 1 || facts_.has_plain_fields)) {
      return refuse(
          "aggregate function distinct() cannot be combined with other functions or fields");
    }
    if (facts_.has_plain_fields) {
      if (!facts_.only_selectors) {
        return refuse("mixing aggregate and non-aggregate queries is not supported");
      }
      if (facts_.call_count > 1) {
        return refuse("mixing multiple selector functions with tags or fields is not supported");
      }
    }
    return {};
  }

  Result<void> compile_sources() {
    for (Source& source : select().sources) {
      auto* subquery = std::get_if<SubQuery>(&source);
      if (subquery == nullptr) continue;
      CompiledSelect inner =
          TRY(Compiler(now_ns_, true).run(*subquery->statement, &compiled_));
      subquery->statement = std::move(inner.select);
    }
    return {};
  }

  void rewrite_distinct() {
    for (Field& field : select().fields) {
      walk_mutable(field.expression, [](Expression& part) {
        if (const auto* distinct = part.as<Distinct>()) {
          Call call{.name = "distinct", .arguments = {}};
          call.arguments.push_back(Expression{Variable{.name = distinct->name}});
          part = Expression{std::move(call)};
        }
      });
    }
  }

  int64_t now_ns_;
  bool is_subquery_;
  bool inherits_interval_ = false;
  const TimeZone* zone_ = nullptr;
  CompiledSelect compiled_;
  FieldContext context_;
  FieldFacts facts_;
};

}  // namespace

Result<CompiledSelect> compile(const SelectStatement& select, int64_t now_ns) {
  return Compiler(now_ns, false).run(select, nullptr);
}

Interval group_by_window(const SelectStatement& select) {
  for (const Dimension& dimension : select.dimensions) {
    const auto* call = dimension.expression.as<Call>();
    if (call == nullptr || call->arguments.empty()) continue;
    const auto* duration = call->arguments[0].as<DurationLiteral>();
    if (duration == nullptr || duration->nanoseconds <= 0) continue;
    Interval interval{.duration_ns = duration->nanoseconds, .offset_ns = 0};
    if (call->arguments.size() == 2) {
      if (const auto* offset = call->arguments[1].as<DurationLiteral>()) {
        interval.offset_ns = offset->nanoseconds % interval.duration_ns;
      }
    }
    return interval;
  }
  return {};
}

}  // namespace varve::influxql
