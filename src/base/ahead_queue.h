// SPDX-License-Identifier: Apache-2.0
// Between one thread that makes things ahead and one that uses them: who makes them waits when
// enough of them wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace varve {

/// Threads: push() and close() belong to the maker, pop() and abandon() to the user.
template <class T>
class AheadQueue {
 public:
  /// Items that wait weigh so much and the last one at most.
  explicit AheadQueue(size_t weight_max) : weight_max_(weight_max) {}

  /// Waits for room. False when nobody will take the item.
  bool push(T item, size_t weight) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return abandoned_ || weight_ < weight_max_; });
      if (abandoned_) return false;
      weight_ += weight;
      items_.emplace_back(std::move(item), weight);
    }
    filled_.notify_one();
    return true;
  }
  /// No item will come any more.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_one();
  }

  /// Waits for an item; nothing when the queue is closed and empty.
  std::optional<T> pop() {
    std::optional<T> item;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
      if (items_.empty()) return item;
      item.emplace(std::move(items_.front().first));
      weight_ -= items_.front().second;
      items_.pop_front();
    }
    room_.notify_one();
    return item;
  }
  /// Nothing will be taken any more.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
    }
    room_.notify_one();
  }

 private:
  const size_t weight_max_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<std::pair<T, size_t>> items_;
  size_t weight_ = 0;
  bool closed_ = false;
  bool abandoned_ = false;
};

}  // namespace varve
