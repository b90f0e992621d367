// SPDX-License-Identifier: Apache-2.0
// Ends queries whose time is over, whatever they are doing: who works long looks at the query's
// cancel flag, and need not know of clocks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/thread.h"
#include "io/clock.h"
#include "query/influxql/execute/running_queries.h"

namespace varve::influxql {

/// Threads: one owner; has a thread of its own while it lives.
class LateQueries {
 public:
  /// Both outlive it. `timeout_ns` is what queries have: it tells how often to look.
  LateQueries(RunningQueries& queries, const Clock& clock, int64_t timeout_ns);
  ~LateQueries();

 private:
  void run();

  RunningQueries& queries_;
  const Clock& clock_;
  const std::chrono::nanoseconds interval_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // Guarded by mutex_.
  Thread thread_;             // Last: it uses all of the above.
};

}  // namespace varve::influxql
