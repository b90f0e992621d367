// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/late_queries.h"

#include <algorithm>

namespace varve::influxql {
namespace {

// A query may be told a hundredth of its time too late, within these bounds: an idle server sleeps.
constexpr int64_t kIntervalMin = 50'000'000;
constexpr int64_t kIntervalMax = 1'000'000'000;

}  // namespace

LateQueries::LateQueries(RunningQueries& queries, const Clock& clock, int64_t timeout_ns)
    : queries_(queries),
      clock_(clock),
      interval_(std::clamp(timeout_ns / 100, kIntervalMin, kIntervalMax)),
      thread_("query-timeout", [this] { run(); }) {}

LateQueries::~LateQueries() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LateQueries::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    queries_.stop_late(clock_.steady_ns());
    lock.lock();
    wake_.wait_for(lock, interval_, [this] { return is_stopping_; });
  }
}

}  // namespace varve::influxql
