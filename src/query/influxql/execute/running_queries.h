// SPDX-License-Identifier: Apache-2.0
// What runs at the moment: to be listed, and to be stopped by number.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"

namespace varve::influxql {

/// Threads: every member is safe anywhere.
class RunningQueries {
 public:
  struct Query {
    uint64_t id = 0;
    std::string text;  ///< As it was sent, passwords included: redact it before it is shown.
    std::string database;
    int64_t begin_steady_ns = 0;
    bool is_killed = false;
  };

  /// Why a query was stopped before its end.
  enum class Stop : uint8_t {
    kNone,    ///< It was not, or its client went away.
    kKilled,  ///< By its number.
    kLate,    ///< Its time was over.
  };

  /// A query is listed as long as its ticket lives, which the list outlives.
  class Ticket {
   public:
    Ticket(RunningQueries& queries, uint64_t id) : queries_(queries), id_(id) {}
    ~Ticket() { queries_.end(id_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    Stop stop() const { return queries_.stop_of(id_); }

   private:
    RunningQueries& queries_;
    uint64_t id_;
  };

  /// `cancel`: what to set to stop it. `deadline_steady_ns`: when its time is over; 0: never.
  Ticket begin(std::string text, std::string database, int64_t begin_steady_ns, CancelFlag cancel,
               int64_t deadline_steady_ns = 0);
  /// Fails with `no such query id: 7`, or `query already killed`.
  Result<void> kill(uint64_t id);
  /// Stops every query whose time is over.
  void stop_late(int64_t now_steady_ns);
  /// In order of their numbers.
  std::vector<Query> list() const;

 private:
  struct Entry {
    Query query;
    CancelFlag cancel;
    int64_t deadline_steady_ns = 0;
    bool is_late = false;
  };

  void end(uint64_t id);
  Stop stop_of(uint64_t id) const;

  mutable Mutex mutex_;
  uint64_t id_last_ GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Entry> running_ GUARDED_BY(mutex_);
};

}  // namespace varve::influxql
