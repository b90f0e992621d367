// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/fill_windows.h"

#include <algorithm>
#include <utility>

#include "query/influxql/plan/time_zone.h"

namespace varve::influxql {
namespace {

class Filler {
 public:
  Filler(const Points& points, const RunOptions& options, bool is_count)
      : points_(points),
        values_(points.values.view()),
        options_(options),
        mode_(options.fill.mode),
        number_(options.fill.number),
        result_(points.values.type()) {
    if (mode_ == FillMode::kNull && is_count) {
      mode_ = FillMode::kNumber;
      number_ = int64_t{0};
    }
    for (const ColumnVector& column : points.aux) result_.aux.emplace_back(column.type());
  }

  Result<Points> run(uint64_t points_max, StatementContext& context) {
    if (points_.size() == 0) return std::move(result_);
    set_range();
    // All of it is known before: better no point than most of them in vain.
    const uint64_t expected = expected_points(points_max);
    MemoryClaim memory(context.budget);
    TRY_VOID(memory.set(saturating_product(expected, point_bytes())));
    reserve(expected);
    while (next_ < points_.size() || is_inside()) {
      if (points_max > 0 && result_.size() >= points_max) break;
      if (result_.size() % 65'536 == 65'535) {
        TRY_VOID(context.check());
        TRY_VOID(memory.set(result_.size_bytes()));
      }
      step();
    }
    return std::move(result_);
  }

 private:
  void set_range() {
    const int64_t first_ns = options_.is_ascending ? options_.first_ns : options_.last_ns;
    const int64_t last_ns = options_.is_ascending ? options_.last_ns : options_.first_ns;
    time_ns_ = options_.window(first_ns).begin_ns;
    end_ns_ = options_.window(last_ns).begin_ns;
    if (time_ns_ == kInfluxTimeMin) time_ns_ = options_.window(points_.times_ns[0]).begin_ns;
    offset_ns_ = zone_offset_ns(options_.zone, time_ns_);
  }

  uint64_t expected_points(uint64_t points_max) const {
    uint64_t windows = 0;
    if (is_inside()) {
      const auto from = static_cast<uint64_t>(std::min(time_ns_, end_ns_));
      const uint64_t span = static_cast<uint64_t>(std::max(time_ns_, end_ns_)) - from;
      windows = span / static_cast<uint64_t>(options_.interval.duration_ns) + 1;
    }
    const uint64_t points = std::max<uint64_t>(windows, points_.size());
    return points_max > 0 ? std::min(points, points_max) : points;
  }
  size_t point_bytes() const {
    size_t bytes = sizeof(int64_t) + ColumnVector::cell_size_bytes(values_.type);
    for (const ColumnVector& column : result_.aux) {
      bytes += ColumnVector::cell_size_bytes(column.type());
    }
    return bytes;
  }
  static size_t saturating_product(size_t a, size_t b) {
    size_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX / 4 : product;
  }
  void reserve(size_t points) {
    result_.times_ns.reserve(points);
    result_.values.reserve(points);
    for (ColumnVector& column : result_.aux) column.reserve(points);
  }

  bool is_inside() const {
    if (is_past_time_) return false;
    return options_.is_ascending ? time_ns_ <= end_ns_
                                 : time_ns_ >= end_ns_ && end_ns_ != kInfluxTimeMin;
  }

  // One window: its point, or one made up.
  void step() {
    const bool is_missing =
        next_ >= points_.size() ||
        (is_inside() && (options_.is_ascending ? points_.times_ns[next_] > time_ns_
                                               : points_.times_ns[next_] < time_ns_));
    if (is_missing) {
      result_.times_ns.push_back(time_ns_);
      append_filling();
      for (ColumnVector& column : result_.aux) column.pad_to(result_.size());
    } else {
      result_.times_ns.push_back(points_.times_ns[next_]);
      append_cell(result_.values, values_, next_);
      for (size_t i = 0; i < result_.aux.size(); ++i) {
        append_cell(result_.aux[i], points_.aux[i].view(), next_);
      }
      previous_ = next_++;
    }
    advance();
  }

  void append_filling() {
    switch (mode_) {
      case FillMode::kNumber:
        return append_number();
      case FillMode::kPrevious:
        if (previous_) return append_cell(result_.values, values_, *previous_);
        break;
      case FillMode::kLinear:
        if (previous_ && next_ < points_.size() && values_.has_value(*previous_) &&
            values_.has_value(next_) && append_between()) {
          return;
        }
        break;
      default:
        break;
    }
    result_.values.pad_to(result_.size());
  }

  void append_number() {
    // A number becomes the column's type; text and booleans get their empty value.
    ColumnVector number(std::holds_alternative<double>(number_) ? ValueType::kFloat64
                                                                 : ValueType::kInt64);
    if (const auto* f64 = std::get_if<double>(&number_)) {
      number.append_f64(*f64);
    } else {
      number.append_i64(std::get<int64_t>(number_));
    }
    if (result_.values.type() == ValueType::kBool) {
      result_.values.append_bool(false);
    } else if (is_variable_size(result_.values.type())) {
      result_.values.append_string("");
    } else {
      append_cast(result_.values, number.view(), 0);
    }
  }

  // A point on the line between the neighbours; time counts in whole intervals.
  bool append_between() {
    const int64_t every = options_.interval.duration_ns;
    const int64_t before = points_.times_ns[*previous_] / every;
    const auto span = static_cast<double>(points_.times_ns[next_] / every - before);
    const auto along = static_cast<double>(time_ns_ / every - before);
    if (values_.type == ValueType::kFloat64) {
      const auto cells = values_.as<double>();
      const double slope = (cells[next_] - cells[*previous_]) / span;
      result_.values.append_f64(slope * along + cells[*previous_]);
      return true;
    }
    if (values_.type == ValueType::kInt64) {
      const auto cells = values_.as<int64_t>();
      const double slope = static_cast<double>(cells[next_] - cells[*previous_]) / span;
      result_.values.append_i64(
          static_cast<int64_t>(slope * along + static_cast<double>(cells[*previous_])));
      return true;
    }
    if (values_.type == ValueType::kUint64) {
      const auto cells = values_.as<uint64_t>();
      const double slope = static_cast<double>(cells[next_] - cells[*previous_]) / span;
      result_.values.append_u64(
          static_cast<uint64_t>(slope * along + static_cast<double>(cells[*previous_])));
      return true;
    }
    return false;
  }

  void advance() {
    const int64_t every = options_.interval.duration_ns;
    const bool overflows = options_.is_ascending
                               ? __builtin_add_overflow(time_ns_, every, &time_ns_)
                               : __builtin_sub_overflow(time_ns_, every, &time_ns_);
    if (overflows) is_past_time_ = true;
    if (options_.zone == nullptr || is_past_time_) return;
    // A change of the clock makes a window longer or shorter.
    const int64_t offset = zone_offset_ns(options_.zone, time_ns_ - 1);
    if (offset == offset_ns_) return;
    const int64_t change = offset_ns_ - offset;
    if (std::abs(change) < every) time_ns_ += change;
    offset_ns_ = offset;
  }

  const Points& points_;
  ColumnView values_;
  const RunOptions& options_;
  FillMode mode_;
  std::variant<int64_t, double> number_;
  Points result_;
  int64_t time_ns_ = 0;
  int64_t end_ns_ = 0;
  int64_t offset_ns_ = 0;
  bool is_past_time_ = false;
  size_t next_ = 0;
  std::optional<size_t> previous_;
};

}  // namespace

Result<Points> fill_windows(Points points, const RunOptions& options, bool is_count,
                            uint64_t points_max, StatementContext& context) {
  return Filler(points, options, is_count).run(points_max, context);
}

}  // namespace varve::influxql
