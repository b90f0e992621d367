// SPDX-License-Identifier: Apache-2.0
// One thread that runs the sockets of its connections, and closes those that are late.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/thread.h"
#include "serve/http/body_pool.h"

namespace varve {

class Connection;
class Exchange;

/// Threads: post(), start(), stop() and connection_count() are safe anywhere; everything else
/// belongs to the loop's own thread.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  /// Looks for late connections that often at most, and rests while none can be late.
  /// `memory`, which outlives the loop, is asked before memory of bodies is kept; null: no limit.
  EventLoop(std::chrono::milliseconds sweep_interval, MemoryGovernor* memory);

  void start(std::string_view name);
  /// Ends the thread; connections that are left are closed.
  /// The object drops what is posted afterwards; connections share it, so that whoever still holds
  /// the right to answer may use it late.
  void stop();

  boost::asio::io_context& context() { return context_; }
  /// Runs the function on the loop's thread, later; drops it once the loop has stopped.
  template <class Function>
  void post(Function function) {
    // Under the lock, so that nothing is queued behind the last look of stop().
    const std::lock_guard lock(stopping_);
    if (!stopped_) boost::asio::post(context_, std::move(function));
  }
  size_t connection_count() const { return count_.load(); }

  void add(std::shared_ptr<Connection> connection);
  void remove(const std::shared_ptr<Connection>& connection);
  /// A connection here has that deadline now.
  void expect(Clock::time_point deadline) {
    if (deadline < sweep_at_) sweep_at(deadline);
  }
  /// A body may have come back, and is not kept for long.
  void expect_body() { expect(Clock::now() + sweep_interval_); }
  /// Idle connections close now, others after the answer they are at.
  void drain();
  void close_all();
  /// Watches for the client's going away when the request is not answered after a while: most are
  /// by then, and watching costs more than they do.
  void look_after(std::weak_ptr<Exchange> exchange);
  /// "Sun, 06 Nov 1994 08:49:37 GMT", as of this second.
  const std::string& date();
  /// Of the connections here.
  const std::shared_ptr<BodyPool>& bodies() const { return bodies_; }

 private:
  void sweep();
  /// Not before a whole interval has passed.
  void sweep_at(Clock::time_point time);
  void wait_to_look();
  void look();

  std::mutex stopping_;
  bool stopped_ = false;  // Under stopping_.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer timer_;
  const std::chrono::milliseconds sweep_interval_;
  Clock::time_point sweep_at_ = Clock::time_point::max();
  const std::shared_ptr<BodyPool> bodies_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<size_t> count_{0};
  struct Unwatched {
    Clock::time_point since;
    std::weak_ptr<Exchange> exchange;
  };
  std::deque<Unwatched> unwatched_;  // The oldest first; the timer runs while there are any.
  boost::asio::steady_timer look_timer_;
  int64_t date_seconds_ = -1;
  std::string date_;
  Thread thread_;
};

}  // namespace varve
