// SPDX-License-Identifier: Apache-2.0
// What was found damaged since the start, one sentence each; and whether writes go through.
// Threads: safe anywhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

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

  void flush_failed(const Error& error) {
    const MutexLock lock(mutex_);
    flush_error_ = error;
  }
  void flush_ended_well() {
    const MutexLock lock(mutex_);
    flush_error_.reset();
  }
  /// Of the last flush.
  std::optional<Error> flush_error() const {
    const MutexLock lock(mutex_);
    return flush_error_;
  }

 private:
  mutable Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_);
  std::optional<Error> flush_error_ GUARDED_BY(mutex_);
};

}  // namespace varve::engine
