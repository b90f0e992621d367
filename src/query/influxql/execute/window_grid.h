// SPDX-License-Identifier: Apache-2.0
// Numbers the windows of a stretch of time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/partial_state.h"
#include "model/time_range.h"
#include "query/influxql/execute/run_options.h"

namespace varve::influxql {

class WindowGrid {
 public:
  /// The windows that hold the times of `extent`. Requires an extent that is not empty.
  WindowGrid(const RunOptions& options, TimeRange extent);

  /// Never 0. May be far more than memory could hold states for.
  uint64_t count() const { return count_; }
  /// What a row of that window carries as its time.
  int64_t time_of(uint64_t window) const;

  /// Calls take(window, begin, end) for every stretch of rows of one window. Requires rising times
  /// inside the extent.
  template <class Take>
  void split(std::span<const int64_t> times_ns, Take&& take) const {
    if (times_ns.empty()) return;
    if (every_ns_ == 0) {
      take(uint64_t{0}, size_t{0}, times_ns.size());
    } else if (!edges_ns_.empty()) {
      split_by_edges(times_ns, edges_ns_, take);
    } else {
      split_by_window(times_ns, origin_ns_, every_ns_, take);
    }
  }

 private:
  int64_t every_ns_ = 0;  // 0: one window.
  int64_t origin_ns_ = 0;
  int64_t first_time_ns_ = 0;
  uint64_t count_ = 1;
  std::vector<int64_t> edges_ns_;  // With a zone: windows may differ in length.
};

}  // namespace varve::influxql
