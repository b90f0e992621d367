// SPDX-License-Identifier: Apache-2.0
// std::mutex with the annotations that let clang check GUARDED_BY: libstdc++ has none of its own.
// For small leaf state only; never held across I/O or a call to another room.
#pragma once

#include <mutex>

#include "base/thread_annotations.h"

namespace varve {

/// Threads: that is its purpose. Waits with std::condition_variable_any.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds the mutex for its own life.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;  // Outlives the lock.
};

}  // namespace varve
