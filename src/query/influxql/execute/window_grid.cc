// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/window_grid.h"

#include <algorithm>

#include "base/check.h"

namespace varve::influxql {

WindowGrid::WindowGrid(const RunOptions& options, TimeRange extent) {
  CHECK(!extent.empty());
  first_time_ns_ = options.window_time(extent.begin_ns);
  if (options.interval.is_zero()) return;
  every_ns_ = options.interval.duration_ns;
  const WindowRange first = options.window(extent.begin_ns);
  const WindowRange last = options.window(extent.end_ns - 1);
  // The first window may begin before time does: count back from its end.
  origin_ns_ = first.begin_ns;
  if (options.zone == nullptr) {
    if (first.begin_ns == kInfluxTimeMin && first.end_ns >= kInfluxTimeMin + every_ns_) {
      origin_ns_ = first.end_ns - every_ns_;
    }
    const auto span = static_cast<uint64_t>(last.begin_ns) - static_cast<uint64_t>(origin_ns_);
    count_ = span / static_cast<uint64_t>(every_ns_) + 1;
    return;
  }
  edges_ns_.push_back(first.begin_ns);
  int64_t end_ns = first.end_ns;
  while (true) {
    edges_ns_.push_back(end_ns);
    if (end_ns >= extent.end_ns) break;
    // A change of the clock must not make the walk stand still.
    end_ns = std::max(options.window(end_ns).end_ns, end_ns + 1);
  }
  count_ = edges_ns_.size() - 1;
}

int64_t WindowGrid::time_of(uint64_t window) const {
  if (window == 0) return first_time_ns_;
  if (!edges_ns_.empty()) return edges_ns_[window];
  return static_cast<int64_t>(static_cast<uint64_t>(origin_ns_) +
                              window * static_cast<uint64_t>(every_ns_));
}

}  // namespace varve::influxql
