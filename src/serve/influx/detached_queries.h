// SPDX-License-Identifier: Apache-2.0
// The queries that nobody waits for (async=true): each ends alone, or all of them with the server.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "store/store.h"

namespace varve::influx {

/// Threads: safe anywhere.
class DetachedQueries {
 public:
  /// What ends a query that begins now. Whoever runs it keeps it until its end.
  CancelFlag begin() {
    auto flag = std::make_shared<std::atomic<bool>>(false);
    const MutexLock lock(mutex_);
    if (is_stopped_) flag->store(true);
    std::erase_if(running_, [](const auto& other) { return other.expired(); });
    running_.emplace_back(flag);
    return flag;
  }
  /// Ends those that run, and those to come.
  void stop() {
    const MutexLock lock(mutex_);
    is_stopped_ = true;
    for (const auto& flag : running_) {
      if (const auto held = flag.lock()) held->store(true);
    }
  }

 private:
  Mutex mutex_;
  bool is_stopped_ GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<std::atomic<bool>>> running_ GUARDED_BY(mutex_);
};

}  // namespace varve::influx
