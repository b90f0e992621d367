// SPDX-License-Identifier: Apache-2.0
// A thread that runs jobs in order and, in between, what is due by itself.
// Threads: run() and wake() are safe anywhere; start() and stop() belong to the owner.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/thread.h"

namespace varve::engine {

class JobThread {
 public:
  ~JobThread() { stop(); }

  /// `idle` is called when no job waits: again at once while it gives true, else after a pause or
  /// wake(). Pauses grow while there is nothing to do. It may be null.
  void start(const std::string& name, std::function<bool()> idle) {
    idle_ = std::move(idle);
    thread_ = Thread(name, [this] { loop(); });
  }

  /// Runs what waits and ends. Later jobs are refused. May be called twice.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// Runs the job on the thread and waits for it. kCancelled once the thread is stopped.
  Result<void> run(std::function<Result<void>()> job) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto outcome = promise->get_future();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return fail(ErrorCode::kCancelled, "the store is closing");
      jobs_.push_back([promise, job = std::move(job)] { promise->set_value(job()); });
    }
    changed_.notify_one();
    return outcome.get();
  }

  /// Something may be due.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_one();
  }

 private:
  // Waking up for nothing costs some 50 us.
  static constexpr auto kPauseMin = std::chrono::milliseconds(200);
  static constexpr auto kPauseMax = std::chrono::milliseconds(800);

  void loop() {
    std::unique_lock lock(mutex_);
    auto pause = kPauseMin;
    while (!stopping_) {
      if (std::exchange(woken_, false) || !jobs_.empty()) pause = kPauseMin;
      if (!jobs_.empty()) {
        const auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
        continue;
      }
      if (idle_) {
        lock.unlock();
        const bool again = idle_();
        lock.lock();
        if (again) pause = kPauseMin;
        if (again || woken_ || !jobs_.empty() || stopping_) continue;
      }
      changed_.wait_for(lock, pause);
      pause = std::min(2 * pause, kPauseMax);
    }
    for (const auto& job : std::exchange(jobs_, {})) job();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  bool woken_ = false;
  std::function<bool()> idle_;
  Thread thread_;
};

}  // namespace varve::engine
