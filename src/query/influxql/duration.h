// SPDX-License-Identifier: Apache-2.0
// Durations as InfluxQL writes them: 5m, 1h30m, 100ms, 2w.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve::influxql {

/// Nanoseconds. Units ns, u, µ, ms, s, m, h, d, w; several may follow each other. Fails with
/// "invalid duration", also for months and years, or "overflowed duration 9w: …".
/// This is the one place that decides which units there are.
Result<int64_t> parse_duration(std::string_view text);

/// The largest unit that divides it: "2w", "90m", "0s".
std::string format_duration(int64_t nanoseconds);

/// With all units of a clock: "24h0m0s". What is not whole seconds as format_duration() does.
std::string format_clock_duration(int64_t nanoseconds);

}  // namespace varve::influxql
