// SPDX-License-Identifier: Apache-2.0
// The windows of GROUP BY time(interval, offset), in a time zone.
#pragma once

#include <cstdint>

#include "model/query_result.h"

namespace varve::influxql {

struct Interval {
  int64_t duration_ns = 0;  ///< 0: no windows.
  int64_t offset_ns = 0;

  bool is_zero() const { return duration_ns <= 0; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// [begin_ns, end_ns).
struct WindowRange {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

/// The window that holds a moment. Windows are aligned to the epoch, shifted by the offset; in a
/// zone (null: UTC) to its wall clock, so that a day may have 23 or 25 hours. Saturates at the ends
/// of time: a window that would begin before InfluxDB's least time begins there.
/// Requires an interval that is not zero.
/// Source: InfluxDB 1.12, query.IteratorOptions.Window.
WindowRange window_at(const Interval& interval, const TimeZone* zone, int64_t time_ns);

}  // namespace varve::influxql
