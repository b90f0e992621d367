// SPDX-License-Identifier: Apache-2.0
// Threads for work that may wait: queries. Its queue has a bound; beyond it work is refused.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bounded_queue.h"
#include "base/thread.h"

namespace varve {

/// Threads: safe anywhere; stop() once.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  WorkerPool(std::string_view name, size_t threads, size_t jobs_waiting_max);
  ~WorkerPool();

  /// False when the queue is full or the pool has stopped.
  bool try_submit(Job job);
  /// Runs what is queued, then ends. The caller sees to it that running jobs come to an end.
  void stop();
  size_t running() const { return running_.load(std::memory_order_relaxed); }

 private:
  BoundedQueue<Job> jobs_;
  std::atomic<size_t> running_{0};
  std::vector<Thread> threads_;
};

}  // namespace varve
