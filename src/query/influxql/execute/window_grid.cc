// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/window_grid.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// The clock of a zone changes by less than this.
constexpr int64_t kClockChangeMax = 48 * 3600 * kSecond;

}  // namespace

WindowGrid::WindowGrid(const RunOptions& options, TimeRange extent) : options_(options) {
  CHECK(!extent.empty());
  first_time_ns_ = options.window_time(extent.begin_ns);
  if (options.interval.is_zero()) return;
  unit_ns_ = options.interval.duration_ns;
  const WindowRange first = options.window(extent.begin_ns);
  int64_t last_begin_ns = options.window(extent.end_ns - 1).begin_ns;
  origin_ns_ = first.begin_ns;
  if (options.zone == nullptr) {
    // The first window may begin before time does: count back from its end.
    if (first.begin_ns == kInfluxTimeMin && first.end_ns >= kInfluxTimeMin + unit_ns_) {
      origin_ns_ = first.end_ns - unit_ns_;
    }
  } else {
    // Changes of the clock move windows by whole seconds, some to before the first of the extent.
    unit_ns_ = std::gcd(unit_ns_, kSecond);
    origin_ns_ = std::max(origin_ns_, kInfluxTimeMin + kClockChangeMax) - kClockChangeMax;
    last_begin_ns = std::min(last_begin_ns, kInfluxTimeMax - kClockChangeMax) + kClockChangeMax;
  }
  const auto span = static_cast<uint64_t>(last_begin_ns) - static_cast<uint64_t>(origin_ns_);
  count_ = span / static_cast<uint64_t>(unit_ns_) + 1;
}

int64_t WindowGrid::time_of(uint64_t window) const {
  if (options_.interval.is_zero()) return first_time_ns_;
  if (options_.zone == nullptr && window == 0) return first_time_ns_;
  return static_cast<int64_t>(static_cast<uint64_t>(origin_ns_) +
                              window * static_cast<uint64_t>(unit_ns_));
}

}  // namespace varve::influxql
