// SPDX-License-Identifier: Apache-2.0
// So many requests a second, and no more: a bucket that holds a second's worth.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/mutex.h"

namespace varve::influx {

/// Threads: safe anywhere.
class RateLimit {
 public:
  /// 0: no limit.
  explicit RateLimit(uint64_t requests_per_second)
      : rate_(static_cast<double>(requests_per_second)), left_(rate_) {}

  /// Takes one request's place; false when there is none. `steady_ns` never goes back.
  bool try_take(int64_t steady_ns) {
    if (rate_ == 0) return true;
    const MutexLock lock(mutex_);
    const double seconds = static_cast<double>(std::max<int64_t>(0, steady_ns - filled_ns_)) / 1e9;
    left_ = std::min(rate_, left_ + seconds * rate_);
    filled_ns_ = std::max(filled_ns_, steady_ns);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const double rate_;
  Mutex mutex_;
  double left_ GUARDED_BY(mutex_);
  int64_t filled_ns_ GUARDED_BY(mutex_) = 0;
};

}  // namespace varve::influx
