// SPDX-License-Identifier: Apache-2.0
// What waits for a shard's writer thread: writes, bounded in number and bytes, and a few tasks of
// the shard itself, which are always taken.
// Threads: safe anywhere; one taker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "store/store.h"

namespace varve::engine {

struct WriteTask {
  WriteRequest request;
  WriteDone done;
  size_t size_bytes = 0;
  /// Set: a task of the shard; the rest is empty.
  std::function<void()> run;
};

class WriteQueue {
 public:
  WriteQueue(size_t requests_max, size_t bytes_max)
      : requests_max_(requests_max), bytes_max_(bytes_max) {}

  enum class Push : uint8_t { kTaken, kFull, kClosed };
  /// The task is left as it was unless it is taken. One write is taken whatever its size when
  /// nothing else waits.
  Push push(WriteTask& task) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Push::kClosed;
      if (!task.run) {
        const bool full = requests_ >= requests_max_ || bytes_ + task.size_bytes > bytes_max_;
        if (requests_ > 0 && full) return Push::kFull;
        ++requests_;
        bytes_ += task.size_bytes;
      }
      tasks_.push_back(std::move(task));
    }
    not_empty_.notify_one();
    return Push::kTaken;
  }

  /// Waits for tasks, at most `wait_ns` (negative: without end), then takes them all. `closed` is
  /// set when none will come.
  std::vector<WriteTask> pop_all(int64_t wait_ns, bool& closed) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return closed_ || !tasks_.empty(); };
    if (wait_ns < 0) {
      not_empty_.wait(lock, ready);
    } else {
      not_empty_.wait_for(lock, std::chrono::nanoseconds(wait_ns), ready);
    }
    requests_ = 0;
    bytes_ = 0;
    closed = closed_ && tasks_.empty();
    return std::exchange(tasks_, {});
  }

  /// Refuses what comes; what waits can still be taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
  }

  /// Empties the queue without doing anything about it.
  std::vector<WriteTask> take_all() {
    const std::lock_guard lock(mutex_);
    requests_ = 0;
    bytes_ = 0;
    return std::exchange(tasks_, {});
  }

 private:
  const size_t requests_max_;
  const size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::vector<WriteTask> tasks_;
  size_t requests_ = 0;
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace varve::engine
