// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/transforms.h"

#include <type_traits>
#include <utility>

#include "base/check.h"

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

template <class T>
T subtract(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return a - b;
  }
}

template <class T>
T add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

template <class T>
void append(ColumnVector& column, T value) {
  if constexpr (std::is_same_v<T, double>) column.append_f64(value);
  if constexpr (std::is_same_v<T, int64_t>) column.append_i64(value);
  if constexpr (std::is_same_v<T, uint64_t>) column.append_u64(value);
}

// Points that do not move on in time are passed over.
std::vector<size_t> advancing_rows(const Points& points) {
  std::vector<size_t> rows;
  for (size_t row = 0; row < points.size(); ++row) {
    if (rows.empty() || points.times_ns[row] != points.times_ns[rows.back()]) rows.push_back(row);
  }
  return rows;
}

template <class T>
Points derivative(const FunctionCall& call, const RunOptions& options, const Points& points) {
  const int64_t window_ns = options.interval.is_zero() ? kSecond : options.interval.duration_ns;
  const auto unit = static_cast<double>(call.integer(0, window_ns));
  const bool drops_negative = call.function == Function::kNonNegativeDerivative;
  const auto cells = points.values.view().as<T>();
  const std::vector<size_t> rows = advancing_rows(points);
  Points result(ValueType::kFloat64);
  for (size_t i = 1; i < rows.size(); ++i) {
    T change = subtract(cells[rows[i]], cells[rows[i - 1]]);
    // A fall of an unsigned number counts as a fall.
    double difference = static_cast<double>(change);
    if (std::is_same_v<T, uint64_t> && cells[rows[i]] < cells[rows[i - 1]]) {
      difference = -static_cast<double>(subtract(cells[rows[i - 1]], cells[rows[i]]));
    }
    if (drops_negative && difference < 0) continue;
    int64_t elapsed = points.times_ns[rows[i]] - points.times_ns[rows[i - 1]];
    if (!options.is_ascending) elapsed = -elapsed;
    result.times_ns.push_back(points.times_ns[rows[i]]);
    result.values.append_f64(difference / (static_cast<double>(elapsed) / unit));
  }
  return result;
}

template <class T>
Points difference(const FunctionCall& call, const Points& points) {
  const bool drops_negative = call.function == Function::kNonNegativeDifference;
  const auto cells = points.values.view().as<T>();
  const std::vector<size_t> rows = advancing_rows(points);
  Points result(points.values.type());
  for (size_t i = 1; i < rows.size(); ++i) {
    const T change = subtract(cells[rows[i]], cells[rows[i - 1]]);
    if (drops_negative && (change < T{} || (std::is_same_v<T, uint64_t> &&
                                            cells[rows[i]] < cells[rows[i - 1]]))) {
      continue;
    }
    result.times_ns.push_back(points.times_ns[rows[i]]);
    append(result.values, change);
  }
  return result;
}

template <class T>
Points moving_average(const FunctionCall& call, const Points& points) {
  const auto width = static_cast<size_t>(call.integer(0, 1));
  const auto cells = points.values.view().as<T>();
  Points result(ValueType::kFloat64);
  T sum{};
  for (size_t row = 0; row < points.size(); ++row) {
    if (row >= width) sum = subtract(sum, cells[row - width]);
    sum = add(sum, cells[row]);
    if (row + 1 < width) continue;
    result.times_ns.push_back(points.times_ns[row]);
    result.values.append_f64(static_cast<double>(sum) / static_cast<double>(width));
  }
  return result;
}

template <class T>
Points cumulative_sum(const Points& points) {
  const auto cells = points.values.view().as<T>();
  Points result(points.values.type());
  T sum{};
  for (size_t row = 0; row < points.size(); ++row) {
    sum = add(sum, cells[row]);
    result.times_ns.push_back(points.times_ns[row]);
    append(result.values, sum);
  }
  return result;
}

Points elapsed(const FunctionCall& call, const Points& points) {
  const int64_t unit_ns = call.integer(0, 1);
  Points result(ValueType::kInt64);
  for (size_t row = 1; row < points.size(); ++row) {
    result.times_ns.push_back(points.times_ns[row]);
    result.values.append_i64((points.times_ns[row] - points.times_ns[row - 1]) / unit_ns);
  }
  return result;
}

/// The area under the points by the trapezium rule, cut at the ends of windows.
class Integral {
 public:
  Integral(const FunctionCall& call, const RunOptions& options)
      : unit_(static_cast<double>(call.integer(0, kSecond))), options_(options) {}

  template <class T>
  Points run(const Points& points) {
    is_of_integers_ = std::is_integral_v<T>;
    const auto cells = points.values.view().as<T>();
    for (size_t row = 0; row < points.size(); ++row) {
      add(points.times_ns[row], static_cast<double>(cells[row]));
    }
    // A last point at the very begin of its window has no area there.
    if (has_point_ && time_ns_ != begin_ns_) emit();
    return std::move(result_);
  }

 private:
  void enter_window(int64_t time_ns) {
    const WindowRange window = options_.window(time_ns);
    begin_ns_ = options_.is_ascending ? window.begin_ns : window.end_ns;
    end_ns_ = options_.is_ascending ? window.end_ns : window.begin_ns;
    // Source: InfluxDB 1.13: only the integral of integers carries the begin of a range itself.
    if (options_.interval.is_zero() && (!is_of_integers_ || begin_ns_ == kInfluxTimeMin)) {
      begin_ns_ = 0;
    }
  }

  bool leaves_window(int64_t time_ns) const {
    if (options_.interval.is_zero() && !is_of_integers_) return false;
    return options_.is_ascending ? time_ns >= end_ns_ : time_ns <= end_ns_;
  }

  void add_area(int64_t time_ns, double value) {
    const double width = static_cast<double>(time_ns - time_ns_) / unit_;
    area_ += 0.5 * (value + value_) * width;
    time_ns_ = time_ns;
    value_ = value;
  }

  void add(int64_t time_ns, double value) {
    if (!has_point_) {
      has_point_ = true;
      time_ns_ = time_ns;
      value_ = value;
      enter_window(time_ns);
      return;
    }
    if (time_ns == time_ns_) {
      value_ = value;
      return;
    }
    double area_value = value;
    if (leaves_window(time_ns)) {
      if (time_ns_ != end_ns_) {
        const double before = value_;
        const double slope = (value - value_) / static_cast<double>(time_ns - time_ns_);
        add_area(end_ns_, value_ + slope * static_cast<double>(end_ns_ - time_ns_));
        // Source: InfluxDB 1.13, IntegerIntegralReducer: for integers, the area between the end of
        // the window and the next point goes from the point before to the value at that end.
        if (is_of_integers_) area_value = std::exchange(value_, before);
      }
      emit();
      enter_window(time_ns);
      area_ = 0;
    }
    add_area(time_ns, area_value);
    value_ = value;
  }

  void emit() {
    result_.times_ns.push_back(begin_ns_);
    result_.values.append_f64(area_);
  }

  double unit_;
  const RunOptions& options_;
  bool is_of_integers_ = false;
  bool has_point_ = false;
  int64_t time_ns_ = 0;
  double value_ = 0;
  double area_ = 0;
  int64_t begin_ns_ = 0;  // Time 0 stands for a range without a begin.
  int64_t end_ns_ = 0;
  Points result_{ValueType::kFloat64};
};

template <class T>
Points apply_typed(const FunctionCall& call, const RunOptions& options, const Points& points) {
  switch (call.function) {
    case Function::kDerivative:
    case Function::kNonNegativeDerivative:
      return derivative<T>(call, options, points);
    case Function::kDifference:
    case Function::kNonNegativeDifference:
      return difference<T>(call, points);
    case Function::kMovingAverage:
      return moving_average<T>(call, points);
    case Function::kIntegral:
      return Integral(call, options).run<T>(points);
    default:
      return cumulative_sum<T>(points);
  }
}

}  // namespace

bool is_point_function(Function function) {
  switch (function) {
    case Function::kDerivative:
    case Function::kNonNegativeDerivative:
    case Function::kDifference:
    case Function::kNonNegativeDifference:
    case Function::kMovingAverage:
    case Function::kCumulativeSum:
    case Function::kElapsed:
    case Function::kIntegral:
      return true;
    default:
      return false;
  }
}

Points apply_point_function(const FunctionCall& call, const RunOptions& options,
                            const Points& points) {
  if (call.function == Function::kElapsed) return elapsed(call, points);
  switch (points.values.type()) {
    case ValueType::kFloat64:
      return apply_typed<double>(call, options, points);
    case ValueType::kInt64:
      return apply_typed<int64_t>(call, options, points);
    case ValueType::kUint64:
      return apply_typed<uint64_t>(call, options, points);
    default:
      return Points(ValueType::kFloat64);
  }
}

}  // namespace varve::influxql
