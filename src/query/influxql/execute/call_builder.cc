// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/call_builder.h"

#include <algorithm>
#include <utility>

#include "query/influxql/execute/fill_windows.h"
#include "query/influxql/execute/holt_winters.h"
#include "query/influxql/execute/row_points.h"
#include "query/influxql/execute/technical_indicators.h"
#include "query/influxql/execute/transforms.h"
#include "query/influxql/execute/window_functions.h"

namespace varve::influxql {
namespace {

/// Points made from those of another computation.
class DerivedPoints final : public CallPoints {
 public:
  using Derive = std::function<Result<Points>(Points)>;
  DerivedPoints(std::unique_ptr<CallPoints> input, Derive derive)
      : input_(std::move(input)), derive_(std::move(derive)) {}

  Result<void> prepare() override { return input_->prepare(); }
  const std::vector<GroupKey>& groups() const override { return input_->groups(); }
  Result<Points> points(const GroupKey& group) override {
    Points points = TRY(input_->points(group));
    return derive_(without_nulls(std::move(points)));
  }

 private:
  std::unique_ptr<CallPoints> input_;
  Derive derive_;
};

/// The points of one variable, once it is known that the function can take them.
class CheckedRowPoints final : public CallPoints {
 public:
  CheckedRowPoints(std::unique_ptr<RowPoints> rows, FunctionCall call)
      : rows_(std::move(rows)), call_(std::move(call)) {}

  Result<void> prepare() override {
    TRY_VOID(rows_->prepare());
    if (rows_->has_variable()) TRY_VOID(check_argument_type(call_, call_.argument.type));
    return {};
  }
  const std::vector<GroupKey>& groups() const override { return rows_->groups(); }
  Result<Points> points(const GroupKey& group) override { return rows_->points(group); }

 private:
  std::unique_ptr<RowPoints> rows_;
  FunctionCall call_;
};

/// Points of one call of a shared pass.
class MergedPoints final : public CallPoints {
 public:
  MergedPoints(std::shared_ptr<WindowStates> states, size_t call, bool is_ascending)
      : states_(std::move(states)), call_(call), is_ascending_(is_ascending) {}

  Result<void> prepare() override { return states_->run(); }
  const std::vector<GroupKey>& groups() const override { return states_->groups(); }
  Result<Points> points(const GroupKey& group) override {
    Points rising = states_->points(group, call_);
    return is_ascending_ ? std::move(rising) : reversed(rising);
  }

 private:
  std::shared_ptr<WindowStates> states_;
  size_t call_;
  bool is_ascending_;
};

/// Points with the empty windows filled.
class FilledPoints final : public CallPoints {
 public:
  FilledPoints(std::unique_ptr<CallPoints> input, RunOptions options, bool is_count,
               uint64_t points_max, StatementContext& context)
      : input_(std::move(input)),
        options_(std::move(options)),
        is_count_(is_count),
        points_max_(points_max),
        context_(context) {}

  Result<void> prepare() override { return input_->prepare(); }
  const std::vector<GroupKey>& groups() const override { return input_->groups(); }
  Result<Points> points(const GroupKey& group) override {
    return fill_windows(TRY(input_->points(group)), options_, is_count_, points_max_, context_);
  }

 private:
  std::unique_ptr<CallPoints> input_;
  RunOptions options_;
  bool is_count_;
  uint64_t points_max_;
  StatementContext& context_;
};

std::unique_ptr<CallPoints> fill(std::unique_ptr<CallPoints> input, const FunctionCall& call,
                                 const RunOptions& options, uint64_t points_max,
                                 StatementContext& context) {
  if (options.interval.is_zero() || options.fill.mode == FillMode::kNone) return input;
  return std::make_unique<FilledPoints>(std::move(input), options,
                                        call.function == Function::kCount, points_max, context);
}

int64_t shifted(int64_t ns, int64_t by_ns) {
  int64_t sum = 0;
  if (__builtin_add_overflow(ns, by_ns, &sum)) return by_ns < 0 ? kInfluxTimeMin : kInfluxTimeMax;
  return std::clamp(sum, kInfluxTimeMin, kInfluxTimeMax);
}

}  // namespace

Result<std::unique_ptr<CallPoints>> CallBuilder::build(const FunctionCall& call,
                                                       const RunOptions& options,
                                                       uint64_t points_max) {
  if (is_mergeable(call)) return build_mergeable(call, options, points_max);
  if (is_window_function(call)) return build_window_function(call, options, points_max);
  if (is_transform(call.function) || call.function == Function::kIntegral) {
    return build_point_function(call, options);
  }
  return build_forecast(call, options);
}

std::shared_ptr<WindowStates> CallBuilder::states_for(const RunOptions& options, bool is_shared) {
  for (const Pass& pass : passes_) {
    if (is_shared && pass.first_ns == options.first_ns && pass.last_ns == options.last_ns) {
      return pass.states;
    }
  }
  auto states = std::make_shared<WindowStates>(plan_, options, context_);
  if (is_shared) passes_.push_back({options.first_ns, options.last_ns, states});
  return states;
}

Result<std::unique_ptr<CallPoints>> CallBuilder::build_mergeable(const FunctionCall& call,
                                                                 const RunOptions& options,
                                                                 uint64_t points_max) {
  // Values beside it belong to the one selector there then is.
  const std::vector<Variable> beside = plan_.is_selector ? plan_.refs : std::vector<Variable>();
  const bool keeps_times = plan_.is_selector && options.interval.is_zero();
  const auto states = states_for(options, beside.empty());
  const size_t number = states->add(call, beside, keeps_times);
  return fill(std::make_unique<MergedPoints>(states, number, options.is_ascending), call, options,
              points_max, context_);
}

Result<std::unique_ptr<CallPoints>> CallBuilder::build_input(const FunctionCall& call,
                                                             const RunOptions& options,
                                                             const std::vector<Variable>& beside,
                                                             uint64_t rows_limit) {
  if (call.inner) {
    TRY_VOID(check_argument_type(call, (*call.inner)->type));
    return build(**call.inner, options, 0);
  }
  auto rows = std::make_unique<RowPoints>(plan_, options, call.argument, beside, rows_limit,
                                          context_);
  return std::unique_ptr<CallPoints>(std::make_unique<CheckedRowPoints>(std::move(rows), call));
}

Result<std::unique_ptr<CallPoints>> CallBuilder::build_window_function(const FunctionCall& call,
                                                                       const RunOptions& options,
                                                                       uint64_t points_max) {
  std::vector<Variable> beside = call.tags;
  if (plan_.is_selector) beside.insert(beside.end(), plan_.refs.begin(), plan_.refs.end());
  uint64_t rows_limit = 0;
  const bool is_top = call.function == Function::kTop || call.function == Function::kBottom;
  if (is_top && call.tags.empty() && (options.limit > 0 || options.offset > 0)) {
    // Source: InfluxDB 1.8: the limit of such a SELECT also cuts what top() sees, one point late.
    rows_limit = static_cast<uint64_t>(options.limit) + static_cast<uint64_t>(options.offset) + 1;
  }
  const bool keeps_times = plan_.is_selector && options.interval.is_zero();
  const size_t tag_count = call.tags.size();
  auto derived = std::make_unique<DerivedPoints>(
      TRY(build_input(call, options, beside, rows_limit)),
      [call, options, keeps_times, tag_count, this_context = &context_](
          Points points) -> Result<Points> {
        Points result =
            TRY(apply_window_function(call, options, points, keeps_times, *this_context));
        // The tags were there to choose by; as columns they come again.
        result.aux.erase(result.aux.begin(),
                         result.aux.begin() + static_cast<std::ptrdiff_t>(tag_count));
        return result;
      });
  if (is_top || call.function == Function::kDistinct || call.function == Function::kSample) {
    return std::unique_ptr<CallPoints>(std::move(derived));
  }
  return fill(std::move(derived), call, options, points_max, context_);
}

Result<std::unique_ptr<CallPoints>> CallBuilder::build_point_function(const FunctionCall& call,
                                                                      RunOptions options) {
  // The first point of the range needs the one before it.
  const bool looks_back = call.function != Function::kCumulativeSum &&
                          call.function != Function::kIntegral;
  if (looks_back && !options.interval.is_zero()) {
    if (options.is_ascending) {
      options.first_ns = shifted(options.first_ns, -options.interval.duration_ns);
    } else {
      options.last_ns = shifted(options.last_ns, options.interval.duration_ns);
    }
  }
  return std::unique_ptr<CallPoints>(std::make_unique<DerivedPoints>(
      TRY(build_input(call, options, {}, 0)),
      [call, options](Points points) -> Result<Points> {
        if (is_technical(call.function)) return apply_technical(call, points);
        return apply_point_function(call, options, points);
      }));
}

Result<std::unique_ptr<CallPoints>> CallBuilder::build_forecast(const FunctionCall& call,
                                                                const RunOptions& options) {
  return std::unique_ptr<CallPoints>(std::make_unique<DerivedPoints>(
      TRY(build_input(call, options, {}, 0)),
      [call, options](Points points) -> Result<Points> {
        if (points.size() > 0 && !can_cast(points.values.type(), ValueType::kFloat64)) {
          return Points(ValueType::kFloat64);
        }
        return apply_holt_winters(call, options.interval.duration_ns, points);
      }));
}

}  // namespace varve::influxql
