// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/running_queries.h"

#include <utility>

namespace varve::influxql {

RunningQueries::Ticket RunningQueries::begin(std::string text, std::string database,
                                             int64_t begin_steady_ns, CancelFlag cancel,
                                             int64_t deadline_steady_ns) {
  const MutexLock lock(mutex_);
  const uint64_t id = ++id_last_;
  running_.emplace(id, Entry{.query = {.id = id,
                                       .text = std::move(text),
                                       .database = std::move(database),
                                       .begin_steady_ns = begin_steady_ns},
                             .cancel = std::move(cancel),
                             .deadline_steady_ns = deadline_steady_ns});
  return {*this, id};
}

Result<void> RunningQueries::kill(uint64_t id) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) {
    return fail(ErrorCode::kNotFound, "no such query id: " + std::to_string(id));
  }
  if (std::exchange(found->second.query.is_killed, true)) {
    return fail(ErrorCode::kConflict, "query already killed");
  }
  found->second.cancel->store(true);
  return {};
}

void RunningQueries::stop_late(int64_t now_steady_ns) {
  const MutexLock lock(mutex_);
  for (auto& [id, entry] : running_) {
    if (entry.deadline_steady_ns == 0 || now_steady_ns <= entry.deadline_steady_ns) continue;
    entry.is_late = true;
    entry.cancel->store(true);
  }
}

std::vector<RunningQueries::Query> RunningQueries::list() const {
  const MutexLock lock(mutex_);
  std::vector<Query> queries;
  for (const auto& [id, entry] : running_) queries.push_back(entry.query);
  return queries;
}

void RunningQueries::end(uint64_t id) {
  const MutexLock lock(mutex_);
  running_.erase(id);
}

RunningQueries::Stop RunningQueries::stop_of(uint64_t id) const {
  const MutexLock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return Stop::kNone;
  if (found->second.query.is_killed) return Stop::kKilled;
  return found->second.is_late ? Stop::kLate : Stop::kNone;
}

}  // namespace varve::influxql
