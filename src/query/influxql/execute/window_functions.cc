// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/window_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "query/influxql/execute/interrupt.h"
#include "query/influxql/execute/merge_order.h"

namespace varve::influxql {
namespace {

/// Rows [begin, end) of the points: those of one window.
struct WindowRows {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
};

// Calls f with the cells of a column as their type.
template <class F>
auto with_cells(const ColumnView& cells, F&& f) {
  switch (cells.type) {
    case ValueType::kFloat64:
      return f(cells.as<double>());
    case ValueType::kInt64:
    case ValueType::kTimestamp:
      return f(cells.as<int64_t>());
    case ValueType::kUint64:
      return f(cells.as<uint64_t>());
    case ValueType::kBool:
      return f(cells.as<uint8_t>());
    case ValueType::kString:
    case ValueType::kBytes:
      break;
  }
  return f(cells.as<std::string_view>());
}

// For each row of a window: its place in an order, twice while that is made.
constexpr size_t kOrderRowBytes = 16;
constexpr size_t kResultRowBytes = 24;
// An entry of a set or map.
constexpr size_t kNodeBytes = 72;
// Less of a change is not worth telling.
constexpr size_t kHoldStepBytes = 256 << 10;

/// Makes the result of one call.
class WindowFunction {
 public:
  WindowFunction(const FunctionCall& call, const RunOptions& options, const Points& points,
                 bool keeps_times, StatementContext& context)
      : call_(call),
        options_(options),
        points_(points),
        values_(points.values.view()),
        keeps_times_(keeps_times),
        interrupt_(context),
        memory_(context.budget),
        result_(result_type()) {
    for (const ColumnVector& column : points.aux) result_.aux.emplace_back(column.type());
  }

  Result<Points> run() {
    size_t begin = 0;
    while (begin < points_.size()) {
      TRY_VOID(end_reason());
      const WindowRange window = options_.window(points_.times_ns[begin]);
      size_t end = begin + 1;
      while (end < points_.size() && points_.times_ns[end] >= window.begin_ns &&
             points_.times_ns[end] < window.end_ns) {
        ++end;
      }
      if (!hold((end - begin) * kOrderRowBytes)) return fail(*refused_);
      apply({begin, end});
      begin = end;
    }
    TRY_VOID(end_reason());
    return std::move(result_);
  }

 private:
  ValueType result_type() const {
    switch (call_.function) {
      case Function::kCount:
        return ValueType::kInt64;
      case Function::kMedian:
      case Function::kStddev:
        return ValueType::kFloat64;
      default:
        return points_.values.type();
    }
  }

  void apply(WindowRows rows) {
    switch (call_.function) {
      case Function::kCount:
        result_.values.append_i64(static_cast<int64_t>(rows.size()));
        return finish(rows);
      case Function::kMedian:
        return median(rows);
      case Function::kStddev:
        return stddev(rows);
      case Function::kMode:
        return mode(rows);
      case Function::kPercentile:
        return percentile(rows);
      case Function::kDistinct:
        return distinct(rows);
      case Function::kSample:
        return sample(rows);
      default:
        return top(rows);
    }
  }

  // Says how much is held beside the result; false when that is too much.
  bool hold(size_t bytes) {
    const size_t total = bytes + result_.times_ns.size() * kResultRowBytes;
    if (total < held_bytes_ + kHoldStepBytes && total + kHoldStepBytes > held_bytes_) return true;
    held_bytes_ = total;
    if (auto held = memory_.set(total); !held) refused_ = std::move(held.error());
    return !refused_.has_value();
  }
  bool is_over() { return refused_.has_value() || interrupt_.is_due(); }
  Result<void> end_reason() {
    if (refused_) return fail(*refused_);
    if (interrupt_.is_due()) return interrupt_.check();
    return {};
  }

  // The value was appended; the time of the window goes beside it.
  void finish(WindowRows rows) {
    result_.times_ns.push_back(options_.window_time(points_.times_ns[rows.begin]));
    for (ColumnVector& column : result_.aux) column.pad_to(result_.size());
  }

  // A point as a whole.
  void choose(size_t row, bool keeps_time) {
    const int64_t time_ns = points_.times_ns[row];
    result_.times_ns.push_back(keeps_time ? time_ns : options_.window_time(time_ns));
    append_cell(result_.values, values_, row);
    for (size_t i = 0; i < result_.aux.size(); ++i) {
      append_cell(result_.aux[i], points_.aux[i].view(), row);
    }
  }

  // Rows of a window by value, equal values in InfluxDB's order.
  std::vector<size_t> by_value(WindowRows rows) {
    return with_cells(values_, [&](auto cells) {
      std::vector<size_t> order = unstable_order(rows.size(), [&](size_t a, size_t b) {
        return !interrupt_.is_due() && cells[rows.begin + a] < cells[rows.begin + b];
      });
      for (size_t& row : order) row += rows.begin;
      return order;
    });
  }

  double number(size_t row) const {
    return with_cells(values_, [&](auto cells) -> double {
      if constexpr (std::is_same_v<std::decay_t<decltype(cells[0])>, std::string_view>) {
        return 0;
      } else {
        return static_cast<double>(cells[row]);
      }
    });
  }

  void median(WindowRows rows) {
    const std::vector<size_t> order = by_value(rows);
    const size_t middle = order.size() / 2;
    double value = number(order[middle]);
    if (order.size() % 2 == 0) {
      // Half of the exact difference: integers differ exactly before they become floats.
      const size_t low = order[middle - 1];
      const size_t high = order[middle];
      double difference = number(high) - number(low);
      if (values_.type == ValueType::kInt64) {
        const auto cells = values_.as<int64_t>();
        difference = static_cast<double>(static_cast<int64_t>(
            static_cast<uint64_t>(cells[high]) - static_cast<uint64_t>(cells[low])));
      }
      value = number(low) + difference / 2;
    }
    result_.values.append_f64(value);
    finish(rows);
  }

  // The sample deviation in two passes, as InfluxDB computes it; one point has none.
  void stddev(WindowRows rows) {
    double deviation = std::numeric_limits<double>::quiet_NaN();
    if (rows.size() > 1) {
      double mean = 0;
      size_t count = 0;
      for (size_t row = rows.begin; row < rows.end; ++row) {
        if (std::isnan(number(row))) continue;
        ++count;
        mean += (number(row) - mean) / static_cast<double>(count);
      }
      double variance = 0;
      for (size_t row = rows.begin; row < rows.end; ++row) {
        if (std::isnan(number(row))) continue;
        variance += (number(row) - mean) * (number(row) - mean);
      }
      deviation = std::sqrt(variance / static_cast<double>(count - 1));
    }
    result_.values.append_f64(deviation);
    finish(rows);
  }

  // The value that occurs most. Of several that occur twice or more, the one first in time; when
  // none does, the least. Source: InfluxDB 1.8, query.FloatModeReduceSlice.
  void mode(WindowRows rows) {
    const std::vector<size_t> order = by_value(rows);
    size_t best = order.front();
    if (values_.type == ValueType::kBool) {
      // The rows of false come first; they lose when there are as many of true.
      const auto cells = values_.as<uint8_t>();
      const auto first_true = std::partition_point(
          order.begin(), order.end(), [&](size_t row) { return cells[row] == 0; });
      if (order.end() - first_true >= first_true - order.begin()) best = order.back();
    } else {
      best = with_cells(values_, [&](auto cells) { return longest_run(order, cells); });
    }
    append_cell(result_.values, values_, best);
    finish(rows);
  }

  template <class Cells>
  size_t longest_run(const std::vector<size_t>& order, const Cells& cells) const {
    size_t best = order.front();
    size_t best_count = 0;
    int64_t best_time_ns = points_.times_ns[best];
    size_t run_begin = order.front();
    size_t run_count = 0;
    for (const size_t row : order) {
      if (cells[row] != cells[run_begin]) {
        run_begin = row;
        run_count = 1;
        continue;
      }
      ++run_count;
      if (best_count > run_count ||
          (best_count == run_count && points_.times_ns[run_begin] > best_time_ns)) {
        continue;
      }
      best_count = run_count;
      best = row;
      best_time_ns = points_.times_ns[row];
    }
    return best;
  }

  void percentile(WindowRows rows) {
    const double rank =
        std::floor(static_cast<double>(rows.size()) * call_.number(0) / 100.0 + 0.5) - 1;
    if (!(rank >= 0 && rank < static_cast<double>(rows.size()))) return;
    choose(by_value(rows)[static_cast<size_t>(rank)], keeps_times_);
  }

  // Each value where it is first met; of those met at one time the lesser first.
  void distinct(WindowRows rows) {
    with_cells(values_, [&](auto cells) {
      std::set<std::decay_t<decltype(cells[0])>> seen;
      std::vector<size_t> kept;
      for (size_t row = rows.begin; row < rows.end; ++row) {
        if (seen.insert(cells[row]).second) {
          kept.push_back(row);
          if (!hold(rows.size() * kOrderRowBytes + seen.size() * kNodeBytes)) return 0;
        }
        if (is_over()) return 0;
      }
      std::stable_sort(kept.begin(), kept.end(), [&](size_t a, size_t b) {
        if (interrupt_.is_due()) return false;
        return points_.times_ns[a] == points_.times_ns[b] && cells[a] < cells[b];
      });
      for (const size_t row : kept) choose(row, false);
      return 0;
    });
  }

  // A fair choice of so many points.
  void sample(WindowRows rows) {
    const auto wanted = static_cast<size_t>(call_.integer(0, 1));
    std::vector<size_t> kept;
    static thread_local std::mt19937_64 random(std::random_device{}());
    for (size_t row = rows.begin; row < rows.end; ++row) {
      if (is_over()) return;
      if (kept.size() < wanted) {
        kept.push_back(row);
        continue;
      }
      const size_t place = random() % (row - rows.begin + 1);
      if (place < wanted) kept[place] = row;
    }
    std::sort(kept.begin(), kept.end());
    for (const size_t row : kept) choose(row, true);
  }

  // True when point a is better than b for top() (bottom()): greater (less), else earlier.
  bool beats(size_t a, size_t b) const {
    return with_cells(values_, [&](auto cells) {
      if (cells[a] != cells[b]) {
        return call_.function == Function::kTop ? cells[b] < cells[a] : cells[a] < cells[b];
      }
      return points_.times_ns[a] < points_.times_ns[b];
    });
  }

  // The best rows of a window, one of each combination of tags when there are tags.
  std::vector<size_t> candidates(WindowRows rows) {
    std::vector<size_t> all(rows.size());
    std::iota(all.begin(), all.end(), rows.begin);
    if (call_.tags.empty()) return all;
    // The tags stand first beside the value.
    std::map<std::vector<std::string_view>, size_t> best;
    for (const size_t row : all) {
      std::vector<std::string_view> key;
      for (size_t i = 0; i < call_.tags.size(); ++i) {
        const ColumnView tag = points_.aux[i].view();
        key.push_back(tag.has_value(row) ? tag.as<std::string_view>()[row] : std::string_view());
      }
      const auto [entry, is_new] = best.try_emplace(std::move(key), row);
      if (!is_new && beats(row, entry->second)) entry->second = row;
      const size_t key_bytes = call_.tags.size() * sizeof(std::string_view);
      if (is_new && !hold(rows.size() * kOrderRowBytes + best.size() * (kNodeBytes + key_bytes))) {
        return {};
      }
      if (is_over()) return {};
    }
    std::vector<size_t> chosen;
    for (const auto& [key, row] : best) chosen.push_back(row);
    return chosen;
  }

  void top(WindowRows rows) {
    std::vector<size_t> chosen = candidates(rows);
    const auto wanted = static_cast<size_t>(call_.integer(0, 1));
    std::stable_sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) {
      return !interrupt_.is_due() && beats(a, b);
    });
    if (chosen.size() > wanted) chosen.resize(wanted);
    // In order of time; at one time the better first.
    std::stable_sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) {
      if (interrupt_.is_due()) return false;
      return options_.is_ascending ? points_.times_ns[a] < points_.times_ns[b]
                                   : points_.times_ns[a] > points_.times_ns[b];
    });
    for (const size_t row : chosen) choose(row, true);
  }

  const FunctionCall& call_;
  const RunOptions& options_;
  const Points& points_;
  ColumnView values_;
  bool keeps_times_;
  Interrupt interrupt_;
  MemoryClaim memory_;
  size_t held_bytes_ = 0;
  std::optional<Error> refused_;  // Why memory was.
  Points result_;
};

}  // namespace

bool is_window_function(const FunctionCall& call) {
  switch (call.function) {
    case Function::kCount:
      return call.inner.has_value();
    case Function::kMedian:
    case Function::kMode:
    case Function::kStddev:
    case Function::kPercentile:
    case Function::kDistinct:
    case Function::kSample:
    case Function::kTop:
    case Function::kBottom:
      return true;
    default:
      return false;
  }
}

Result<Points> apply_window_function(const FunctionCall& call, const RunOptions& options,
                                     const Points& points, bool keeps_times,
                                     StatementContext& context) {
  return WindowFunction(call, options, points, keeps_times, context).run();
}

Points without_nulls(Points points) {
  const ColumnView values = points.values.view();
  if (values.states == nullptr) return points;
  Points kept(points.values.type());
  for (const ColumnVector& column : points.aux) kept.aux.emplace_back(column.type());
  for (size_t row = 0; row < points.size(); ++row) {
    if (!values.has_value(row)) continue;
    kept.times_ns.push_back(points.times_ns[row]);
    append_cell(kept.values, values, row);
    for (size_t i = 0; i < points.aux.size(); ++i) {
      append_cell(kept.aux[i], points.aux[i].view(), row);
    }
  }
  return kept;
}

}  // namespace varve::influxql
