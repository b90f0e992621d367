// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/window.h"

#include <cstdlib>

#include "query/influxql/plan/condition.h"
#include "query/influxql/plan/time_zone.h"

namespace varve::influxql {
namespace {

int64_t add_saturating(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b < 0 ? INT64_MIN : INT64_MAX;
  return sum;
}

}  // namespace

WindowRange window_at(const Interval& interval, const TimeZone* zone, int64_t time_ns) {
  const int64_t every = interval.duration_ns;
  const int64_t time = add_saturating(time_ns, -interval.offset_ns);
  const int64_t offset = zone_offset_ns(zone, time);
  int64_t since = add_saturating(time, offset) % every;
  if (since < 0) since += every;

  int64_t begin = kInfluxTimeMin + since >= time ? kInfluxTimeMin
                                                 : add_saturating(time - since, interval.offset_ns);
  int64_t end = kInfluxTimeMax - (every - since) <= time
                    ? kInfluxTimeMax
                    : add_saturating(time + (every - since), interval.offset_ns);
  if (zone == nullptr) return {begin, end};

  // The clock may have changed inside the window: its ends follow the wall clock, unless the change
  // is as large as a window.
  const int64_t begin_shift = offset - zone_offset_ns(zone, begin);
  if (begin_shift != 0 && std::abs(begin_shift) < every) begin += begin_shift;
  const int64_t end_offset = zone_offset_ns(zone, end);
  const int64_t end_shift = offset - end_offset;
  if (end_shift != 0 && std::abs(end_shift) < every) {
    // Repeated time belongs to the window before; skipped time only when the change is in it.
    if (end_shift > 0 || zone_offset_ns(zone, end + end_shift) == end_offset) end += end_shift;
  }
  return {begin, end};
}

}  // namespace varve::influxql
