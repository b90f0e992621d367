// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/run_options.h"

#include <algorithm>
#include <iterator>

namespace varve::influxql {

WindowRange RunOptions::window(int64_t time_ns) const {
  if (interval.is_zero()) return {first_ns, last_ns == INT64_MAX ? last_ns : last_ns + 1};
  return window_at(interval, zone, time_ns);
}

int64_t RunOptions::window_time(int64_t time_ns) const {
  const int64_t begin_ns = window(time_ns).begin_ns;
  return begin_ns == kInfluxTimeMin ? 0 : begin_ns;
}

RunOptions options_of(const SelectPlan& plan) {
  RunOptions options;
  options.first_ns = plan.time.first_ns.value_or(kInfluxTimeMin);
  options.last_ns = plan.time.last_ns.value_or(kInfluxTimeMax);
  options.interval = plan.interval;
  options.zone = plan.zone;
  options.is_ascending = plan.is_ascending;
  options.group_by = plan.dimensions;
  options.final_dimensions = plan.dimensions;
  options.fill = plan.fill;
  options.limit = plan.limit;
  options.offset = plan.offset;
  options.series_limit = plan.series_limit;
  options.series_offset = plan.series_offset;
  return options;
}

namespace {

// Of counts, neither negative.
int64_t sum_of(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

}  // namespace

RunOptions options_of_inner(const SelectPlan& plan, const RunOptions& outer, int64_t now_ns) {
  RunOptions options = options_of(plan);
  options.first_ns = std::max(options.first_ns, outer.first_ns);
  options.last_ns = std::min(options.last_ns, outer.last_ns);
  if (!options.interval.is_zero() && options.last_ns == kInfluxTimeMax) options.last_ns = now_ns;
  options.is_ascending = outer.is_ascending;
  options.group_by.clear();
  std::set_union(plan.dimensions.begin(), plan.dimensions.end(), outer.group_by.begin(),
                 outer.group_by.end(), std::back_inserter(options.group_by));
  options.final_dimensions = outer.final_dimensions;
  options.series_limit = sum_of(options.series_limit, outer.series_limit);
  options.series_offset = sum_of(options.series_offset, outer.series_offset);
  // What is missing would be passed over by the outer SELECT; only other fillings matter to it.
  if (!plan.calls.empty() && options.fill.mode == FillMode::kNull) {
    options.fill.mode = FillMode::kNone;
  }
  if (plan.interval.is_zero()) options.interval = outer.interval;
  return options;
}

}  // namespace varve::influxql
