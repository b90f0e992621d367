// SPDX-License-Identifier: Apache-2.0
// The units in which clients write and read times.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace varve {

enum class TimePrecision : uint8_t {
  kNanosecond,
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour
};

/// Nanoseconds in one unit.
int64_t unit_ns(TimePrecision precision);

/// The time cut to whole units, towards the past.
int64_t floor_to_unit(int64_t time_ns, TimePrecision precision);

/// The `precision` parameter of /write: "n", "ns" or nothing, "u", "ms", "s", "m", "h".
Result<TimePrecision> parse_precision(std::string_view text);

/// The `epoch` parameter of /query: nothing means text (RFC 3339), and what is unknown means
/// nanoseconds.
std::optional<TimePrecision> parse_epoch(std::string_view text);

}  // namespace varve
