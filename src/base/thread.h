// SPDX-License-Identifier: Apache-2.0
// A thread that has a name and is joined.
#pragma once

#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace varve {

/// Names the calling thread for the operating system (ps, top, perf, core dumps). The system keeps
/// 15 bytes; a longer name loses its end.
void set_thread_name(std::string_view name);

/// Runs a function on a thread of its own. The destructor and assignment wait for it to return, so
/// whoever owns the thread tells it to stop first, for example by closing its queue.
/// Threads: one owner at a time. Ends the process when the system has no thread to give.
class Thread {
 public:
  Thread() = default;

  template <class Function>
  Thread(std::string_view name, Function function) noexcept
      : thread_([name = std::string(name), function = std::move(function)]() mutable {
          set_thread_name(name);
          function();
        }) {}

  Thread(Thread&& other) noexcept = default;
  Thread& operator=(Thread&& other) noexcept {
    if (this != &other) {
      join();
      thread_ = std::move(other.thread_);
    }
    return *this;
  }
  ~Thread() { join(); }

  /// Waits for the function to return; at once when there is none or it was joined before.
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Whether there is a thread that was not joined yet.
  bool joinable() const { return thread_.joinable(); }

 private:
  std::thread thread_;
};

}  // namespace varve
