// SPDX-License-Identifier: Apache-2.0
// Moments written as text: '2020-01-01', '2020-01-01 00:00:10.5', '2020-01-01T00:00:00Z'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/query_result.h"

namespace varve::influxql {

/// A moment that may lie outside what int64 nanoseconds can say.
struct Moment {
  int64_t seconds = 0;  ///< Since 1970 UTC.
  int32_t nanoseconds = 0;

  /// Saturated at the ends of int64.
  int64_t to_ns() const;
  /// RFC 3339 without a fraction, in UTC.
  std::string to_string() const;
};

/// True when the text begins as a date does (dddd-dd-dd): then it is meant as a time.
bool looks_like_time(std::string_view text);

/// Nothing when the text is no time. A text without a zone is read in `zone` (null: UTC).
std::optional<Moment> parse_time(std::string_view text, const TimeZone* zone);

}  // namespace varve::influxql
