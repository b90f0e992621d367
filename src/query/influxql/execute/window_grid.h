// SPDX-License-Identifier: Apache-2.0
// Numbers the windows of a stretch of time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/partial_state.h"
#include "model/scan_spec.h"
#include "model/time_range.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/plan/time_zone.h"

namespace varve::influxql {

class WindowGrid {
 public:
  /// The windows that hold the times of `extent`. Requires an extent that is not empty.
  WindowGrid(const RunOptions& options, TimeRange extent);

  /// Never 0. May be far more than memory could hold states for.
  uint64_t count() const { return count_; }
  /// What a row of that window carries as its time.
  int64_t time_of(uint64_t window) const;

  /// All windows, when they are as long as each other: nothing where a clock changes.
  std::optional<Window> even_window() const {
    if (options_.interval.is_zero()) return Window{};
    if (options_.zone != nullptr) return std::nullopt;
    return Window{.every_ns = unit_ns_, .origin_ns = origin_ns_};
  }

  /// Calls take(window, begin, end) for stretches of rows of one window. Requires rising times
  /// inside the extent. Where the clock changes a window may come in several stretches.
  template <class Take>
  void split(std::span<const int64_t> times_ns, Take&& take) const {
    if (times_ns.empty()) return;
    if (options_.interval.is_zero()) {
      take(uint64_t{0}, size_t{0}, times_ns.size());
    } else if (options_.zone == nullptr) {
      split_by_window(times_ns, origin_ns_, unit_ns_, take);
    } else {
      split_by_clock(times_ns, take);
    }
  }

 private:
  // The begin of a window says which one it is; it is the same while neither the window nor the
  // offset of the zone ends.
  template <class Take>
  void split_by_clock(std::span<const int64_t> times_ns, Take&& take) const {
    const auto offset_at = [&](int64_t time_ns) {
      return zone_offset_ns(options_.zone, time_ns - options_.interval.offset_ns);
    };
    for (size_t begin = 0; begin < times_ns.size();) {
      const WindowRange window = options_.window(times_ns[begin]);
      const int64_t offset_ns = offset_at(times_ns[begin]);
      size_t end = begin + 1;
      while (end < times_ns.size() && times_ns[end] < window.end_ns &&
             offset_at(times_ns[end]) == offset_ns) {
        ++end;
      }
      take(number_of(window.begin_ns), begin, end);
      begin = end;
    }
  }
  uint64_t number_of(int64_t begin_ns) const {
    return (static_cast<uint64_t>(begin_ns) - static_cast<uint64_t>(origin_ns_)) /
           static_cast<uint64_t>(unit_ns_);
  }

  RunOptions options_;
  int64_t first_time_ns_ = 0;
  int64_t origin_ns_ = 0;
  int64_t unit_ns_ = 1;  // What window numbers count; with a zone a part of the interval.
  uint64_t count_ = 1;
};

}  // namespace varve::influxql
