// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/late_queries.h"

#include <chrono>

namespace varve::influxql {
namespace {

// How much later than its time a query may be told.
constexpr std::chrono::milliseconds kInterval{50};

}  // namespace

LateQueries::LateQueries(RunningQueries& queries, const Clock& clock)
    : queries_(queries), clock_(clock), thread_("query-timeout", [this] { run(); }) {}

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
    wake_.wait_for(lock, kInterval, [this] { return is_stopping_; });
  }
}

}  // namespace varve::influxql
