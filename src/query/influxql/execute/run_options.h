// SPDX-License-Identifier: Apache-2.0
// How one SELECT runs: its own wishes and what it inherits from the SELECT around it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/influxql/plan/select_plan.h"
#include "query/influxql/plan/window.h"

namespace varve::influxql {

/// Plain values; a function that looks at more than the range changes its copy.
struct RunOptions {
  int64_t first_ns = kInfluxTimeMin;  ///< Both ends included.
  int64_t last_ns = kInfluxTimeMax;
  Interval interval;
  const TimeZone* zone = nullptr;
  bool is_ascending = true;
  /// The tags that make groups, sorted: its own and those of every SELECT around it.
  std::vector<std::string> group_by;
  /// The tags that the outermost SELECT groups by, sorted.
  std::vector<std::string> final_dimensions;
  Fill fill;
  int64_t limit = 0;
  int64_t offset = 0;
  int64_t series_limit = 0;
  int64_t series_offset = 0;

  /// The window that holds a time; without an interval the whole range.
  WindowRange window(int64_t time_ns) const;
  /// The time that a row of that window carries: its begin; 0 for a range without a begin.
  int64_t window_time(int64_t time_ns) const;
};

/// Of an outermost SELECT.
RunOptions options_of(const SelectPlan& plan);

/// Of a subquery of one that runs with `outer`. `now_ns` ends windows that nothing else ends.
/// Source: InfluxDB 1.8, query.newIteratorOptionsSubstatement.
RunOptions options_of_inner(const SelectPlan& plan, const RunOptions& outer, int64_t now_ns);

}  // namespace varve::influxql
