// SPDX-License-Identifier: Apache-2.0
// What was found damaged since the start, one sentence each; and whether writes go through.
// Threads: safe anywhere.
#pragma once

#include <string>
#include <vector>

#include "base/mutex.h"

namespace varve::engine {

class DamageList {
 public:
  void add(std::string sentence) {
    const MutexLock lock(mutex_);
    sentences_.push_back(std::move(sentence));
  }
  std::vector<std::string> sentences() const {
    const MutexLock lock(mutex_);
    return sentences_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> sentences_ GUARDED_BY(mutex_);
};

/// Why writes are refused; empty while they go through.
class WriteState {
 public:
  void refused(const std::string& reason) {
    const MutexLock lock(mutex_);
    reason_ = reason;
  }
  void accepted() {
    const MutexLock lock(mutex_);
    reason_.clear();
  }
  std::string reason() const {
    const MutexLock lock(mutex_);
    return reason_;
  }

 private:
  mutable Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_);
};

}  // namespace varve::engine
