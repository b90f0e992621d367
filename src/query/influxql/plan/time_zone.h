// SPDX-License-Identifier: Apache-2.0
// Time zones by their IANA names, from the system's tz database.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/query_result.h"

namespace varve::influxql {

/// Null when there is no such zone. "UTC" and "Local" are known, too. A zone lives as long as the
/// process. Threads: safe anywhere, the zones as well.
const TimeZone* find_time_zone(std::string_view name);

/// The offset of a zone (null: UTC) at that moment, in nanoseconds east of UTC.
inline int64_t zone_offset_ns(const TimeZone* zone, int64_t utc_ns) {
  return zone == nullptr ? 0 : zone->offset_seconds(utc_ns) * int64_t{1'000'000'000};
}

/// Seconds since 1970 of a wall clock in the zone (null: UTC) to those of UTC. A wall time that a
/// clock change skips or repeats becomes one of the two possible moments.
int64_t wall_to_utc_seconds(const TimeZone* zone, int64_t wall_seconds);

}  // namespace varve::influxql
