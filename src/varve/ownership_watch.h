// SPDX-License-Identifier: Apache-2.0
// Asks now and then whether the prefix of the object store is still ours, so that a server whose
// prefix was taken over acknowledges nothing more: its log is no part of what the new owner has.
// Threads: one owner.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "base/thread.h"
#include "varve/object_claim.h"

namespace varve {

class OwnershipWatch {
 public:
  /// Calls `on_loss` once, from a thread of its own, with who has it now. A store that does not
  /// answer is not a loss. The guard outlives the watch.
  OwnershipWatch(OwnershipGuard& guard, std::function<void(const Error&)> on_loss,
                 int64_t interval_ms = 2'000);
  ~OwnershipWatch();

 private:
  void run();

  OwnershipGuard& guard_;
  const std::function<void(const Error&)> on_loss_;
  const int64_t interval_ms_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  Thread thread_;
};

}  // namespace varve
