// SPDX-License-Identifier: Apache-2.0
// Time is int64 nanoseconds since 1970-01-01 UTC, in variables that end in _ns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace varve {

/// The times a row may have, both included. Source: InfluxDB 1.8, models.MinNanoTime/MaxNanoTime.
inline constexpr int64_t kTimeMin = std::numeric_limits<int64_t>::min() + 2;
inline constexpr int64_t kTimeMax = std::numeric_limits<int64_t>::max() - 1;

/// [begin_ns, end_ns). Empty when begin_ns >= end_ns.
struct TimeRange {
  int64_t begin_ns = kTimeMin;
  int64_t end_ns = kTimeMax + 1;

  bool empty() const { return begin_ns >= end_ns; }
  bool contains(int64_t time_ns) const { return time_ns >= begin_ns && time_ns < end_ns; }
  bool contains(const TimeRange& other) const {
    return other.begin_ns >= begin_ns && other.end_ns <= end_ns;
  }
  bool overlaps(const TimeRange& other) const {
    return begin_ns < other.end_ns && other.begin_ns < end_ns;
  }
  TimeRange intersect(const TimeRange& other) const {
    return {std::max(begin_ns, other.begin_ns), std::min(end_ns, other.end_ns)};
  }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

}  // namespace varve
